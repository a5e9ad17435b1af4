"""
Ordinary traffic: buyers who order, pay and sometimes ask for their money back, some at a time, from a seed.

What each payment is (its amount, whether it is refunded and how much) hangs on the seed and its label alone, never on
the order in which things happen. It drives and records; it refuses to judge.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from harness.control import BuyerAction
from harness.errors import ControlError
from harness.history import History
from harness.ids import Ids
from harness.sut.contract import NewPayment, Outcome, Payment, Reply
from harness.world.base import World

AMOUNT_MIN_FEN, AMOUNT_MAX_FEN = 1, 50_000
# Of a hundred payments so many are refunded in part, and so many whole.
PARTLY_REFUNDED, WHOLLY_REFUNDED = 8, 4
# A payment that was accepted without its parameters (202) is asked for again, this often and with these waits.
PARAMETER_WAITS_S = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)
# A refund needs the gateway to know of the payment; it is asked for again while it does not.
REFUND_WAITS_S = (0.1, 0.2, 0.4, 0.8, 1.6)

OnProgress = Callable[[str, str], None]


def _unheard(what: str, channel: str) -> None:
    del what, channel


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficPlan:
    """
    How much, and how much at once.

    Args:
        payments: how many, from `first` on.
        at_once: how many buyers are on their way at a time.
        channels: taken in turn, so that a few payments reach every one of them.
        refunds: whether some ask for their money back.
    """

    payments: int
    first: int = 1
    at_once: int = 16
    channels: tuple[str, ...] = ("alipay",)
    product: str = "qr"
    refunds: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """
    What one buyer will do.

    Args:
        refund_fen: 0 for no refund.
    """

    label: str
    channel: str
    amount_fen: int
    refund_fen: int


def wish(ids: Ids, number: int, *, channels: Sequence[str] = ("alipay",), refunds: bool = True) -> Wish:
    """
    The wish of buyer *number*, drawn from the seed and the label.
    """
    label = ids.label(number)
    amount_fen = ids.draw(AMOUNT_MIN_FEN, AMOUNT_MAX_FEN, label, "amount")
    lot = ids.draw(0, 99, label, "refund")
    refund_fen = 0
    if refunds and lot < WHOLLY_REFUNDED:
        refund_fen = amount_fen
    elif refunds and lot < WHOLLY_REFUNDED + PARTLY_REFUNDED:
        refund_fen = ids.draw(1, amount_fen, label, "refund amount")
    channel = channels[(number - 1) % len(channels)]
    return Wish(label=label, channel=channel, amount_fen=amount_fen, refund_fen=refund_fen)


class Traffic:
    """
    Plays a plan in a world.

    Args:
        on_progress: told `opened`, `paid`, `refund` or `failed` for each payment, and its channel.
    """

    def __init__(
        self,
        world: World,
        plan: TrafficPlan,
        *,
        history: History,
        on_progress: OnProgress = _unheard,
    ) -> None:
        self._world = world
        self._plan = plan
        self._history = history
        self._on_progress = on_progress
        self._turns = asyncio.Semaphore(plan.at_once)

    async def run(self) -> None:
        """
        Every buyer goes through the whole of it once; a step that fails ends that buyer's story, and is recorded.
        """
        numbers = range(self._plan.first, self._plan.first + self._plan.payments)
        async with asyncio.TaskGroup() as group:
            for number in numbers:
                await self._turns.acquire()
                task = group.create_task(self._buyer(self._wish(number)))
                task.add_done_callback(lambda _: self._turns.release())

    def _wish(self, number: int) -> Wish:
        return wish(self._world.ids, number, channels=self._plan.channels, refunds=self._plan.refunds)

    async def _buyer(self, wanted: Wish) -> None:
        order = self._world.ids.order_no(wanted.label)
        opened = await self._open(order, wanted)
        if opened is None or opened.qr_code is None:
            self._on_progress("failed", wanted.channel)
            return
        self._on_progress("opened", wanted.channel)
        if not await self._pay(order, opened.qr_code):
            self._on_progress("failed", wanted.channel)
            return
        self._on_progress("paid", wanted.channel)
        if wanted.refund_fen:
            await self._refund(order, opened.id, wanted)
            self._on_progress("refund", wanted.channel)

    async def _open(self, order: str, wanted: Wish) -> Payment | None:
        """
        The payment with something to scan, or None.
        """
        asked = NewPayment(
            merchant_order_no=order,
            amount_fen=wanted.amount_fen,
            subject=f"tip {wanted.label}",
            channel=wanted.channel,
            product=self._plan.product,
        )
        invoked = self._history.invoke("create", order=order, channel=wanted.channel, amount_fen=wanted.amount_fen)
        reply = await self._world.gateway.create(asked)
        for wait_s in PARAMETER_WAITS_S:
            if reply.outcome is Outcome.REFUSED or (reply.value is not None and reply.value.qr_code is not None):
                break
            await self._world.clock.sleep(wait_s)
            # Asking again with the same body and number is the merchant's right, and finds the same payment.
            reply = await self._world.gateway.create(asked)
        self._record(invoked, reply)
        return reply.value

    async def _pay(self, order: str, qr_code: str) -> bool:
        invoked = self._history.invoke("pay", order=order)
        try:
            trade = await self._world.control.qr(qr_code, action=BuyerAction.PAY)
        except ControlError as error:
            self._history.fail(invoked, code=error.code, detail=str(error))
            return False
        self._history.ok(invoked, paid_fen=trade.paid_fen)
        return True

    async def _refund(self, order: str, payment_id: str, wanted: Wish) -> None:
        number = self._world.ids.refund_no(wanted.label, 1)
        invoked = self._history.invoke("refund", order=order, refund_no=number, amount_fen=wanted.refund_fen)
        for wait_s in (*REFUND_WAITS_S, None):
            # The buyer has paid, but the gateway may not have been told yet: it may ask.
            await self._sync(order, payment_id)
            reply = await self._world.gateway.refund(
                payment_id, merchant_refund_no=number, amount_fen=wanted.refund_fen, reason="changed my mind"
            )
            if reply.outcome is not Outcome.REFUSED or wait_s is None:
                break
            await self._world.clock.sleep(wait_s)
        self._record(invoked, reply)

    async def _sync(self, order: str, payment_id: str) -> None:
        invoked = self._history.invoke("sync", order=order)
        self._record(invoked, await self._world.gateway.sync(payment_id))

    def _record(self, invoked: int, reply: Reply[Any]) -> None:
        match reply.outcome:
            case Outcome.OK:
                told = {} if reply.value is None else {"status": reply.value.status}
                self._history.ok(invoked, status_code=reply.status, attempts=reply.attempts, **told)
            case Outcome.REFUSED:
                self._history.fail(invoked, status_code=reply.status, code=reply.code, detail=reply.detail)
            case Outcome.UNKNOWN:
                self._history.unknown(invoked, status_code=reply.status, detail=reply.detail)
