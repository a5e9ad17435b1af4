"""
Delivers notifies: plans each attempt with the faults drawn for it, sends, and climbs the provider's ladder.

Ladder, acknowledgement and bytes come from the provider as data; which fault strikes comes from the planner. All
waiting is on the schedule clock, so a ladder of a day passes in milliseconds when the clock is advanced.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import lru_cache, partial
from itertools import groupby

from mock_providers.core.clock import Clock, ScheduleClock
from mock_providers.core.notifies.copies import Attempt, Delivery, Sought
from mock_providers.core.notifies.kept_back import KeptBack
from mock_providers.core.notifies.postman import Postman
from mock_providers.core.notifies.underway import Copy, Underway
from mock_providers.core.numbers import ALONE, Numbers
from mock_providers.core.plans import (
    Counts,
    DayChange,
    DeliveryPlan,
    FaultPlanner,
    Kind,
    OrderKey,
    PlannedDelivery,
    Question,
)
from mock_providers.core.provider import Notice, OutgoingNotify, Provider
from mock_providers.core.wire.journal import Entry, Journal, RawRequest, RawResponse
from mock_providers.errors import BookRefused

DONE_KEPT = 20_000
_BEIJING = timezone(timedelta(hours=8))
_ENDING = frozenset({Kind.TRUE, Kind.DUPLICATE})


class Notifier:
    """
    Everything that is on its way to merchants.

    Args:
        kept: so many copies that are done are remembered, an attempt's all together.
    """

    def __init__(
        self,
        *,
        schedule: ScheduleClock,
        stamp: Clock,
        planner: FaultPlanner,
        journal: Journal,
        numbers: Numbers = ALONE,
        keep_alive_s: float = 0.0,
        kept: int = DONE_KEPT,
    ) -> None:
        self.counts = Counts()
        self._numbers = numbers
        self._schedule = schedule
        self._stamp = stamp
        self._planner = planner
        self._journal = journal
        self._providers: dict[str, Provider] = {}
        self._postman = Postman(stamp, keep_alive_s=keep_alive_s)
        self._deliveries: dict[int, Delivery] = {}
        self._done = 0
        self._ended: deque[Attempt] = deque()
        self._kept = kept
        self._last = 0
        self._kept_back: KeptBack[Attempt] = KeptBack()
        self._listeners: dict[OrderKey, list[asyncio.Future[None]]] = {}

    def serve(self, providers: Mapping[str, Provider]) -> None:
        """Learn whose notifies to write."""
        self._providers = dict(providers)

    def start(self) -> None:
        """Get ready to send."""
        self._postman.start()

    async def stop(self) -> None:
        """Send no more."""
        await self._postman.stop()

    def clear(self) -> None:
        """Forget what is pending, what is done and the counts."""
        self._schedule.clear()
        for delivery in self._deliveries.values():
            delivery.attempt.let_go()
        self._deliveries.clear()
        self._ended.clear()
        self._done = 0
        self._kept_back.clear()
        self.counts = Counts()

    @property
    def pending(self) -> int:
        """Copies not sent yet."""
        return len(self._deliveries) - self._done

    def acknowledged(self, event: str) -> set[str]:
        """The labels of which a genuine copy of that event was acknowledged."""
        done = (one for one in self._deliveries.values() if one.acked and one.planned.kind in _ENDING)
        return {one.attempt.notice.label for one in done if one.attempt.notice.event == event}

    def publish(self, notice: Notice) -> None:
        """Plan the first attempt of *notice* and set it going."""
        now_s = self._schedule.now_s
        attempt = self._begin(notice, number=1, due_s=now_s, base_s=now_s)
        self.counts.published(attempt.plan)
        self._kept_back.event(_order_of(notice), notice.event)
        self._set_going(attempt)

    def told(self, order: OrderKey) -> asyncio.Future[None]:
        """Done when the next true notify of *order* has been delivered and answered; cancel it to wait no more."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._listeners.setdefault(order, []).append(future)
        future.add_done_callback(partial(self._heard, order))
        return future

    def _heard(self, order: OrderKey, future: asyncio.Future[None]) -> None:
        left = [one for one in self._listeners.get(order, ()) if one is not future]
        if left:
            self._listeners[order] = left
        else:
            self._listeners.pop(order, None)

    def waits_for_call(self, order: OrderKey) -> bool:
        """Whether a notify of *order* is kept back until some call of the merchant's has been answered."""
        return self._kept_back.waits_for_call(order)

    def called(self, order: OrderKey, api: str) -> None:
        """Such a call has been answered."""
        free = self._kept_back.called(order, api)
        self._kept_back.remove(order, free)
        for attempt in free:
            self._release(attempt)

    def _hear(self, order: OrderKey) -> None:
        for future in tuple(self._listeners.get(order, ())):
            if not future.done():
                future.set_result(None)

    def _begin(self, notice: Notice, *, number: int, due_s: float, base_s: float) -> Attempt:
        plan = self._planner.plan_notify(
            Question(
                provider=notice.provider,
                label=notice.label,
                order=notice.out_trade_no,
                on="notify",
                api=notice.event,
                attempt=number,
                occurrence=notice.occurrence,
                merchant=notice.merchant_id,
            )
        )
        start_s = due_s + plan.delay_s + (plan.hold.hold_s if plan.hold else 0.0)
        if plan.day_change is not None:
            start_s += _until_day_change(self._schedule.at(start_s), plan.day_change)
        attempt = Attempt(notice=notice, number=number, due_s=start_s, plan=plan, base_s=base_s)
        for planned in plan.deliveries:
            self._enter(Delivery(self._next_seq(), attempt, planned, start_s + planned.offset_s))
        attempt.open = sum(one.kind is not Kind.REPLAYED for one in plan.deliveries)
        return attempt

    def _set_going(self, attempt: Attempt) -> None:
        if attempt.plan.hold is not None:
            self._kept_back.add(_order_of(attempt.notice), attempt, attempt.plan.hold)
        self._schedule_steps(attempt)

    def _schedule_steps(self, attempt: Attempt) -> None:
        for step in _together(attempt.deliveries, by=lambda one: one.planned.offset_s):
            attempt.jobs.append(self._schedule.call_at(step[0].due_s, partial(self._send_step, step)))
        if not attempt.jobs:
            self._schedule.call_at(attempt.due_s, partial(self._end_empty, attempt))

    def underway(self) -> list[Underway]:
        """What is still to be sent, as data; a copy on the wire counts as not sent."""
        attempts = {id(one.attempt): one.attempt for one in self._deliveries.values() if one.state != "done"}
        return [self._as_data(attempt) for attempt in attempts.values()]

    def _as_data(self, attempt: Attempt) -> Underway:
        return Underway(
            notice=attempt.notice,
            number=attempt.number,
            due_s=attempt.due_s,
            base_s=attempt.base_s,
            plan=attempt.plan,
            acked=attempt.acked,
            behind=self._kept_back.behind(_order_of(attempt.notice), attempt),
            copies=tuple(Copy(one.seq, one.planned, one.due_s, held=one.state == "held") for one in attempt.deliveries),
        )

    @property
    def last_seq(self) -> int:
        """The latest number given to a copy."""
        return self._numbers.outer(self._last)

    def resume(self, underway: Iterable[Underway], *, last_seq: int, counts: Counts) -> None:
        """Forget what is here, and go on with that; the schedule stands where it stood then."""
        self.clear()
        self._last, self.counts = self._numbers.inner(last_seq), counts
        for one in underway:
            attempt = Attempt(
                notice=one.notice,
                number=one.number,
                due_s=one.due_s,
                plan=one.plan,
                base_s=one.base_s,
                open=sum(copy.planned.kind is not Kind.REPLAYED for copy in one.copies),
                acked=one.acked,
            )
            for copy in one.copies:
                # A number that another process gave is not ours to use.
                seq = copy.seq if self._numbers.ours(copy.seq) else self._next_seq()
                self._enter(Delivery(seq, attempt, copy.planned, copy.due_s, "held" if copy.held else "pending"))
            if one.behind is not None and one.plan.hold is not None:
                self._kept_back.add(_order_of(one.notice), attempt, one.plan.hold, behind=one.behind)
            self._schedule_steps(attempt)

    async def _end_empty(self, attempt: Attempt) -> None:
        self._attempt_over(attempt)

    async def _send_step(self, step: Sequence[Delivery]) -> None:
        """Send the copies that leave at one moment: waves one after another, a wave's copies together."""
        for group in _together(step, by=lambda one: one.planned.wave):
            wave = [one for one in group if one.state == "pending"]
            if len(wave) == 1:
                await self._send(wave[0])
            elif wave:
                await asyncio.gather(*(self._send(one) for one in wave))

    async def _send(self, delivery: Delivery, *, by_hand: bool = False) -> None:
        attempt = delivery.attempt
        lost = attempt.plan.lost or attempt.plan.ladder_over
        if lost and not by_hand and delivery.planned.kind in _ENDING:
            self._over(delivery, {"dropped": True})
            return
        delivery.state = "sending"
        provider = self._providers[attempt.notice.provider]
        stamp_at = self._stamp.now()
        outgoing = self._written(delivery, stamp_at=stamp_at)
        self.counts.notifies_resent += attempt.number > 1
        response, error = await self._postman.post(
            attempt.notice.url,
            outgoing,
            timeout_s=provider.ladder(attempt.notice).answer_timeout_s,
            read_slowly_s=delivery.planned.read_slowly_s,
        )
        delivery.acked = response is not None and provider.acknowledged(attempt.notice, response)
        self._journal.add(
            Entry(
                direction="out",
                provider=attempt.notice.provider,
                api=attempt.notice.event,
                order=attempt.notice.out_trade_no,
                label=attempt.notice.label,
                request=RawRequest(outgoing.method, attempt.notice.url, outgoing.headers, outgoing.body),
                response=response,
                string_to_sign=outgoing.string_to_sign,
                signature_ok=not delivery.planned.forged,
                fault="+".join(delivery.faults) or None,
                error=error,
                acked=delivery.acked,
                schedule_at=self._schedule.now(),
                stamp_at=stamp_at,
            )
        )
        self.counts.notifies_delivered += response is not None
        self.counts.notifies_acked += delivery.acked
        self._over(delivery, _answer_json(response, error, acked=delivery.acked))
        if response is not None and delivery.planned.kind in _ENDING:
            self._hear(_order_of(attempt.notice))

    def _written(self, delivery: Delivery, *, stamp_at: datetime) -> OutgoingNotify:
        """The bytes of one copy; a replay repeats those of the true copy, if that went out before."""
        attempt, planned = delivery.attempt, delivery.planned
        if planned.kind is Kind.REPLAYED and planned.stale_s == 0 and attempt.sent is not None:
            return attempt.sent
        provider = self._providers[attempt.notice.provider]
        outgoing = provider.render(attempt.notice, planned, stamp_at=stamp_at)
        if planned.kind is Kind.TRUE and any(one.planned.kind is Kind.REPLAYED for one in attempt.deliveries):
            attempt.sent = outgoing
        return outgoing

    def _over(self, delivery: Delivery, answer: Mapping[str, object]) -> None:
        if delivery.state == "done" or self._deliveries.get(delivery.seq) is not delivery:
            return  # done by hand meanwhile, or forgotten by a reset
        delivery.state = "done"
        delivery.answer = answer
        self._put_away(delivery)
        attempt = delivery.attempt
        if delivery.planned.kind is Kind.REPLAYED:
            return  # whoever replays is not the platform, and no ladder waits for it
        attempt.open -= 1
        if delivery.acked and delivery.planned.kind in _ENDING and not delivery.planned.ignore_ack:
            attempt.acked = True
        if attempt.open == 0:
            self._attempt_over(attempt)

    def _put_away(self, delivery: Delivery) -> None:
        """A copy is done; of the attempts that are, the oldest are forgotten, each with all its copies."""
        attempt = delivery.attempt
        attempt.deliveries.remove(delivery)
        self._done += 1
        if attempt.deliveries:
            return
        attempt.let_go()
        self._ended.append(attempt)
        while self._done > self._kept and self._ended:
            forgotten = self._ended.popleft().numbers
            self._done -= len(forgotten)
            for number in forgotten:
                del self._deliveries[number]

    def _attempt_over(self, attempt: Attempt) -> None:
        notice = attempt.notice
        order = _order_of(notice)
        if self._kept_back.holds(order, attempt):
            self._kept_back.remove(order, [attempt])
        elif attempt.number == 1:
            for held in self._kept_back.free(order):
                self._release(held)
        offsets = self._providers[notice.provider].ladder(notice).offsets_s
        if attempt.acked or attempt.plan.ladder_over or attempt.number >= len(offsets):
            return
        due_s = max(attempt.base_s + offsets[attempt.number], self._schedule.now_s)
        self._set_going(self._begin(notice, number=attempt.number + 1, due_s=due_s, base_s=attempt.base_s))

    def _release(self, attempt: Attempt) -> None:
        """Let go of an attempt that waited behind a later event."""
        now_s = self._schedule.now_s
        for job in attempt.jobs:
            if self._schedule.cancel(job):
                self._schedule.call_at(now_s, job.job)

    def page(self, wanted: Sought, *, after: int, limit: int) -> tuple[list[dict[str, object]], int | None]:
        """Copies in order of planning, and the cursor of the next page or None."""
        found: list[Delivery] = []
        for number in range(self._numbers.inner(after) + 1, self._last + 1):
            delivery = self._deliveries.get(self._numbers.outer(number))
            if delivery is None or not wanted.holds(delivery):
                continue
            if len(found) == limit:
                return [self.as_json(one) for one in found], found[-1].seq
            found.append(delivery)
        return [self.as_json(one) for one in found], None

    def matching(self, wanted: Sought) -> list[Delivery]:
        """Every copy of that kind that is remembered, in order of planning."""
        return [one for one in self._deliveries.values() if wanted.holds(one)]

    def find(self, delivery_id: str) -> Delivery | None:
        """Look a copy up by its id."""
        seq = delivery_id.removeprefix("n")
        return self._deliveries.get(int(seq)) if seq.isascii() and seq.isdigit() and len(seq) < 19 else None

    async def deliver(self, delivery: Delivery) -> Delivery:
        """
        Send a copy now: the one that waits, or, of one that was sent before, another with a fresh stamp.

        Returns:
            What was sent. The ladder goes its own way: a copy by hand never climbs it.
        """
        if delivery.state == "done":
            kind = Kind.DUPLICATE if delivery.planned.kind in _ENDING else delivery.planned.kind
            return await self.copy(delivery, replace(delivery.planned, kind=kind))
        _must_wait(delivery)
        await self._send(delivery, by_hand=True)
        return delivery

    async def copy(self, like: Delivery, planned: PlannedDelivery) -> Delivery:
        """
        Send one more copy of the same event now, as *planned*; the ladder and the copy that waits know nothing of it.

        Returns:
            What was sent.
        """
        delivery = self._another(like, replace(planned, offset_s=0.0, wave=0))
        await self._send(delivery, by_hand=True)
        return delivery

    async def deliver_in_order(self, deliveries: Sequence[Delivery]) -> None:
        """Send copies that wait, now, one after another; each leaves when the one before it has been answered."""
        for delivery in deliveries:
            self.hold(delivery)
        for delivery in deliveries:
            if delivery.state == "held":  # else a reset or another hand came between
                await self._send(delivery, by_hand=True)

    def _another(self, sent: Delivery, planned: PlannedDelivery) -> Delivery:
        now_s = self._schedule.now_s
        attempt = Attempt(
            notice=sent.attempt.notice,
            number=sent.attempt.number,
            due_s=now_s,
            plan=DeliveryPlan(deliveries=(planned,), ladder_over=True),
            base_s=sent.attempt.base_s,
            open=1,
        )
        return self._enter(Delivery(self._next_seq(), attempt, planned, now_s))

    def _next_seq(self) -> int:
        self._last += 1
        return self._numbers.outer(self._last)

    def _enter(self, delivery: Delivery) -> Delivery:
        self._deliveries[delivery.seq] = delivery
        delivery.attempt.deliveries.append(delivery)
        delivery.attempt.numbers.append(delivery.seq)
        return delivery

    def drop(self, delivery: Delivery) -> None:
        """Lose a pending or held copy; the ladder goes on."""
        _must_wait(delivery)
        self._over(delivery, {"dropped": True})

    def hold(self, delivery: Delivery) -> None:
        """Keep a pending copy until it is delivered or dropped by hand."""
        _must_wait(delivery)
        delivery.state = "held"

    def release(self, delivery: Delivery) -> None:
        """Let a held copy go: at its own time, or at once when that has passed."""
        if delivery.state != "held":
            raise BookRefused("not_held", f"this notify is {delivery.state}, not held")
        delivery.state = "pending"
        due_s = max(delivery.due_s, self._schedule.now_s)
        # Where the step that it belonged to is yet to come, whichever comes first takes it along.
        self._schedule.call_at(due_s, partial(self._send_step, (delivery,)))

    def next_due_s(self, wanted: Sought) -> float | None:
        """When the next of those copies leaves, on the schedule; None when none is on its way by itself."""
        return min(
            (one.due_s for one in self._deliveries.values() if one.state == "pending" and wanted.holds(one)),
            default=None,
        )

    def as_json(self, delivery: Delivery) -> dict[str, object]:
        """A copy as the control API shows it."""
        notice = delivery.attempt.notice
        return {
            "id": delivery.id,
            "provider": notice.provider,
            "merchant_id": notice.merchant_id,
            "out_trade_no": notice.out_trade_no,
            "label": notice.label,
            "event": notice.event,
            "notify_id": notice.notify_id,
            "attempt": delivery.attempt.number,
            "due_at": self._schedule.at(delivery.due_s),
            "state": delivery.state,
            "kind": delivery.planned.kind,
            "faults": delivery.faults,
            "last_answer": delivery.answer,
        }


