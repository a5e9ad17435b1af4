"""What every store promises, asked of memory and of PostgreSQL alike."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from reference_gateway.domain.money import Fen
from reference_gateway.domain.records import Account, IdempotencyKey, InboxRow, Transition
from reference_gateway.domain.transitions import AttemptStatus, PaymentStatus, RefundStatus
from reference_gateway.errors import ConstraintBroken
from reference_gateway.store.memory_unit_of_work import MemoryStore
from tests.contract.samples import ACCOUNTS, NOW, SOON, event, payment, posting, refund

pytestmark = pytest.mark.asyncio
BLOCKED_S = 0.15


async def keep(store: Any, *payments: Any) -> None:
    async with store() as unit:
        await unit.insert_payments(list(payments))
        await unit.open_accounts(ACCOUNTS)
        await unit.commit()


async def inbox_deliveries(store: Any) -> dict[str, int]:
    """The port has no reading side for the inbox, which is evidence for people."""
    if isinstance(store, MemoryStore):
        return {key: row.deliveries for (_, key), row in store.state.inbox.items()}
    async with store() as unit:
        rows = await unit._run(text("SELECT dedupe_key, deliveries FROM notify_inbox"))
        return {row.dedupe_key: row.deliveries for row in rows}


async def is_blocked(task: "asyncio.Task[Any]") -> bool:
    _, pending = await asyncio.wait({task}, timeout=BLOCKED_S)
    return bool(pending)


async def test_a_payment_comes_back_as_it_was_put(store):
    made = payment(buyer_id="b", attach="x", poll_at=SOON, pay_params={"qr_code": "https://qr"})
    await keep(store, made)
    async with store() as unit:
        read = await unit.payment("live", "pay1")
    assert replace(read, seq=0) == made
    assert read.seq > 0


async def test_a_payment_belongs_to_its_app(store):
    await keep(store, payment())
    async with store() as unit:
        assert await unit.payment("rival", "pay1") is None
        assert await unit.payment("live", "pay2") is None


async def test_leaving_without_commit_undoes_everything(store):
    async with store() as unit:
        await unit.insert_payments([payment()])
    async with store() as unit:
        assert await unit.payment("live", "pay1") is None


async def test_a_failure_inside_undoes_everything(store):

    async def fail() -> None:
        async with store() as unit:
            await unit.insert_payments([payment()])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    await keep(store, payment())


async def test_what_is_not_committed_is_seen_by_its_own_transaction_only(store):
    async with store() as unit:
        await unit.insert_payments([payment()])
        assert await unit.payment("live", "pay1") is not None
        async with store() as other:
            assert await other.payment("live", "pay1") is None
        await unit.commit()


async def test_an_order_is_inserted_once(store):
    async with store() as unit:
        twins = [payment(1), payment(2, merchant_order_no="o-1")]
        assert await unit.insert_payments(twins) == {"pay1"}
        await unit.commit()
    async with store() as unit:
        assert await unit.insert_payments([payment(3, merchant_order_no="o-1"), payment(4)]) == {"pay4"}
        found = await unit.payments_by_order([("live", "o-1"), ("live", "o-4"), ("rival", "o-1")])
    assert {order: found[order].id for order in found} == {("live", "o-1"): "pay1", ("live", "o-4"): "pay4"}


@pytest.mark.parametrize(("commits", "expected"), [(True, set()), (False, {"pay2"})])
async def test_a_second_order_of_the_same_number_waits_for_the_first(store, commits, expected):
    async with store() as first:
        await first.insert_payments([payment(1)])

        async def second() -> set[str]:
            async with store() as unit:
                inserted: set[str] = await unit.insert_payments([payment(2, merchant_order_no="o-1")])
                await unit.commit()
                return inserted

        waiting = asyncio.create_task(second())
        assert await is_blocked(waiting)
        if commits:
            await first.commit()
    assert await waiting == expected


async def test_a_locked_payment_is_waited_for_and_then_read_as_it_is(store):
    await keep(store, payment())
    async with store() as first:
        locked = (await first.lock_payments(["G1"]))["G1"]

        async def second() -> Any:
            async with store() as unit:
                return (await unit.lock_payments(["G1", "missing"]))["G1"].status

        waiting = asyncio.create_task(second())
        assert await is_blocked(waiting)
        await first.save_payments([replace(locked, status=PaymentStatus.PAID, paid_at=NOW)])
        await first.commit()
    assert await waiting is PaymentStatus.PAID


async def test_twenty_counting_transactions_lose_no_count(store):
    await keep(store, payment())

    async def count() -> None:
        async with store() as unit:
            locked = (await unit.lock_payments(["G1"]))["G1"]
            await unit.save_payments([replace(locked, poll_rung=locked.poll_rung + 1)])
            await unit.commit()

    await asyncio.gather(*(count() for _ in range(20)))
    async with store() as unit:
        assert (await unit.payment("live", "pay1")).poll_rung == 20


async def test_batches_locking_the_same_payments_in_any_order_all_get_through(store):
    await keep(store, *(payment(n) for n in range(1, 9)))

    async def touch(numbers: list[str]) -> None:
        async with store() as unit:
            locked = await unit.lock_payments(numbers)
            await unit.save_payments([replace(p, poll_rung=p.poll_rung + 1) for p in locked.values()])
            await unit.commit()

    numbers = [f"G{n}" for n in range(1, 9)]
    turned = [numbers[n:] + numbers[:n] for n in range(8)]
    await asyncio.wait_for(asyncio.gather(*(touch(order) for order in turned)), 20)
    async with store() as unit:
        assert {p.poll_rung for p in await unit.list_payments("live", after=0, limit=99)} == {8}


@pytest.mark.parametrize(("refunded", "reserved"), [(101, 0), (0, 101), (60, 60), (-1, 0), (0, -1)])
async def test_refunds_above_the_amount_are_refused_by_the_store(store, refunded, reserved):
    await keep(store, payment())
    async with store() as unit:
        locked = (await unit.lock_payments(["G1"]))["G1"]
        with pytest.raises(ConstraintBroken) as caught:
            await unit.save_payments([replace(locked, refunded_fen=Fen(refunded), reserved_fen=Fen(reserved))])
    assert caught.value.reason == "payments_refunds_within_amount"


async def test_payments_are_listed_by_app_in_order_of_creation(store):
    for number in range(1, 5):
        await keep(store, payment(number, app_id="rival" if number == 2 else "live"))
    async with store() as unit:
        page = await unit.list_payments("live", after=0, limit=2)
        rest = await unit.list_payments("live", after=page[-1].seq, limit=9)
    assert [p.id for p in page + rest] == ["pay1", "pay3", "pay4"]


async def test_a_posting_key_is_posted_once(store):
    await keep(store, payment())
    async with store() as unit:
        twins = [posting(1), posting(2, key="payment:pay1")]
        assert await unit.post(twins) == {"payment:pay1"}
        await unit.commit()
    async with store() as unit:
        assert await unit.post([posting(3, key="payment:pay1"), posting(4)]) == {"payment:pay4"}
        await unit.commit()
        lines = await unit.ledger_lines(["pay1"])
        balances = await unit.balances()
    assert [(line.account, line.amount_fen) for line in lines] == [("channel:alipay", 100), ("app:live", -100)] * 2
    assert len({line.transaction_id for line in lines}) == 2
    assert balances == {"channel:alipay": 200, "app:live": 200, "app:rival": 0}


async def test_sixteen_postings_of_one_key_at_once_move_money_once(store):
    await keep(store, payment())

    async def post(number: int) -> int:
        async with store() as unit:
            posted = await unit.post([posting(number, key="payment:pay1")])
            await unit.commit()
            return len(posted)

    assert sum(await asyncio.gather(*(post(n) for n in range(16)))) == 1
    async with store() as unit:
        assert (await unit.balances())["app:live"] == 100


async def test_a_balance_never_goes_below_zero(store):
    await keep(store, payment())
    async with store() as unit:
        await unit.post([posting(1)])
        await unit.commit()
    back = {"debit": "app:live", "credit": "channel:alipay", "kind": "payment"}
    with pytest.raises(ConstraintBroken) as caught:
        async with store() as unit:
            await unit.post([posting(2, amount_fen=Fen(101), **back)])
    assert caught.value.reason == "ledger_accounts_balance_check"
    async with store() as unit:
        await unit.post([posting(3, **back)])
        await unit.commit()
        assert (await unit.balances())["app:live"] == 0


async def test_an_account_nobody_opened_cannot_be_posted_to(store):
    await keep(store, payment())
    with pytest.raises(ConstraintBroken) as caught:
        async with store() as unit:
            await unit.post([posting(1, credit="app:nobody")])
    assert caught.value.reason == "ledger_entries_account_fkey"


async def test_many_accounts_are_lowered_by_one_statement_each_by_its_own(store):
    wallets = [f'wallet:live:"{number}"' for number in range(40)]
    await keep(store, payment())
    async with store() as unit:
        await unit.open_accounts([Account(name, -1) for name in wallets])
        filled = [posting(n, key=f"in:{n}", credit=name, amount_fen=Fen(100 + n)) for n, name in enumerate(wallets)]
        await unit.post(filled)
        await unit.commit()
    async with store() as unit:
        spent = [
            posting(100 + n, key=f"out:{n}", debit=name, credit="app:live", amount_fen=Fen(1 + 2 * n))
            for n, name in enumerate(wallets)
        ]
        await unit.post(spent)
        await unit.commit()
        balances = await unit.balances()
    assert [balances[name] for name in wallets] == [99 - n for n in range(40)]
    assert balances["app:live"] == 40 * 40


async def test_opening_an_account_again_keeps_its_balance(store):
    await keep(store, payment())
    async with store() as unit:
        await unit.post([posting(1)])
        await unit.commit()
    async with store() as unit:
        await unit.open_accounts(ACCOUNTS)
        await unit.commit()
        assert (await unit.balances())["app:live"] == 100


async def test_the_inbox_counts_deliveries(store):
    row = InboxRow("alipay", "id:n1", "n1", "G1", "booked", b"\xffraw", NOW)
    for _ in range(2):
        async with store() as unit:
            await unit.record_inbox([row, row, replace(row, dedupe_key="id:n2")])
            await unit.commit()
    assert await inbox_deliveries(store) == {"id:n1": 4, "id:n2": 2}


async def test_an_idempotency_key_is_kept_once(store):
    await keep(store, payment(1), payment(2))
    rows = [IdempotencyKey("live", "k1", "d1", "pay1", NOW), IdempotencyKey("live", "k1", "d2", "pay2", NOW)]
    async with store() as unit:
        assert await unit.insert_idempotency_keys(rows) == {("live", "k1")}
        assert (await unit.idempotency_keys([("live", "k1")]))["live", "k1"].request_digest == "d1"
        await unit.commit()
    async with store() as unit:
        assert await unit.insert_idempotency_keys([rows[1]]) == set()
        assert set(await unit.idempotency_keys([("live", "k1"), ("rival", "k1"), ("live", "k2")])) == {("live", "k1")}


async def test_a_nonce_is_spent_once_until_it_expires(store):
    async def spend(now: Any, *nonces: tuple[str, str]) -> set[tuple[str, str]]:
        async with store() as unit:
            fresh: set[tuple[str, str]] = await unit.spend_nonces(
                nonces, now=now, expires_at=now + timedelta(seconds=9)
            )
            await unit.commit()
            return fresh

    assert await spend(NOW, ("live", "n1")) == {("live", "n1")}
    assert await spend(NOW, ("live", "n1"), ("rival", "n1")) == {("rival", "n1")}
    assert await spend(NOW + timedelta(seconds=8), ("live", "n1")) == set()
    assert await spend(NOW + timedelta(seconds=9), ("live", "n1")) == {("live", "n1")}
    assert await spend(NOW + timedelta(seconds=9), ("live", "n1")) == set()


async def test_a_nonce_spent_by_many_at_once_is_fresh_for_one(store):
    async def spend() -> int:
        async with store() as unit:
            fresh = await unit.spend_nonces([("live", "n1")], now=NOW, expires_at=SOON)
            await unit.commit()
            return len(fresh)

    assert sum(await asyncio.gather(*(spend() for _ in range(12)))) == 1


async def test_a_refund_number_is_taken_once_for_a_payment(store):
    await keep(store, payment(1), payment(2))
    async with store() as unit:
        await unit.insert_refund(refund(1))
        await unit.insert_refund(refund(2, payment_id="pay2", merchant_refund_no="r-1"))
        await unit.commit()
    with pytest.raises(ConstraintBroken) as caught:
        async with store() as unit:
            await unit.insert_refund(refund(3, merchant_refund_no="r-1"))
    assert caught.value.reason == "refunds_merchant_refund_no_key"
    async with store() as unit:
        assert await unit.refund_by_no("pay1", "r-1") == refund(1)
        assert await unit.refund("pay1", "re2") is None
        assert await unit.refund("pay2", "re2") is not None


async def test_a_refund_is_locked_and_saved(store):
    await keep(store, payment())
    async with store() as unit:
        await unit.insert_refund(refund())
        await unit.commit()
    async with store() as unit:
        locked = await unit.lock_refund("re1")
        ended = replace(locked, status=RefundStatus.FAILED, failure_code="why", finished_at=SOON)
        await unit.save_refund(ended)
        await unit.record_transitions([Transition("refund", "re1", "PROCESSING", "fail", "FAILED", True, "why", NOW)])
        await unit.commit()
        assert await unit.refund("pay1", "re1") == ended
        assert await unit.lock_refund("re9") is None


async def test_due_polls_are_claimed_once_and_come_back_when_the_lease_is_over(store):
    await keep(store, payment(1, poll_at=NOW), payment(2, poll_at=SOON), payment(3))
    async with store() as unit:
        assert [p.id for p in await unit.claim_polls(NOW, lease_until=SOON, limit=9)] == ["pay1"]
        async with store() as other:
            assert await other.claim_polls(NOW, lease_until=SOON, limit=9) == []
        await unit.commit()
    async with store() as unit:
        assert await unit.claim_polls(NOW, lease_until=SOON, limit=9) == []
        assert {p.id for p in await unit.claim_polls(SOON, lease_until=SOON, limit=9)} == {"pay1", "pay2"}


async def test_due_refunds_are_claimed_with_their_payments_and_can_be_hurried(store):
    await keep(store, payment())
    async with store() as unit:
        await unit.insert_refund(refund(1, poll_at=SOON))
        await unit.insert_refund(refund(2, status=RefundStatus.FAILED))
        await unit.commit()
    async with store() as unit:
        assert await unit.claim_refunds(NOW, lease_until=SOON, limit=9) == []
        await unit.hurry_refunds(["R1", "R2", "R9"], NOW)
        await unit.commit()
    async with store() as unit:
        [(claimed, owner)] = await unit.claim_refunds(NOW, lease_until=SOON, limit=9)
        assert (claimed.id, owner.id) == ("re1", "pay1")


async def test_events_are_claimed_by_one_relay_and_skipped_by_the_other(store):
    async with store() as unit:
        await unit.add_outbox([event(1), event(2), event(3, due_at=SOON)])
        await unit.commit()
    async with store() as first, store() as second:
        [one] = await first.claim_outbox(NOW, lease_until=SOON, limit=1)
        [two] = await second.claim_outbox(NOW, lease_until=SOON, limit=9)
        assert {one.event_id, two.event_id} == {"ev1", "ev2"}
        assert (one.attempts, one.payload) == (1, event(1).payload)
        await first.commit()
        await second.commit()
    async with store() as unit:
        assert await unit.claim_outbox(NOW, lease_until=SOON, limit=9) == []


async def test_sent_events_are_over_and_postponed_ones_come_again(store):
    async with store() as unit:
        await unit.add_outbox([event(1), event(2)])
        await unit.commit()
    async with store() as unit:
        await unit.claim_outbox(NOW, lease_until=SOON, limit=9)
        await unit.commit()
    async with store() as unit:
        await unit.finish_outbox(["ev1"], {"ev2": NOW + timedelta(seconds=1)})
        await unit.commit()
        assert await unit.outbox_unsent() == 1
        assert (await unit.next_due()).outbox == NOW + timedelta(seconds=1)
    async with store() as unit:
        [again] = await unit.claim_outbox(SOON, lease_until=SOON, limit=9)
    assert (again.event_id, again.attempts) == ("ev2", 2)


async def test_next_due_names_the_earliest_of_each_kind(store):
    async with store() as unit:
        due = await unit.next_due()
        assert (due.polls, due.refunds, due.outbox) == (None, None, None)
    await keep(store, payment(1, poll_at=SOON), payment(2, poll_at=NOW), payment(3))
    async with store() as unit:
        await unit.insert_refund(refund(1, poll_at=SOON))
        await unit.add_outbox([event(1)])
        await unit.commit()
    async with store() as unit:
        due = await unit.next_due()
    assert (due.polls, due.refunds, due.outbox) == (NOW, SOON, NOW)


async def test_what_a_crash_left_is_due_at_once(store):
    await keep(
        store,
        payment(1, poll_at=SOON),
        payment(2, poll_at=SOON, attempt=AttemptStatus.OPENED),
        payment(3, poll_at=SOON, attempt=AttemptStatus.UNKNOWN),
    )
    async with store() as unit:
        await unit.insert_refund(refund(1, poll_at=SOON))
        await unit.add_outbox([event(1, due_at=SOON)])
        await unit.commit()
    async with store() as unit:
        await unit.resume_unfinished(NOW)
        await unit.commit()
    async with store() as unit:
        assert {p.id for p in await unit.claim_polls(NOW, lease_until=SOON, limit=9)} == {"pay1", "pay3"}
        assert len(await unit.claim_refunds(NOW, lease_until=SOON, limit=9)) == 1
        assert len(await unit.claim_outbox(NOW, lease_until=SOON, limit=9)) == 1
