"""
Where stories are lived: in process with a fresh world and virtual time for each, or around a gateway of the user's.

The only part of the machines that knows how a world is made.
"""

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

from harness.channels import PROVIDED
from harness.ids import Ids
from harness.world.base import World
from harness.world.external import ExternalWorld
from harness.world.in_process import InProcessPlan, InProcessWorld
from harness.world.virtual_loop import VirtualLoop

Value = TypeVar("Value")
# The dust of one story: the longest ladder, whose sixteen rungs may each come a day late, and the gateway's own retries
# after it.
PATIENCE_S = 20 * 86_400.0
# The same in every story, so that the same story gives the same bytes.
NONCE = "story"


class InProcessGround:
    """
    A fresh loop and world for each story: nothing of one can sway another, and a second costs nothing.

    Args:
        parts: collaborators of the gateway to replace; this is how a bug is planted.
    """

    patience_s = PATIENCE_S

    def __init__(
        self,
        credentials: Path,
        *,
        seed: int,
        channels: Sequence[str] = PROVIDED,
        parts: Callable[[], Any] = dict,
    ) -> None:
        self.channels = tuple(channels)
        self._credentials = credentials
        self._seed = seed
        self._parts = parts
        self._runner: asyncio.Runner | None = None
        self._world: World | None = None

    def run(self, work: Coroutine[Any, Any, Value]) -> Value:
        """
        On the loop itself: a Runner's own `run` minds Ctrl-C anew for every step.
        """
        assert self._runner is not None
        return self._runner.get_loop().run_until_complete(work)

    def begin(self, turns: Sequence[int]) -> World:
        self._runner = asyncio.Runner(loop_factory=VirtualLoop)
        drawn = itertools.cycle(turns)
        plan = InProcessPlan(
            credentials=self._credentials,
            ids=Ids(self._seed, run_nonce=NONCE),
            parts=self._parts(),
            scheduling_point=lambda _place: next(drawn),
            near=True,
        )
        self._world = self.run(InProcessWorld.open(plan))
        return self._world

    def end(self) -> None:
        runner, world = self._runner, self._world
        self._runner = self._world = None
        if runner is None:
            return
        try:
            if world is not None:
                runner.get_loop().run_until_complete(world.close())
        finally:
            runner.close()


class OutsideGround:
    """
    One world around a gateway of the user's, in real time; stories follow each other in it, each with its own orders.
    """

    def __init__(
        self, runner: asyncio.Runner, world: ExternalWorld, *, channels: Sequence[str] = (), patience_s: float
    ) -> None:
        self.channels = tuple(channels) or world.gateway.channels
        self.patience_s = patience_s
        self._runner = runner
        self._world = world

    def run(self, work: Coroutine[Any, Any, Value]) -> Value:
        return self._runner.get_loop().run_until_complete(work)

    def begin(self, turns: Sequence[int]) -> World:
        del turns  # where its statements interleave is its own affair
        self.run(self._world.control.put_faults([]))
        return self._world

    def end(self) -> None:
        """
        The next story brings its own orders; this one's do not concern it.
        """
