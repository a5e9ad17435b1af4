"""
Makes the moves of a story in a world, writes down what was asked and how it ended, and looks after each of them.

It speaks to the World port alone and knows nothing of who thought of the story. Nothing is assumed: what a move did
stands in the history, and the oracle hears it from there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from harness.audit import AuditReport
from harness.cases.stage import Order, Stage
from harness.channels import WALLET
from harness.control import BuyerAction, NotifyDelivery
from harness.errors import ControlError
from harness.gather import audit_world, settle_world
from harness.history import History
from harness.judging import with_checks
from harness.machines.moves import BUYERS, Move, by_provider
from harness.machines.oracle import Oracle
from harness.sut.contract import Ability
from harness.verdict import Finding
from harness.world.base import Glancing, World
from harness.world.base import Move as Able

# What the gateway is asked, as the history calls it.
ASKED = frozenset({"create", "create_other", "get", "sync", "refund", "close", "withdraw", "ship", "confirm"})


class Player:
    """
    One story in one world.

    `exchanges` is how often the gateway was asked, called the provider or was notified, as far as it has been looked.
    """

    def __init__(self, world: World, *, history: History) -> None:
        self.world = world
        self.history = history
        self.oracle = Oracle()
        self.orders: list[Order] = []
        self._stages: dict[str, Stage] = {}
        self._of: list[Stage] = []
        self.exchanges = 0
        self._heard = 0
        self._met = 0
        self._down = False
        # A gateway that is dying cannot be started yet.
        self._gate = asyncio.Lock()
        self._made_by: Mapping[str, Callable[[Move], Awaitable[None]]] = {
            "open": self._open,
            "open_again": self._open_again,
            "open_other": self._open_other,
            "look": self._look,
            "sync": self._sync,
            "refund": self._refund,
            "refund_again": self._refund_again,
            "refund_over": self._refund_over,
            "close": self._end,
            "withdraw": self._end,
            "ship": self._end,
            "confirm": self._end,
            "strike": self._strike,
            "rung": self._rung,
            "deliver": self._by_hand,
            "drop": self._by_hand,
            "reorder": self._reorder,
            "copy": self._copied,
            "forge": self._copied,
            "tamper": self._copied,
            "replay": self._replay,
            "crash": self._crash,
            "down": self._die,
            "up": self._up,
            "restart": self._restart,
            "platform_down": self._platform_down,
            "advance": self._advance,
        }

    @property
    def newest(self) -> int:
        """
        The newest order that the gateway has answered, from 1; 0 without one.
        """
        known = (at for at, order in enumerate(self.orders, start=1) if order.payment is not None)
        return max(known, default=0)

    async def play(self, move: Move) -> list[Finding]:
        """
        Make one move, and say what is wrong afterwards.
        """
        await self._do(move)
        await self.world.advance(0)
        return self.look()

    def look(self) -> list[Finding]:
        """
        What is wrong just now; nothing is asked of anybody, and where the world cannot be looked into nothing is said.
        """
        while self._heard < len(self.history):
            line = self.history[self._heard]
            self.oracle.hear(line)
            self.exchanges += line.of is not None and line.kind in ASKED
            self._heard += 1
        if not isinstance(self.world, Glancing):
            return []
        seen = self.world.glance()
        self.exchanges += seen.exchanges - self._met
        self._met = seen.exchanges
        return [
            finding
            for order in self.orders
            for finding in self.oracle.findings(
                order.number, seen.payments.get(order.number), acked=order.label in seen.acked
            )
        ]

    async def judge(self, *, patience_s: float, replay: str = "") -> tuple[AuditReport, bool]:
        """
        Let the dust settle, then let everything speak: the audit, and every check.

        Returns:
            And whether it did settle.
        """
        if self._down:
            await self._up(Move(what="up"))
        settled = await settle_world(self.world, patience_s=patience_s, ours=self.ours, history=self.history)
        seed = self.world.ids.seed
        report = await audit_world(
            self.world, ours=self.ours, about=self.about, history=self.history, seed=seed, replay=replay
        )
        return with_checks(report, self.history, seed=seed, replay=replay), settled

    def ours(self, order_no: str) -> bool:
        """
        Whether a merchant's order number is of this story, and a provider stands behind it.
        """
        return any(stage.ours(order_no) for name, stage in self._stages.items() if name != WALLET)

    def about(self, label: str) -> bool:
        """
        Whether a label is of this story.
        """
        return any(stage.about(label) for stage in self._stages.values())

    # Moves

    async def _do(self, move: Move) -> None:
        if move.parts:
            await asyncio.gather(*(self._do(part) for part in move.parts))
            return
        if move.order > len(self.orders):
            return  # its order was left out, while the story was made shorter
        if move.order and not by_provider(move, self._of[move.order - 1].channel):
            return
        if move.what in BUYERS:
            await self._stage(move).act(self._order(move), BuyerAction(move.what))
        else:
            await self._made_by[move.what](move)

    def _order(self, move: Move) -> Order:
        return self.orders[move.order - 1]

    def _stage(self, move: Move) -> Stage:
        return self._of[move.order - 1]

    def _can(self, ability: Ability) -> bool:
        return ability in self.world.gateway.abilities

    async def _open(self, move: Move) -> None:
        channel = move["channel"]
        stage = self._stages.get(channel)
        if stage is None:
            stage = self._stages[channel] = Stage(self.world, channel=channel, history=self.history, name=channel)
        order = stage.order(move["amount_fen"])
        self.orders.append(order)
        self._of.append(stage)
        for fault in move.get("faults", ()):
            await self._lay(stage, order, fault)
        if move.get("paid"):
            await stage.open_while(order, BuyerAction.PAY)
        else:
            await stage.open(order, clicks=move.get("clicks", 1))

    async def _open_again(self, move: Move) -> None:
        await self._stage(move).open(self._order(move), clicks=move.get("clicks", 1))

    async def _open_other(self, move: Move) -> None:
        order = self._order(move)
        if order.payment is None:
            return  # the gateway may never have heard of the order, and then this would be the order
        await self._stage(move).open_other(order, amount_fen=order.amount_fen + move.get("more_fen", 1))

    async def _look(self, move: Move) -> None:
        await self._stage(move).look(self._order(move))

    async def _sync(self, move: Move) -> None:
        await self._stage(move).sync(self._order(move))

    async def _refund(self, move: Move) -> None:
        """In shares of a hundred."""
        if self._can(Ability.REFUND):
            order = self._order(move)
            parts_fen = [max(1, order.amount_fen * share // 100) for share in move["shares"]]
            await self._stage(move).refund(order, *parts_fen, times=move.get("times", 1))

    async def _refund_again(self, move: Move) -> None:
        if self._can(Ability.REFUND) and self._order(move).refunds:
            await self._stage(move).refund(self._order(move), again=True, times=move.get("times", 1))

    async def _refund_over(self, move: Move) -> None:
        if self._can(Ability.REFUND):
            order = self._order(move)
            await self._stage(move).refund(order, order.amount_fen + move.get("more_fen", 1))

    async def _end(self, move: Move) -> None:
        """The platform ends the order: it has no time left, or its buyer wants it so."""
        order, ask = self._order(move), getattr(self._stage(move), move.what, None)
        if ask is not None:
            await ask(order)

    async def _strike(self, move: Move) -> None:
        await self._lay(self._stage(move), self._order(move), move["fault"])

    async def _lay(self, stage: Stage, order: Order, fault: Mapping[str, Any]) -> None:
        settings = {name: value for name, value in fault.items() if name not in {"fault", "on"}}
        await stage.strike(order, fault["fault"], on=fault.get("on", "notify"), **settings)

    # Notifies by hand

    async def _known(self, move: Move, *states: str) -> list[NotifyDelivery]:
        order = self._order(move)
        number = order.payment.out_trade_no if order.payment is not None else ""
        found = [one async for one in self.world.control.notifies(provider=self._stage(move).provider)]
        mine = (one for one in found if one.label == order.label or (number and one.out_trade_no == number))
        return [one for one in mine if one.state in states]

    async def _rung(self, move: Move) -> None:
        """Time passes to the order's next delivery."""
        waiting = [one.due_at for one in await self._known(move, "pending") if one.due_at is not None]
        if waiting:
            await self._pass_until(min(waiting))

    async def _pass_until(self, moment: datetime) -> None:
        now = (await self.world.control.clock()).schedule_at
        assert now is not None
        await self._advance(Move(what="advance", told={"seconds": max(0.0, (moment - now) / timedelta(seconds=1))}))

    async def _by_hand(self, move: Move) -> None:
        """One that waits is delivered now, or lost."""
        waiting = await self._known(move, "pending")
        if waiting:
            control = self.world.control
            await self._tried(move, (control.deliver if move.what == "deliver" else control.drop)(waiting[0].id))

    async def _reorder(self, move: Move) -> None:
        """Those that wait, the last one first."""
        waiting = [one.id for one in await self._known(move, "pending")]
        if len(waiting) > 1:
            await self._tried(move, self.world.control.reorder(waiting[::-1]))

    async def _copied(self, move: Move) -> None:
        """A copy of what was told before, with a lie or without."""
        told = await self._known(move, "pending", "done")
        genuine = [one for one in told if one.kind == "true"]
        if genuine:
            one = genuine[move.get("which", 0) % len(genuine)]
            lies = {name: value for name, value in move.told.items() if name != "which"}
            await self._tried(move, self.world.control.copy(one.id, **lies))

    async def _replay(self, move: Move) -> None:
        """An old one once more, byte for byte."""
        told = [one for one in await self._known(move, "done") if one.kind in {"true", "duplicate"}]
        if told:
            await self._tried(move, self.world.control.deliver(told[move.get("which", 0) % len(told)].id))

    async def _tried(self, move: Move, doing: Awaitable[Any]) -> None:
        asked = self.history.invoke(move.what, order=self._order(move).number)
        try:
            await doing
        except ControlError as error:
            # It left by itself between the list and our hand, or its order was never opened.
            self.history.fail(asked, code=error.code)
        else:
            self.history.ok(asked)

    # The nemesis, and time

    async def _crash(self, move: Move) -> None:
        await self._die(move)
        await self._up(move)

    async def _die(self, move: Move) -> None:
        for _ in range(move.get("turns", 0)):
            await self.world.clock.sleep(0)
        async with self._gate:
            if not self._down and Able.KILL_GATEWAY in self.world.moves:
                await self.world.kill_gateway()
                self._down = True
                self.history.fact("kill", what="gateway")

    async def _up(self, move: Move) -> None:
        del move
        async with self._gate:
            if self._down:
                await self.world.restart_gateway()
                self._down = False
                self.history.fact("restart", what="gateway")

    async def _restart(self, move: Move) -> None:
        """In good order: whatever was begun is finished."""
        del move
        async with self._gate:
            if not self._down and Able.RESTART_GATEWAY in self.world.moves:
                await self.world.restart_gateway()
                self.history.fact("restart", what="gateway")

    async def _platform_down(self, move: Move) -> None:
        self.world.sink.refuse_next(move["count"])
        self.history.fact("platform_down", count=move["count"])

    async def _advance(self, move: Move) -> None:
        await self.world.advance(move["seconds"])
        self.history.fact("advance", seconds=move["seconds"])
