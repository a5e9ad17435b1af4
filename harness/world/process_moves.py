"""
What can be done to the parts of a world of processes: kill -9, restart, SIGSTOP and SIGCONT, flush.

A provider's book outlives its process, as a real one's does: it is carried over from the killed simulator to the next.
It refuses to know when anything is done.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from redis.asyncio import Redis

from harness.control import SimulatorControl
from harness.world.links import Links
from harness.world.nemesis import Deed, Do, Link, Part
from harness.world.supervisor import Supervisor

SIMULATOR_NAME = "simulator"
# Both ways between the gateway and its providers.
PROVIDERS_WAYS = (Link.TO_PROVIDER, Link.NOTIFIES)


@dataclass(slots=True, kw_only=True)
class ProcessMoves:
    """
    Args:
        gateways: the supervised names of its instances.
        database, redis: the supervised names of the stores; None for servers of the user's own.
        redis_url: where it is, without any link.
    """

    supervisor: Supervisor
    gateways: Sequence[str]
    control: SimulatorControl
    links: Links
    database: str | None = None
    redis: str | None = None
    redis_url: str = ""
    _book: bytes | None = field(default=None, init=False)

    def moves(self) -> dict[str, Do]:
        """
        All of them, under the texts of the deeds.
        """
        found: dict[str, Do] = {
            "kill provider": self._kill_provider,
            "restart provider": self._restart_provider,
            "pause provider": self._pause,
            "resume provider": self._resume,
        }
        for part in (Part.GATEWAY, Part.GATEWAY_1, Part.GATEWAY_2):
            if self._names(part):
                found |= {
                    f"kill {part}": self._kill,
                    f"restart {part}": self._restart,
                    f"pause {part}": self._pause,
                    f"resume {part}": self._resume,
                }
        if self.database is not None:
            # A paused postmaster lets its children work on: that is no story.
            found |= {"kill postgres": self._kill, "restart postgres": self._restart}
        if self.redis is not None:
            found |= {
                "kill redis": self._kill,
                "restart redis": self._restart,
                "pause redis": self._pause,
                "resume redis": self._resume,
                "flush redis": self._flush,
            }
        return found | self.links.moves()

    def _names(self, part: str) -> Sequence[str]:
        """
        The supervised processes that a part means.
        """
        known: Mapping[str, Sequence[str]] = {
            Part.GATEWAY: self.gateways,
            Part.GATEWAY_1: self.gateways[:1],
            Part.GATEWAY_2: self.gateways[1:2],
            Part.PROVIDER: (SIMULATOR_NAME,),
            Part.POSTGRES: () if self.database is None else (self.database,),
            Part.REDIS: () if self.redis is None else (self.redis,),
        }
        return known[part]

    async def _kill(self, deed: Deed) -> None:
        """
        It stays dead, even where its supervisor would start it again.
        """
        await asyncio.gather(*(self.supervisor.kill(name, stay=True) for name in self._names(deed.target)))

    async def _restart(self, deed: Deed) -> None:
        await asyncio.gather(*(self.supervisor.restart(name) for name in self._names(deed.target)))

    async def _pause(self, deed: Deed) -> None:
        for name in self._names(deed.target):
            self.supervisor.pause(name)

    async def _resume(self, deed: Deed) -> None:
        for name in self._names(deed.target):
            self.supervisor.resume(name)

    async def _flush(self, _deed: Deed) -> None:
        async with Redis.from_url(self.redis_url) as client:
            await client.flushall()

    async def _kill_provider(self, _deed: Deed) -> None:
        """
        Nobody gets through any more, in neither way, so that what the book holds is all that was ever answered or told.
        A notify that left between the reading of the book and the death would be of a payment that nobody made.
        """
        await self._providers_ways("cut")
        self._book = await self.control.snapshot()
        await self.supervisor.kill(SIMULATOR_NAME, stay=True)

    async def _restart_provider(self, deed: Deed) -> None:
        if self._book is None:
            await self._kill_provider(deed)
        assert self._book is not None
        await self.supervisor.restart(SIMULATOR_NAME)
        await self.control.restore(self._book)
        self._book = None
        await self._providers_ways("heal")

    async def _providers_ways(self, what: str) -> None:
        moves = self.links.moves()
        for deed in (Deed(what, link) for link in PROVIDERS_WAYS):
            if deed.text in moves:
                await moves[deed.text](deed)
