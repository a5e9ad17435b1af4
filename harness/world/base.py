"""
The port to a world: a simulator, a gateway under test and a merchant's sink, started and wired to each other.

Scenarios and runs speak to this alone, so that the same story plays in process with virtual time and over real
processes. It refuses to know how anything is started.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from harness.clock import Clock
from harness.control import SimulatorControl
from harness.ids import Ids
from harness.sut.contract import GatewayContract, Payment
from harness.sut.sink import MerchantSink
from harness.world.nemesis import Nemesis

# The world of virtual time; importing it brings both other rooms along, so whoever only asks for it says it by name.
IN_PROCESS = "in_process"


class Move(StrEnum):
    """What a world may be able to do to its gateway; a scenario that needs another move is NOT_RUN."""

    KILL_GATEWAY = "kill_gateway"
    RESTART_GATEWAY = "restart_gateway"
    ADVANCE = "advance"


class World(Protocol):
    """
    One running set of provider, gateway and sink.

    A world is started when it is handed over; `close` ends everything that it started.
    """

    @property
    def name(self) -> str:
        """
        `in_process`, `processes`, …
        """
        ...

    @property
    def moves(self) -> frozenset[Move]: ...

    @property
    def moment_s(self) -> float:
        """
        How far apart the moments lie at which something may be killed: nothing where a turn of the loop is a moment.
        """
        ...

    @property
    def kills_max(self) -> int:
        """
        At how many moments one case may kill the gateway, each of which costs a start.
        """
        ...

    @property
    def clock(self) -> Clock:
        """
        The gateway's clock: virtual in process, the machine's own elsewhere.
        """
        ...

    @property
    def ids(self) -> Ids: ...

    @property
    def control(self) -> SimulatorControl: ...

    @property
    def gateway(self) -> GatewayContract: ...

    @property
    def sink(self) -> MerchantSink: ...

    @property
    def nemesis(self) -> Nemesis:
        """
        Makes the moves of scenarios against the world's parts.
        """
        ...

    async def advance(self, seconds: float) -> None:
        """
        Let *seconds* pass on the provider's schedule (ladders, expiries); where the gateway shares the world's time,
        on its clock too. Comes back when everything that fell due has been delivered and answered.
        """
        ...

    async def settle(self, *, patience_s: float) -> bool:
        """
        Let the dust settle: no notify pending, the gateway idle, its webhooks delivered.

        Args:
            patience_s: how long to wait, in the world's time.

        Returns:
            False when patience ran out first; the audit then judges what there is.
        """
        ...

    async def kill_gateway(self) -> None:
        """
        As if by kill -9: nothing is flushed, nobody is told.
        """
        ...

    async def restart_gateway(self) -> None:
        """
        Start it again on the same store and the same port, and come back when it is ready.
        """
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """
    The gateway's orders and the provider's notifies as they stand this moment.

    Args:
        payments: by the merchant's order number.
        acked: the labels of which a genuine notify of the payment was acknowledged.
        exchanges: how many calls and notifies the provider has met.
    """

    payments: Mapping[str, Payment]
    acked: frozenset[str]
    exchanges: int


@runtime_checkable
class Glancing(Protocol):
    """A world that can be looked into without asking anybody, so that every step of a story can be."""

    def glance(self) -> Glance: ...
