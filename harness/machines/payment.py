"""
The payment machine: buyers, the gateway, the provider and a nemesis take turns, in any order that Hypothesis thinks of.

Faults are drawn, order by order, so they shrink with the rest of the story. After every move the gateway must not have
lied about money (safety); at the end, when the dust has settled, the audit must be clean (liveness).
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule

from harness.channels import provider_of
from harness.control import BuyerAction
from harness.errors import ControlError
from harness.facts import acked
from harness.gather import audit_world, settle_world
from harness.history import History
from harness.judging import with_checks
from harness.model import PAID_STATUSES, PaymentModel
from harness.sut.contract import NewPayment, Outcome, Payment, Refund, Reply
from harness.verdict import FindingError, Verdict
from harness.world.base import World
from harness.world.virtual_loop import VirtualLoop, settle

Value = TypeVar("Value")
OpenWorld = Callable[[list[int]], Coroutine[Any, Any, World]]
Fault = tuple[str, Mapping[str, Any]]

# The dust of one story: the longest ladder, and the gateway's own retries after it.
PATIENCE_S = 4 * 86_400.0
REORDER_S = 30.0
GENUINE = frozenset({"true", "duplicate"})
# A kill comes this many turns of the loop after the buyer's click, at most; the notify is booked after some thirty.
TURNS_MAX = 45

amounts_fen = st.integers(1, 100_000)
# Whatever the machine at hand is allowed; the first is the simplest, so stories shrink towards it.
ways = st.runner().flatmap(lambda machine: st.sampled_from(type(machine).channels))
spans_s = st.sampled_from([1.0, 5.0, 60.0, 240.0, 3_600.0, 90_000.0])

# What may befall the notifies of one event; each is a fault of the simulator with its settings.
notify_faults = st.one_of(
    st.builds(
        lambda copies, together: ("duplicate", {"copies": copies, "concurrent": together}),
        st.integers(1, 8),
        st.booleans(),
    ),
    st.builds(lambda seconds: ("delay", {"seconds": seconds}), st.sampled_from([0.5, 30.0, 400.0])),
    st.just(("reorder", {"behind": 1, "hold_s": REORDER_S})),
    st.just(("drop", {})),
    st.just(("drop_all", {})),
    st.just(("forged_signature", {})),
    st.builds(lambda more: ("tampered_amount", {"add_fen": more, "signed": True}), st.integers(1, 500)),
)
REPLY_FAULTS: tuple[Fault, ...] = (("timeout_after", {}), ("delay", {"seconds": 2.0}))


@dataclass(slots=True)
class Told:
    """One payment of the story, as the machine knows it."""

    label: str
    order: str
    channel: str
    amount_fen: int
    model: PaymentModel
    payment: Payment | None = None
    refunds: list[tuple[str, int]] = field(default_factory=list)
    refunded: set[str] = field(default_factory=set)
    was_paid: bool = False


class PaymentMachine(RuleBasedStateMachine):
    """
    Make a subclass with `open_world`, and run it as any Hypothesis state machine.

    open_world: given a draw for each statement of the gateway's store, starts a world on the running VirtualLoop.
    channels: what payments may be made over.
    """

    open_world: OpenWorld
    channels: tuple[str, ...] = ("alipay",)

    payments: Bundle[Told] = Bundle("payments")

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner(loop_factory=VirtualLoop)
        self._told: list[Told] = []
        self._rules = 0
        self._broken = False
        self._world: World
        self._history: History

    # Rules: the buyer

    @initialize(turns=st.lists(st.integers(0, 3), min_size=1, max_size=8))
    def begin(self, turns: list[int]) -> None:
        self._world = self._do(type(self).open_world(turns))
        self._history = History(self._world.clock, real=self._world.clock)

    @rule(
        target=payments,
        channel=ways,
        amount_fen=amounts_fen,
        reply_fault=st.none() | st.sampled_from(REPLY_FAULTS),
        clicks=st.integers(1, 3),
    )
    def create(self, channel: str, amount_fen: int, reply_fault: Fault | None, clicks: int) -> Told:
        return self._open(channel, amount_fen, reply_fault=reply_fault, clicks=clicks)

    @rule(target=payments, channel=ways, amount_fen=amounts_fen, late_s=st.sampled_from([2.0, 30.0]))
    def create_and_pay_before_the_answer(self, channel: str, amount_fen: int, late_s: float) -> Told:
        """The buyer is faster than the provider's answer to the gateway, which then comes late, or too late."""
        told = self._open(channel, amount_fen, reply_fault=("delay", {"seconds": late_s}), clicks=1)
        self._do(self._pay(told, []))
        self._do(self._world.advance(late_s))
        return told

    @rule(told=payments)
    def create_again(self, told: Told) -> None:
        """The same order with the same body, later."""
        self._do(self._create(told, clicks=1))

    @rule(told=payments, faults=st.lists(notify_faults, max_size=3))
    def pay(self, told: Told, faults: list[Fault]) -> None:
        self._do(self._pay(told, faults))

    @rule(told=payments, parts=st.lists(st.integers(1, 100), min_size=1, max_size=3))
    def refund(self, told: Told, parts: list[int]) -> None:
        """Asked for at one moment, where there are several."""
        wanted = []
        for part in parts:
            number = self._world.ids.refund_no(told.label, len(told.refunds) + 1)
            told.refunds.append((number, max(1, told.amount_fen * part // 100)))
            wanted.append(told.refunds[-1])
        self._do(self._refund(told, wanted))

    @precondition(lambda self: any(told.refunds for told in self._told))
    @rule(told=payments)
    def refund_again(self, told: Told) -> None:
        """The last refund once more, under its own number: an answer got lost, say."""
        self._do(self._refund(told, told.refunds[-1:]))

    # A payment is paid once, so these bring one of their own: on an old one they would mostly show nothing.

    @rule(target=payments, channel=ways, amount_fen=amounts_fen, faults=st.lists(notify_faults, max_size=2))
    def pay_while_it_asks(self, channel: str, amount_fen: int, faults: list[Fault]) -> Told:
        """The gateway hears of the money from two sides at once."""
        told = self._open(channel, amount_fen, reply_fault=None, clicks=1)
        self._do(self._pay(told, faults, beside=self._ask))
        return told

    @rule(
        target=payments,
        channel=ways,
        amount_fen=amounts_fen,
        faults=st.lists(notify_faults, max_size=2),
        turns=st.integers(0, TURNS_MAX),
    )
    def pay_while_it_dies(self, channel: str, amount_fen: int, faults: list[Fault], turns: int) -> Told:
        """The gateway is killed somewhere between the click and the acknowledgement."""
        told = self._open(channel, amount_fen, reply_fault=None, clicks=1)
        self._do(self._pay(told, faults, beside=lambda _: self._restart(brutally=True, turns=turns)))
        return told

    @rule(count=st.integers(1, 3))
    def platform_is_down(self, count: int) -> None:
        """So many webhooks are refused."""
        self._world.sink.refuse_next(count)

    # Rules: the gateway

    @rule(told=payments)
    def query(self, told: Told) -> None:
        self._do(self._ask(told))

    @rule(brutally=st.booleans())
    def restart_gateway(self, brutally: bool) -> None:  # noqa: FBT001 - drawn by name
        self._do(self._restart(brutally=brutally, turns=0))

    # Rules: the provider and time

    @rule(told=payments, which=st.integers(0, 9), after_s=st.sampled_from([0.0, 3_600.0]))
    def notify_again(self, told: Told, which: int, after_s: float) -> None:
        """An old notify comes once more, at once or much later, whatever happened since."""
        self._do(self._notify_again(told, which, after_s=after_s))

    @rule(seconds=spans_s)
    def time_passes(self, seconds: float) -> None:
        self._do(self._world.advance(seconds))

    # What must hold

    @precondition(lambda self: bool(self._told))
    @invariant()
    def no_lie_about_money(self) -> None:
        self._do(self._check(settled=False))

    def teardown(self) -> None:
        """
        Let the dust settle, then the audit speaks. Hypothesis calls it after every story, broken or not.
        """
        try:
            # A story that broke already has its reason; judging its ruins would hide it.
            if self._told and not self._broken:
                self._do(self._judge())
        finally:
            try:
                if hasattr(self, "_world"):
                    self._do(self._world.close())
            finally:
                self._runner.close()

    # How it is done

    def _do(self, work: Coroutine[Any, Any, Value]) -> Value:
        try:
            return self._runner.run(work)
        except BaseException:
            self._broken = True
            raise

    def _open(self, channel: str, amount_fen: int, *, reply_fault: Fault | None, clicks: int) -> Told:
        label = self._world.ids.next_label()
        told = Told(
            label=label,
            order=self._world.ids.order_no(label),
            channel=channel,
            amount_fen=amount_fen,
            model=PaymentModel(amount_fen=amount_fen),
        )
        self._told.append(told)
        if reply_fault is not None:
            # Each order's first answer only: within what a client survives that asks again.
            self._do(self._strike(told, reply_fault, on="reply", first=1))
        self._do(self._create(told, clicks=clicks))
        return told

    async def _create(self, told: Told, *, clicks: int) -> None:
        wanted = NewPayment(
            merchant_order_no=told.order,
            amount_fen=told.amount_fen,
            subject=f"tip {told.label}",
            channel=told.channel,
        )
        invoked = self._history.invoke("create", order=told.order, channel=told.channel, amount_fen=told.amount_fen)
        replies = await asyncio.gather(*(self._world.gateway.create(wanted) for _ in range(clicks)))
        for reply in replies:
            if reply.outcome is not Outcome.OK or reply.value is None:
                continue
            one = told.payment is None or told.payment.id == reply.value.id
            assert one, f"{told.order} is one order and has two payments, {told.payment} and {reply.value}"
            told.payment = reply.value
        if told.payment is not None:
            self._history.ok(invoked)
        else:
            self._history.unknown(invoked, code=replies[0].code, detail=replies[0].detail)
        await settle()

    async def _pay(
        self, told: Told, faults: list[Fault], *, beside: Callable[[Told], Awaitable[None]] | None = None
    ) -> None:
        if told.payment is None:
            return
        for fault in faults:
            await self._strike(told, fault, on="notify", first=1 if fault[0] == "drop" else None)
        if beside is None:
            await self._buy(told, told.payment)
        else:
            await asyncio.gather(self._buy(told, told.payment), beside(told))
        await settle()

    async def _buy(self, told: Told, payment: Payment) -> None:
        invoked = self._history.invoke("pay", order=told.order)
        try:
            await self._world.control.buyer(provider_of(told.channel), payment.out_trade_no, action=BuyerAction.PAY)
        except ControlError as error:
            # The order has expired at the provider, or it is paid already: no money moves.
            self._history.fail(invoked, code=error.code)
        else:
            told.model = told.model.bought()
            self._history.ok(invoked)

    async def _ask(self, told: Told) -> None:
        if told.payment is not None:
            await self._world.gateway.sync(told.payment.id)

    async def _refund(self, told: Told, wanted: Sequence[tuple[str, int]]) -> None:
        if told.payment is None:
            return
        questions = []
        for number, amount_fen in wanted:
            if number not in told.refunded:
                told.model = told.model.refund_asked(number, amount_fen)
            self._history.invoke("refund", order=told.order, refund_no=number, amount_fen=amount_fen)
            questions.append(
                self._world.gateway.refund(told.payment.id, merchant_refund_no=number, amount_fen=amount_fen)
            )
        for (number, _), reply in zip(wanted, await asyncio.gather(*questions), strict=True):
            self._note_refund(told, number, reply)
        await settle()

    def _note_refund(self, told: Told, number: str, reply: Reply[Refund]) -> None:
        """
        What is accepted may still be refused by the provider, so it stays in doubt until its end is told.
        """
        ended = None if reply.value is None else reply.value.status
        if reply.outcome is Outcome.REFUSED or ended == "FAILED":
            told.model = told.model.refund_ended(number, done=False)
        elif ended == "SUCCEEDED":
            told.refunded.add(number)
            told.model = told.model.refund_ended(number, done=True)
            assert told.model.refunded_fen <= told.amount_fen, f"more went back than was paid: {told.model}"

    async def _restart(self, *, brutally: bool, turns: int) -> None:
        for _ in range(turns):
            await self._world.clock.sleep(0)
        if brutally:
            await self._world.kill_gateway()
        await self._world.restart_gateway()
        await settle()

    async def _notify_again(self, told: Told, which: int, *, after_s: float) -> None:
        if told.payment is None:
            return
        await self._world.advance(after_s)
        number = told.payment.out_trade_no
        known = [one.id async for one in self._world.control.notifies() if one.out_trade_no == number]
        if known:
            await self._world.control.deliver(known[which % len(known)])
            await settle()

    async def _strike(self, told: Told, fault: Fault, *, on: str, first: int | None) -> None:
        self._rules += 1
        name, settings = fault
        where: dict[str, Any] = {"on": on, "order": told.label}
        if first is not None:
            where["first"] = first
        await self._world.control.add_rule(
            {"id": f"drawn-{self._rules}", "fault": name, "where": where, "with": dict(settings)}
        )

    async def _check(self, *, settled: bool) -> None:
        # The notifies first: what had been acknowledged before we look has to be known when we look.
        acknowledged = {
            delivery.label
            async for delivery in self._world.control.notifies(state="done")
            if delivery.kind in GENUINE and acked(delivery)
        }
        seen = {payment.merchant_order_no: payment async for payment in self._world.gateway.export()}
        for told in self._told:
            payment = seen.get(told.order)
            if payment is None:
                assert told.payment is None, f"{told.order} was answered, and the gateway has forgotten it"
                continue
            objections = told.model.objections(payment, settled=settled)
            assert not objections, f"{told.order}: {'; '.join(objections)}"
            known = payment.status in PAID_STATUSES or payment.refund_status in {"PROCESSING", "FULL"}
            assert known or not told.was_paid, f"{told.order} was paid and is {payment.status}"
            assert known or told.label not in acknowledged, (
                f"notify/acked-is-known: a notify of {told.order} was acknowledged, and it is {payment.status}"
            )
            told.was_paid = told.was_paid or payment.status in PAID_STATUSES

    async def _judge(self) -> None:
        settled = await settle_world(self._world, patience_s=PATIENCE_S)
        report = await audit_world(
            self._world,
            ours=self._world.ids.ours,
            history=self._history,
            seed=self._world.ids.seed,
        )
        report = with_checks(report, self._history, seed=self._world.ids.seed, replay="")
        if report.verdict is Verdict.FAIL:
            raise FindingError(report.findings[0])
        assert settled, "the dust did not settle in four days"
        await self._check(settled=True)
