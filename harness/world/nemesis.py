"""
What may befall the parts of a world: processes killed, restarted and paused, stores flushed, links cut and slowed.

The words of the moves and the port to whoever makes them. A world that cannot make one says why, and the story that
needs it is NOT_RUN. It refuses to know when anything is done, and why.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol


class Part(StrEnum):
    """Whatever a world consists of; `gateway` means every instance of it."""

    GATEWAY = "gateway"
    GATEWAY_1 = "gateway-1"
    GATEWAY_2 = "gateway-2"
    PROVIDER = "provider"
    POSTGRES = "postgres"
    REDIS = "redis"


class Link(StrEnum):
    """A way from the part that opens connections to the part that takes them; `provider` means each of them."""

    TO_PROVIDER = "gateway->provider"
    TO_ALIPAY = "gateway->alipay"
    TO_WECHATPAY = "gateway->wechatpay"
    TO_UNIONPAY = "gateway->unionpay"
    NOTIFIES = "provider->gateway"
    TO_POSTGRES = "gateway->postgres"
    TO_REDIS = "gateway->redis"
    TO_PLATFORM = "gateway->platform"


PROVIDER_LINKS = (Link.TO_ALIPAY, Link.TO_WECHATPAY, Link.TO_UNIONPAY)


def links_of(link: Link | None) -> tuple[Link, ...]:
    """
    The single links that *link* means; all of them for None.
    """
    if link is Link.TO_PROVIDER:
        return PROVIDER_LINKS
    return tuple(one for one in Link if one is not Link.TO_PROVIDER) if link is None else (link,)


@dataclass(frozen=True, slots=True)
class Deed:
    """
    One move.

    Args:
        verb: kill, restart, pause, resume, flush, cut, slow, reset, heal or clock.
        target: a Part, a Link, or empty where the verb says it all.
        how: further settings, which decide nothing about whether it can be done.
    """

    verb: str
    target: str = ""
    how: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def text(self) -> str:
        return f"{self.verb} {self.target}".strip()


class Nemesis(Protocol):
    """Makes moves against a world's parts."""

    def unable(self, deed: Deed) -> str:
        """
        Why this world cannot make the move, in words; empty when it can.
        """
        ...

    async def do(self, deed: Deed) -> None:
        """
        Make the move, and come back when it is made.
        """
        ...


Do = Callable[[Deed], Awaitable[None]]


class Moves:
    """
    A nemesis made of single moves, each under its text: `kill gateway`, `cut gateway->redis`.

    Args:
        world: its name, for the sentence that says what it cannot do.
        moves: what can be done, and how.
    """

    def __init__(self, world: str, moves: Mapping[str, Do]) -> None:
        self._world = world
        self._moves = dict(moves)

    def unable(self, deed: Deed) -> str:
        return "" if deed.text in self._moves else f"the {self._world} world cannot {deed.text}"

    async def do(self, deed: Deed) -> None:
        await self._moves[deed.text](deed)


def gateway_moves(
    moves: frozenset[str], *, kill: Callable[[], Awaitable[None]], restart: Callable[[], Awaitable[None]]
) -> dict[str, Do]:
    """
    The two moves that most worlds can make.

    Args:
        moves: which of `kill_gateway` and `restart_gateway` the world declares.
    """

    async def do_kill(_deed: Deed) -> None:
        await kill()

    async def do_restart(_deed: Deed) -> None:
        await restart()

    found: dict[str, Do] = {}
    if "kill_gateway" in moves:
        found["kill gateway"] = do_kill
    if "restart_gateway" in moves:
        found["restart gateway"] = do_restart
    return found