def _order_of(notice: Notice) -> OrderKey:
    return notice.provider, notice.out_trade_no


def _together(copies: Sequence[Delivery], *, by: Callable[[Delivery], float]) -> list[tuple[Delivery, ...]]:
    """Those that are alike in something, in its order; most attempts have one copy."""
    if len(copies) == 1:
        return [(copies[0],)]
    return [tuple(group) for _, group in groupby(sorted(copies, key=by), key=by)]


def _until_day_change(at: datetime, change: DayChange) -> float:
    """
    Seconds from *at* until the day has changed.

    Facts: alipay/times
    """
    today = at.astimezone(_BEIJING).replace(hour=change.cut_hour, minute=0, second=0, microsecond=0)
    cut_at = today if today > at else today + timedelta(days=1)
    return (cut_at - at).total_seconds() + change.after_s


def _must_wait(delivery: Delivery) -> None:
    if delivery.state not in {"pending", "held"}:
        raise BookRefused("not_pending", f"this notify is {delivery.state}, no longer pending")


def _answer_json(response: RawResponse | None, error: str | None, *, acked: bool) -> Mapping[str, object]:
    return {"error": error} if response is None else _answered(response.status, response.body[:200], acked=acked)


@lru_cache(maxsize=256)
def _answered(status: int, body: bytes, *, acked: bool) -> Mapping[str, object]:
    """One for all merchants who answer alike, which most do."""
    return {"status": status, "body": body.decode("utf-8", "replace"), "acked": acked}
