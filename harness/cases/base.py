"""
What a case is: a short story with a name, the requirements it is for, and what it needs.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from harness.cases.stage import Stage
from harness.channels import PROVIDED
from harness.sut.contract import Ability
from harness.world.base import Move

Play = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """
    One story.

    Args:
        covers: the requirements that it puts to the test; every check judges its history all the same.
        needs, moves: what the driver and the world must be able to do.
        bounds: settings for the reference gateway in process, so that it meets its bounds; others have their own.
    """

    name: str
    covers: tuple[str, ...]
    play: Play
    channels: tuple[str, ...] = PROVIDED
    needs: frozenset[Ability] = frozenset({Ability.CREATE})
    moves: frozenset[Move] = frozenset()
    bounds: Mapping[str, int] = field(default_factory=dict)
