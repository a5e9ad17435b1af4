"""
What a case can do: open, pay, refund, strike, kill, wait; everything recorded as it ends, nothing assumed.

One vocabulary for every case and channel. It refuses to judge: the checks read what it wrote.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import Any

from harness.channels import provider_of
from harness.clock import BEIJING
from harness.control import BuyerAction
from harness.errors import ControlError
from harness.facts import acked, reached
from harness.history import History
from harness.ids import label_of
from harness.sut.contract import Ability, BadSeal, NewPayment, Outcome, Payment, Reconciled, Refund, Reply
from harness.wire import GLOBS
from harness.world.base import World

# A gateway may accept an order and open it at the provider a little later.
OPENING_WAITS_S = (0.05, 0.2, 0.8, 3.0, 6.0, 12.0)

RUNGS = {"alipay": 8, "wechatpay": 16, "unionpay": 5}


@dataclass(slots=True)
class Order:
    """
    One order of a case.

    Args:
        text: what the buyer reads, beside the label.
        channel: over what it is paid, where that is not the case's own channel.
    """

    label: str
    number: str
    amount_fen: int
    text: str = "tip"
    channel: str = ""
    payment: Payment | None = None
    refunds: list[tuple[str, int]] = field(default_factory=list)


Do = Callable[[Order], Awaitable[None]]


class Stage:
    """
    One case's world, channel and history.

    Args:
        name: what its fault rules are called after.
    """

    def __init__(self, world: World, *, channel: str, history: History, name: str = "case") -> None:
        self.world = world
        self.channel = channel
        self.provider = provider_of(channel)
        self.history = history
        self._name = name
        self._rules = 0
        self._labels: set[str] = set()

    def about(self, label: str) -> bool:
        """
        Whether a label is of this case.
        """
        return label in self._labels

    def ours(self, order_no: str) -> bool:
        """
        Whether a merchant's order number is of this case, in this run.
        """
        return self.world.ids.ours(order_no) and self.about(label_of(order_no) or "")

    # The merchant

    def order(self, amount_fen: int = 990, *, text: str = "tip", channel: str = "") -> Order:
        """
        A new order, of which nobody has heard yet.
        """
        label = self.world.ids.next_label()
        self._labels.add(label)
        number = self.world.ids.order_no(label)
        return Order(label=label, number=number, amount_fen=amount_fen, text=text, channel=channel)

    def numbered_like(self, order: Order) -> str:
        """
        A number that differs from the order's in upper and lower case only.
        """
        return order.number.replace(order.label, order.label.upper())

    @property
    def elsewhere(self) -> str:
        """
        A channel of another provider's over which the gateway can be paid too; empty where there is none.
        """
        others = (name for name in self.world.gateway.channels if provider_of(name) not in {"", self.provider})
        return next(others, "")

    async def open(self, order: Order, *, clicks: int = 1) -> None:
        """
        Ask the gateway for the order, *clicks* times at the same moment, until it has something to pay with.
        """
        await asyncio.gather(*(self._create(order) for _ in range(clicks)))
        for wait_s in OPENING_WAITS_S:
            if order.payment is None or order.payment.qr_code is not None or order.payment.status != "PENDING":
                break
            await self.world.clock.sleep(wait_s)
            reply = await self.world.gateway.get(order.payment.id)
            order.payment = reply.value or order.payment
        if order.payment is not None and order.payment.qr_code is not None:
            self.history.fact("code", order=order.number, code=order.payment.qr_code)
        await self.world.advance(0)

    async def opened(self, amount_fen: int = 990) -> Order:
        """
        A new order, open.
        """
        order = self.order(amount_fen)
        await self.open(order)
        return order

    async def open_other(self, order: Order, *, amount_fen: int) -> None:
        """
        Ask for the same order number with another amount.
        """
        asked = self.history.invoke("create_other", order=order.number, amount_fen=amount_fen)
        self._end(asked, await self.world.gateway.create(self._wanted(order, amount_fen)))

    async def open_elsewhere(self, order: Order, channel: str) -> None:
        """
        Ask for the same order number over another channel; a gateway may refuse it, or let the buyer change over.
        """
        asked = self.history.invoke("create_elsewhere", order=order.number, channel=channel)
        wanted = replace(self._wanted(order, order.amount_fen), channel=channel)
        self._end(asked, await self.world.gateway.create(wanted))
        await self.world.advance(0)

    async def ask_badly_signed(self, order: Order, seal: BadSeal) -> None:
        """
        Ask for the order by a request that is signed badly.
        """
        asked = self.history.invoke(
            "create_badly_signed", order=order.number, seal=seal.value, amount_fen=order.amount_fen
        )
        wanted = self._wanted(order, order.amount_fen)
        self._end(asked, await self.world.gateway.create_badly_signed(wanted, seal=seal))
        await self.world.advance(0)

    async def ask(self, order: Order) -> None:
        """
        Ask for the order once, and take what is said for an answer.
        """
        await self._create(order)

    async def close(self, order: Order, *, times: int = 1, turns: int = 0) -> None:
        """
        Ask the gateway to close the order, *times* times at the same moment, after so many turns of the loop.
        """
        for _ in range(turns):
            await self.world.clock.sleep(0)
        await asyncio.gather(*(self._close(order) for _ in range(times)))

    async def refund(self, order: Order, *amounts_fen: int, again: bool = False, times: int = 1) -> None:
        """
        Ask for refunds, all at the same moment.

        Args:
            again: the last refund once more, under its own number.
            times: each of them so often.
        """
        wanted = order.refunds[-1:] if again else [self._refund_of(order, fen) for fen in amounts_fen]
        questions = [self._refund(order, number, fen) for number, fen in wanted for _ in range(times)]
        await asyncio.gather(*questions)
        await self.world.advance(0)

    async def refund_other(self, order: Order) -> None:
        """
        Ask for the last refund again, under its number, over another amount.
        """
        if order.payment is None or not order.refunds:
            return
        number, amount_fen = order.refunds[-1]
        asked = self.history.invoke("refund_other", order=order.number, refund_no=number, amount_fen=amount_fen + 1)
        gateway = self.world.gateway
        self._end(asked, await gateway.refund(order.payment.id, merchant_refund_no=number, amount_fen=amount_fen + 1))

    async def look(self, order: Order) -> None:
        """
        Read the order from the gateway.
        """
        if order.payment is not None:
            asked = self.history.invoke("get", order=order.number)
            reply = await self.world.gateway.get(order.payment.id)
            order.payment = reply.value or order.payment
            self._end(asked, reply)

    async def sync(self, order: Order) -> None:
        """
        Let the gateway ask the channel, where it can be told to.
        """
        if order.payment is not None and Ability.SYNC in self.world.gateway.abilities:
            asked = self.history.invoke("sync", order=order.number)
            self._end(asked, await self.world.gateway.sync(order.payment.id))

    # The books

    @property
    def day(self) -> str:
        """
        Which day it is in Beijing, by the gateway's clock: the day whose bill will have what is paid now.
        """
        return self.world.clock.now().astimezone(BEIJING).date().isoformat()

    async def until(self, hour: float, *, days: int = 0) -> None:
        """
        Let time pass until that hour of the day in Beijing, so many days from now.
        """
        now = self.world.clock.now().astimezone(BEIJING)
        then = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=days, hours=hour)
        await self.advance((then - now).total_seconds())

    async def plant(self, order: Order, kind: str, **more: Any) -> None:
        """
        Plant a difference in today's bill.
        """
        if more.pop("named", True):
            more["out_trade_no"] = await self.number_of(order)
        await self.world.control.plant(self.provider, day=self.day, kind=kind, **more)
        self.history.fact("planted", order=order.number, difference=kind, number=more.get("out_trade_no", ""))

    async def compare(self, order: Order, day: str) -> bool:
        """
        Let the gateway compare a day's bill with its books, and tell whether it has; written down for the order that it
        is about.
        """
        asked = self.history.invoke("reconcile", order=order.number, channel=self.channel, day=day)
        reply = await self.world.gateway.reconcile(self.channel, day=day)
        self._end(asked, reply)
        await self.world.advance(0)
        return reply.value is not None and reply.value.done

    # The buyer

    async def pay(self, order: Order) -> None:
        await self.buyer(order, BuyerAction.PAY)

    async def buyer(self, order: Order, action: BuyerAction) -> None:
        """
        The buyer acts on what stands in the provider's book, whether or not the gateway's answer ever came.
        """
        await self.act(order, action)
        await self.world.advance(0)

    async def act(self, order: Order, action: BuyerAction = BuyerAction.PAY) -> None:
        """
        The same, without waiting for what follows.
        """
        asked = self.history.invoke(action.value, order=order.number)
        number = await self.number_of(order)
        if number is None:
            self.history.fail(asked, code="no_trade")
            return
        try:
            trade = await self.world.control.buyer(self.provider, number, action=action)
        except ControlError as error:
            self.history.fail(asked, code=error.code)
        else:
            self.history.ok(asked, paid_fen=trade.paid_fen)

    async def pay_each(self, order: Order) -> None:
        """
        The buyer pays every trade that the order has, at whichever provider.
        """
        found = [
            (trade.provider, trade.out_trade_no)
            async for trade in self.world.control.trades()
            if trade.label == order.label
        ]
        for provider, number in found:
            asked = self.history.invoke("pay", order=order.number)
            try:
                trade = await self.world.control.buyer(provider, number, action=BuyerAction.PAY)
            except ControlError as error:
                self.history.fail(asked, code=error.code)
            else:
                self.history.ok(asked, paid_fen=trade.paid_fen)
        await self.world.advance(0)

    async def open_while(self, order: Order, action: BuyerAction) -> None:
        """
        Open the order, and let the buyer act as soon as the provider's book has it.
        """

        async def at_the_cashier() -> None:
            for wait_s in OPENING_WAITS_S:
                if await self.number_of(order) is not None:
                    break
                await self.world.clock.sleep(wait_s)
            await self.act(order, action)

        await asyncio.gather(self.open(order), at_the_cashier())
        await self.world.advance(0)

    async def crowd(
        self, count: int, do: Do, *, mark: str, prepare: Do | None = None, beside: Do | None = None
    ) -> None:
        """
        So many orders, all acted on at the same moment.

        Args:
            do: what the buyer of each does.
            mark: what the orders meet by it.
            prepare: done for each before.
            beside: done for each at the same moment.
        """
        orders = [self.order(990 + number) for number in range(count)]
        self.mark(mark, *orders)
        await asyncio.gather(*(self.open(order) for order in orders))
        for order in orders:
            if prepare is not None:
                await prepare(order)
        doing = [act(order) for order in orders for act in (do, beside) if act is not None]
        await asyncio.gather(*doing)
        await self.world.advance(0)

    # The provider

    @property
    def rungs(self) -> int:
        """
        How often the provider tells of a payment that nobody acknowledges.

        Facts: alipay/notify-ladder, wechatpay/notify-ladder, unionpay/notify-retries
        """
        return RUNGS[self.provider]

    async def strike(self, order: Order, fault: str, *, on: str = "notify", **where: Any) -> None:
        """
        Lay a fault on the order.

        Args:
            on: "notify", "reply" for the first answer about it, or a verb (`query`, `refund`) for the first answer to
                a call of that kind.
            where: `first`, `nth` of the rule; everything else is the fault's own setting.
        """
        self._rules += 1
        rule: dict[str, Any] = {"on": "notify" if on == "notify" else "reply", "order": f"*{order.label}*"}
        if on != "notify":
            rule["first"] = 1
        if on not in {"notify", "reply"}:
            rule["api"] = GLOBS[self.provider].get(on, on)
        rule |= {name: where.pop(name) for name in ("first", "nth", "api") if name in where}
        await self.world.control.add_rule(
            {"id": f"{self._name}-{self._rules}", "fault": fault, "where": rule, "with": dict(where)}
        )
        self.history.fact("fault", order=order.number, fault=fault, on=on, settings=dict(where))

    async def calm(self) -> None:
        """
        No fault strikes any more.
        """
        await self.world.control.put_faults([])

    async def notify_again(self, order: Order, *, after_s: float = 0.0) -> None:
        """
        An old notify of the order comes once more.
        """
        await self.world.advance(after_s)
        number = await self.number_of(order)
        known = [one.id async for one in self.world.control.notifies() if one.out_trade_no == number]
        for delivery in known[:1]:
            await self.world.control.deliver(delivery)
        await self.world.advance(0)

    async def heard(self, order: Order, fault: str) -> bool:
        """
        Whether the gateway has answered a delivery about the order that *fault* added.
        """
        number = await self.number_of(order)
        return any(
            [
                one
                async for one in self.world.control.notifies()
                if one.out_trade_no == number
                if reached(one) and fault in one.faults
            ]
        )

    async def taken(self, order: Order, *, within_s: float) -> None:
        """
        Come back when a notify of the order was acknowledged, or after this long on the world's clock, whichever is
        first: what a gateway fetches behind an answer of no takes it a moment, and a settling world knows no moments.
        """
        number, clock = await self.number_of(order), self.world.clock
        until = clock.now() + timedelta(seconds=within_s)
        while clock.now() < until:
            async for one in self.world.control.notifies():
                if one.out_trade_no == number and acked(one):
                    return
            await clock.sleep(OPENING_WAITS_S[1])

    async def befallen(self, order: Order, fault: str, *, times: int, within_s: float) -> None:
        """
        Come back when *fault* has befallen so many calls about the order, or after this long on the world's clock,
        whichever is first: some gateways make their calls in their own time.
        """
        clock = self.world.clock
        until = clock.now() + timedelta(seconds=within_s)
        while clock.now() < until:
            calls = [
                one
                async for one in self.world.control.journal(direction="in", label=order.label)
                if fault in (one.fault or "").split("+")
            ]
            if len(calls) >= times:
                return
            await clock.sleep(OPENING_WAITS_S[1])

    # The world

    def mark(self, name: str, *orders: Order) -> None:
        """
        Name what these orders are about to meet, for checks that no single line can tell.
        """
        for order in orders:
            self.history.fact("mark", order=order.number, name=name)

    def moments(self, count: int, *, last: int) -> Sequence[int]:
        """
        So many moments for a kill between 0 and *last*, evenly spread; fewer where each of them costs too much.
        """
        most = min(count, self.world.kills_max)
        return [number * last // most for number in range(most)]

    async def kill(self, *, turns: int = 0) -> None:
        """
        Kill the gateway, after so many moments.
        """
        for _ in range(turns):
            await self.world.clock.sleep(self.world.moment_s)
        await self.world.kill_gateway()
        self.history.fact("kill", what="gateway")

    async def restart(self) -> None:
        await self.world.restart_gateway()
        self.history.fact("restart", what="gateway")
        await self.world.advance(0)

    async def advance(self, seconds: float) -> None:
        await self.world.advance(seconds)
        self.history.fact("advance", seconds=seconds)

    # How it is done

    def _wanted(self, order: Order, amount_fen: int) -> NewPayment:
        return NewPayment(
            merchant_order_no=order.number,
            amount_fen=amount_fen,
            subject=f"{order.text} {order.label}",
            attach=order.label,
            channel=order.channel or self.channel,
        )

    async def _create(self, order: Order) -> None:
        channel = order.channel or self.channel
        asked = self.history.invoke("create", order=order.number, channel=channel, amount_fen=order.amount_fen)
        reply = await self.world.gateway.create(self._wanted(order, order.amount_fen))
        if reply.value is not None:
            order.payment = reply.value
        self._end(asked, reply)

    async def _close(self, order: Order) -> None:
        if order.payment is None:
            return
        asked = self.history.invoke("close", order=order.number)
        reply = await self.world.gateway.close_payment(order.payment.id)
        order.payment = reply.value or order.payment
        self._end(asked, reply)

    def _refund_of(self, order: Order, amount_fen: int) -> tuple[str, int]:
        order.refunds.append((self.world.ids.refund_no(order.label, len(order.refunds) + 1), amount_fen))
        return order.refunds[-1]

    async def _refund(self, order: Order, number: str, amount_fen: int) -> None:
        if order.payment is None:
            return
        asked = self.history.invoke("refund", order=order.number, refund_no=number, amount_fen=amount_fen)
        reply = await self.world.gateway.refund(order.payment.id, merchant_refund_no=number, amount_fen=amount_fen)
        self._end(asked, reply)

    async def number_of(self, order: Order) -> str | None:
        """
        The order's number at its provider: the gateway's word for it, else the book's row with its label.
        """
        if order.payment is not None and order.payment.out_trade_no:
            return order.payment.out_trade_no
        number = None
        async for trade in self.world.control.trades(provider=provider_of(order.channel or self.channel)):
            if trade.label == order.label:
                number = trade.out_trade_no
        return number

    def _end(self, asked: int, reply: Reply[Payment] | Reply[Refund] | Reply[Reconciled]) -> None:
        errors = {"errors": list(reply.errors)} if reply.errors else {}
        match reply.outcome:
            case Outcome.OK:
                self.history.ok(asked, attempts=reply.attempts, **errors, **_told(reply.value))
            case Outcome.REFUSED:
                said = {"status_code": reply.status, "code": reply.code, "detail": reply.detail}
                self.history.fail(asked, **said, **errors, retry_after_s=reply.retry_after_s)
            case Outcome.UNKNOWN:
                said = {"status_code": reply.status, "detail": reply.detail}
                self.history.unknown(asked, **said, retry_after_s=reply.retry_after_s)


def _told(value: Payment | Refund | Reconciled | None) -> dict[str, Any]:
    match value:
        case Payment():
            return {"payment_id": value.id, "status": value.status, "refund_status": value.refund_status}
        case Refund():
            return {"refund_id": value.id, "refund_state": value.status}
        case Reconciled():
            return {"done": value.done, "discrepancies": [asdict(one) for one in value.discrepancies]}
        case None:
            return {}
