"""
One quiet payment over each channel before anything else, so that a wrong driver is told within seconds, in words.

Whatever a calm day shows to be wrong is the driver's or the configuration's: the gateway is not pointed at the
simulator, has other keys, answers something else than the driver says. It refuses to judge the gateway: what may be
its own mistake is noted, and the catalogue decides.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from harness.channels import provider_of
from harness.control import BuyerAction, Exchange, Trade
from harness.errors import DriverError
from harness.ids import label_of
from harness.model import PAID_STATUSES
from harness.sut.contract import Ability, NewPayment, Outcome, Payment, Reply
from harness.sut.driver.schema import DriverFile
from harness.world.external import ExternalWorld

# The labels of rehearsals, which no case will ever have.
FIRST_LABEL = 999_901
AMOUNT_FEN = 990
LOOK_S = 0.1
Value = TypeVar("Value")
Note = Callable[[str], None]


class Rehearsal:
    """
    One payment over one channel.

    Args:
        patience_s: how long the gateway may take for each step.
        note: told what is odd, and may be the gateway's own way.
    """

    def __init__(self, world: ExternalWorld, channel: str, *, label: str, patience_s: float, note: Note) -> None:
        self._world = world
        self._channel = channel
        self._provider = provider_of(channel)
        self._label = label
        self._order = world.ids.order_no(label)
        self._patience_s = patience_s
        self._note = note
        self._driver: DriverFile = world.plan.driver
        self._name = self._driver.name

    async def play(self) -> None:
        """
        Open, pay, look, and give a fen back.

        Raises:
            DriverError: something is wrong that no requirement needs to be tried for.
        """
        payment = await self._opened()
        if payment is None:
            return
        trade = await self._at_the_provider(payment)
        if trade is None:
            return
        await self._world.control.buyer(self._provider, trade.out_trade_no, action=BuyerAction.PAY)
        await self._world.advance(0)
        if await self._paid(payment):
            await self._platform_told()
            await self._other_questions(payment)

    async def _opened(self) -> Payment | None:
        """
        The payment, with something to pay with where the driver says where that stands; None after a server error.
        """
        wanted = NewPayment(
            merchant_order_no=self._order,
            amount_fen=AMOUNT_FEN,
            subject=f"tip {self._label}",
            attach=self._label,
            channel=self._channel,
            product=self._driver.product,
        )
        reply = await self._world.gateway.create(wanted)
        if reply.outcome is Outcome.UNKNOWN and reply.status is not None and reply.status >= 500:
            self._note(
                f"{self._name} answered {reply.status} to the first payment over {self._channel}: {reply.detail}"
            )
            return None
        payment = self._understood(reply, "create", hint="see its path, body, headers and signing")
        payment = await self._look(payment)
        if self._driver.create.pay is not None:
            payment = await self._until(lambda: self._look(payment), lambda one: one.qr_code is not None) or payment
        return payment

    async def _look(self, payment: Payment) -> Payment:
        return self._understood(await self._world.gateway.get(payment.id), "get")

    async def _at_the_provider(self, payment: Payment) -> Trade | None:
        """
        The order's trade in the simulator's book; None, with a note, where the gateway did not open it yet.
        """

        async def look() -> Trade | None:
            found = [trade async for trade in self._world.control.trades(provider=self._provider)]
            ours = [one for one in found if one.label == self._label or one.out_trade_no == payment.out_trade_no]
            return ours[-1] if ours else None

        trade = await self._until(look, lambda one: one is not None)
        calls = [one async for one in self._world.control.journal(provider=self._provider, direction="in")]
        if trade is None:
            self._never_opened(calls)
        elif trade.label != self._label:
            field = self._driver.label_from.get(self._provider, "the usual one")
            self._note(
                f"{self._channel}: the label {self._label} is not in the field that label_from names ({field}), so no "
                "fault can be laid on a payment: send {{subject}} or {{attach}} along, and name the field it ends up in"
            )
        return trade

    def _never_opened(self, calls: list[Exchange]) -> None:
        """
        Say why the simulator knows no such trade.
        """
        if not calls:
            raise DriverError(
                f"{self._name} took an order over {self._channel}, and the simulator of {self._provider} has not heard "
                f"from it within {self._patience_s:g} s",
                hint=f"point the gateway at {{{{{self._provider}_url}}}}, in the driver's start.env for instance; "
                f"the simulator listens at {self._world.urls[self._provider]}",
            )
        refused = [one for one in calls if one.signature_ok is False]
        if refused:
            keys = self._world.plan.home.credentials
            why = _diagnosis(refused[-1])
            raise DriverError(
                f"{self._provider} refused the signature of {self._name}'s {refused[-1].api}: {why}",
                hint=f"its keys are in {keys}, which the driver knows as {{{{credentials_dir}}}}",
            )
        last = calls[-1]
        self._note(
            f"{self._channel}: {self._name} called {last.api} and was answered {last.status}, but opened no trade; "
            f"the wire log is {self._world.plan.run_dir / 'wire.ndjson'}"
        )

    async def _paid(self, payment: Payment) -> bool:
        found = await self._until(lambda: self._look(payment), lambda one: one.status in PAID_STATUSES)
        if found is None:
            heard = [one async for one in self._world.control.notifies() if one.label == self._label]
            told = f"{len(heard)} notifies were sent to it" if heard else "no notify was sent: see its notify address"
            late = f"{self._name} does not say so after {self._patience_s:g} s"
            self._note(f"{self._channel}: the buyer has paid, and {late}; {told}")
        return found is not None

    async def _platform_told(self) -> None:
        """
        Whether the platform hears of it, where the driver says that it does.
        """
        if self._driver.webhooks is None:
            return
        sink = self._world.sink

        async def look() -> bool:
            return any(event.merchant_order_no == self._order for event in sink.events)

        if await self._until(look, bool):
            return
        if sink.passed_over is not None:
            raise DriverError(
                f"{self._name} sent a webhook that says nothing by the driver's pointers: {sink.passed_over[:200]!r}",
                hint="see webhooks: order_no, type and types",
            )
        strange = {event.merchant_order_no for event in sink.events}
        if strange - {self._order} and not any(label_of(order) for order in strange):
            raise DriverError(
                f"{self._name} sent a webhook about {min(strange)!r}, which is no order number of ours",
                hint="webhooks.order_no must lead to what stood in {{order_no}}",
            )
        self._note(f"{self._name} sent no webhook within {self._patience_s:g} s: it should go to {sink.url}")

    async def _other_questions(self, payment: Payment) -> None:
        """
        Each further question that the driver declares, once.
        """
        gateway = self._world.gateway
        if Ability.SYNC in gateway.abilities:
            self._understood(await gateway.sync(payment.id), "sync")
        if Ability.EFFECTS in gateway.abilities:
            self._understood(await gateway.effects(payment.id), "effects")
        if Ability.REFUND in gateway.abilities:
            number = self._world.ids.refund_no(self._label, 1)
            reply = await gateway.refund(payment.id, merchant_refund_no=number, amount_fen=1, reason="rehearsal")
            refund = self._understood(reply, "refund")
            if Ability.GET_REFUND in gateway.abilities:
                self._understood(await gateway.get_refund(payment.id, refund.id), "get_refund")

    def _understood(self, reply: Reply[Value], call: str, *, hint: str = "") -> Value:
        """
        The value of an answer; anything else is told, with the call that it answered.
        """
        if reply.value is not None:
            return reply.value
        see = hint or f"see {call} in the driver, and what your gateway says at that address"
        if reply.outcome is Outcome.REFUSED:
            raise DriverError(f"{self._name} refused {call} with {reply.status}: {reply.detail}", hint=see)
        if reply.status is None:
            raise DriverError(f"{self._name} does not answer {call} at {self._driver.url}: {reply.detail}", hint=see)
        raise DriverError(f"{call}: {reply.detail}", hint=see)

    async def _until(self, look: Callable[[], Awaitable[Value]], wanted: Callable[[Value], bool]) -> Value | None:
        """
        Look until it is as wanted; None when patience ran out first.
        """
        clock = self._world.clock
        begun_at = clock.now()
        while True:
            found = await look()
            if wanted(found):
                return found
            if (clock.now() - begun_at).total_seconds() >= self._patience_s:
                return None
            await clock.sleep(LOOK_S)


async def rehearse(world: ExternalWorld, *, patience_s: float, note: Note) -> None:
    """
    A quiet payment over each channel of the driver.

    Raises:
        DriverError: the driver, or how the gateway is configured, is wrong.
    """
    if Ability.GET not in world.gateway.abilities:
        raise DriverError(
            f"the driver of {world.plan.driver.name} declares no get, so nothing could be read of its books",
            hint="say in `get` how your gateway is asked for one order",
        )
    await world.control.put_faults([])
    for number, channel in enumerate(world.gateway.channels):
        label = world.ids.label(FIRST_LABEL + number)
        await Rehearsal(world, channel, label=label, patience_s=patience_s, note=note).play()


def _diagnosis(exchange: Exchange) -> str:
    """
    What the simulator's doctor says of a refused signature.
    """
    told: Any = exchange.raw.get("doctor") or {}
    return str((told.get("sentence") or {}).get("en", "the wire log has its bytes"))
