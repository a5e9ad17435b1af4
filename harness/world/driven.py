"""
The world of a gateway that a Python class drives: our simulator as a process, our sink, and whatever the class starts.

It refuses to know how the gateway is asked; the class does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import orjson

from harness.clock import Clock, SystemClock
from harness.errors import DriverError, HarnessError
from harness.ids import Ids, label_of
from harness.model import PAID_STATUSES
from harness.recent_control import RecentControl
from harness.sut.contract import Ability, GatewayContract
from harness.sut.python_driver import HINT, SETTLE_S, CheckedGateway, PythonDriver, Setup, made
from harness.sut.sink import MerchantSink
from harness.world.base import Move
from harness.world.foreign import ForeignWorld
from harness.world.home import Home
from harness.world.nemesis import Moves, gateway_moves
from harness.world.processes import ProcessesPlan, ProcessesWorld

# At how many moments each case of the crash family kills the gateway.
KILLS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class DrivenPlan:
    """
    Args:
        kind: the user's class.
    """

    home: Home
    run_dir: Path
    ids: Ids
    kind: type[PythonDriver]


class DrivenWorld(ForeignWorld):
    """
    World around a gateway that a class drives; made by `DrivenWorld.open`, ended by `close`.
    """

    name = "external"
    moment_s = 0.002

    def __init__(self, plan: DrivenPlan, *, clock: Clock) -> None:
        super().__init__()
        self.plan = plan
        self.clock = clock
        self.ids = plan.ids
        kind: Any = plan.kind
        mortal = hasattr(kind, "kill") and hasattr(kind, "restart")
        self.moves = frozenset({Move.KILL_GATEWAY, Move.RESTART_GATEWAY}) if mortal else frozenset()
        deeds = gateway_moves(self.moves, kill=self.kill_gateway, restart=self.restart_gateway)
        self.nemesis = Moves(self.name, deeds)
        answer = str(getattr(kind, "webhook_answer", "ok"))
        self.kills_max = int(getattr(kind, "kills", KILLS))
        self.sink = MerchantSink("", clock=clock, read=self._read, answer=(answer, "text/plain"))
        self.control: RecentControl
        self.gateway: GatewayContract
        self._checked: CheckedGateway | None = None
        self._simulator: ProcessesWorld | None = None

    @classmethod
    async def open(cls, plan: DrivenPlan, *, clock: Clock | None = None) -> Self:
        """
        Start the simulator and the sink, make the driver, and let it start its gateway.

        Raises:
            DriverError: the class cannot be made, or its gateway does not start.
        """
        world = cls(plan, clock=clock if clock is not None else SystemClock())
        try:
            await world.sink.start()
            await world._start_simulator()
            await world._start_gateway()
        except BaseException:
            await world.close()
            raise
        return world

    @property
    def settle_s(self) -> float:
        """
        How long the gateway may take to find out by itself what it was not told.
        """
        return float(getattr(self.plan.kind, "settle_s", SETTLE_S))

    async def kill_gateway(self) -> None:
        await self._do("kill")

    async def restart_gateway(self) -> None:
        await self._do("restart")

    async def close(self) -> None:
        if self._checked is not None:
            await self._do("stop")
            await self._checked.close()
        if hasattr(self, "control"):
            await self.control.close()
        if self._simulator is not None:
            await self._simulator.close()
        await self.sink.stop()

    async def _start_simulator(self) -> None:
        plan = self.plan
        fields: Mapping[str, str] = getattr(plan.kind, "label_from", {})
        env = {"PAYPROOF_PROVIDERS_LABEL_FIELDS": orjson.dumps(dict(fields)).decode()} if fields else {}
        self._simulator = await ProcessesWorld.open(
            ProcessesPlan(
                home=plan.home, run_dir=plan.run_dir, ids=plan.ids, gateway=None, simulator_env=env, strict_ports=True
            ),
            clock=self.clock,
        )
        self.control = RecentControl(self._simulator.control.url)

    async def _start_gateway(self) -> None:
        assert self._simulator is not None
        setup = Setup(
            providers=dict(self._simulator.bases),
            credentials=self.plan.home.credentials,
            sink_url=self.sink.url,
            run_dir=self.plan.run_dir.absolute(),
        )
        self._checked = made(self.plan.kind, setup)
        self.gateway = self._checked.contract
        await self._do("start")

    async def _do(self, what: str) -> None:
        """
        What the class does to its gateway; nothing where it has no such method.
        """
        driver: Any = None if self._checked is None else self._checked.driver
        act = getattr(driver, what, None)
        if act is None:
            return
        try:
            await act()
        except HarnessError:
            raise
        except Exception as error:
            told = f"{type(driver).__name__}.{what} failed: {type(error).__name__}: {error}"
            raise DriverError(told, hint=HINT) from error

    def _read(self, body: bytes) -> Mapping[str, Any] | None:
        driver: Any = None if self._checked is None else self._checked.driver
        read = getattr(driver, "read_webhook", None)
        said: Mapping[str, Any] | None = None if read is None else read(body)
        return said

    async def _unended(self) -> set[str]:
        """
        The refunds that the gateway has taken and not ended, where it can tell.
        """
        checked = self._checked
        if checked is None or Ability.GET_REFUND not in checked.abilities:
            return set()
        open_refunds = [one for one in checked.open_refunds if one.merchant_refund_no not in self._given_up]
        for refund in open_refunds:
            await checked.contract.get_refund(refund.payment_id, refund.id)
        return {one.merchant_refund_no for one in checked.open_refunds} - self._given_up

    async def _untold(self) -> set[str]:
        """
        The orders that the buyer has paid and the gateway calls paid, or open, of which the platform has not heard.
        """
        checked = self._checked
        if checked is None or Ability.WEBHOOKS not in checked.abilities:
            return set()
        heard = {event.merchant_order_no for event in self.sink.events if event.told} | self._given_up
        paid = {trade.label async for trade in self.control.trades() if trade.paid_fen}
        untold = set()
        for payment in checked.made:
            if payment.merchant_order_no not in heard and label_of(payment.merchant_order_no) in paid:
                told = (await checked.contract.get(payment.id)).value
                if told is not None and told.status in PAID_STATUSES | {"PENDING"}:
                    untold.add(payment.merchant_order_no)
        return untold

    def _numbered(self) -> CheckedGateway | None:
        return self._checked
