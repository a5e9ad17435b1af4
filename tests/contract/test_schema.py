"""The schema: migrations up and down on data, and the rules that PostgreSQL itself enforces."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from reference_gateway.domain.attempt import Attempt
from reference_gateway.domain.transitions import AttemptStatus
from reference_gateway.errors import SettingsRefused, StoreConflict, StoreUnavailable
from reference_gateway.store.sql_store import SqlStore, downgrade_to, migrate, upgrade_to
from reference_gateway.store.tables import METADATA
from tests.contract.samples import ACCOUNTS, NOW, SOON, event, payment, posting, refund
from tests.contract.samples_live import good, packet, payout, room

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = create_async_engine(database_url, poolclass=NullPool)
    try:
        yield made
    finally:
        await made.dispose()


@pytest_asyncio.fixture
async def bare(connect: Callable[[], Any]) -> AsyncIterator[asyncpg.Connection]:
    connection = await connect()
    try:
        yield connection
    finally:
        await connection.close()


@pytest_asyncio.fixture
async def filled(database_url: str) -> AsyncIterator[SqlStore]:
    """A store with one posted payment and one refund."""
    store = SqlStore(database_url)
    await store.open()
    async with store() as unit:
        await unit.insert_payments([payment()])
        await unit.insert_refund(refund())
        await unit.open_accounts(ACCOUNTS)
        await unit.post([posting()])
        await unit.add_outbox([event()])
        await unit.insert_rooms([room()])
        await unit.insert_goods([good()])
        await unit.insert_packets([packet()])
        await unit.insert_payouts([payout()])
        await unit.spend_nonces([("live", "n")], now=NOW, expires_at=NOW)
        await unit.commit()
    try:
        yield store
    finally:
        await store.close()


async def test_the_migrations_make_the_tables_that_the_code_knows(engine):
    await migrate(engine, upgrade_to("head"))

    def differences(connection: Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection), METADATA))

    async with engine.connect() as connection:
        found = await connection.run_sync(differences)
    assert [difference for difference in found if "alembic_version" not in str(difference)] == []


async def test_going_one_step_down_and_up_keeps_the_data(engine, filled, bare):
    await filled.close()
    await migrate(engine, downgrade_to("0001"))
    assert await bare.fetchval("SELECT to_regclass('request_nonces')") is None
    kept = await bare.fetchrow("SELECT (SELECT count(*) FROM payments), (SELECT count(*) FROM ledger_entries)")
    assert tuple(kept) == (1, 2)
    await migrate(engine, upgrade_to("head"))
    assert await bare.fetchval("SELECT count(*) FROM request_nonces") == 0
    assert await bare.fetchval("SELECT balance_fen FROM ledger_accounts WHERE name = 'app:live'") == 100


async def test_a_qr_code_becomes_pay_params_and_comes_back(engine, filled, bare):
    async with filled() as unit:
        await unit.insert_payments([payment(2, pay_params={"qr_code": "https://qr/2"}, auth_code="1" * 18)])
        await unit.commit()
    await filled.close()
    await migrate(engine, downgrade_to("0004"))
    codes = await bare.fetch("SELECT qr_code FROM payments ORDER BY id")
    assert [row["qr_code"] for row in codes] == [None, "https://qr/2"]
    await migrate(engine, upgrade_to("head"))
    params = await bare.fetch("SELECT pay_params ->> 'qr_code' AS code, pay_params FROM payments ORDER BY id")
    assert [row["code"] for row in params] == [None, "https://qr/2"]
    assert params[0]["pay_params"] is None


async def test_orders_that_wait_get_a_time_to_end_and_an_attempt_each(engine, filled, bare):
    await filled.close()
    await migrate(engine, downgrade_to("0007"))
    assert await bare.fetchval("SELECT to_regclass('payment_attempts')") is None
    await migrate(engine, upgrade_to("head"))
    row = await bare.fetchrow("SELECT end_at = expires_at AS due, end_rung FROM payments")
    assert tuple(row) == (True, 0)
    assert await bare.fetchval("SELECT choice ->> 'reason' FROM payment_attempts") == "the merchant asked for alipay"


async def test_later_tries_become_orders_numbers_and_come_back(engine, filled, bare):
    order = "G" + "0f" * 12
    tried = payment(2, out_trade_no=order, try_no=2)
    first = Attempt(payment_id="pay2", channel="alipay", product="qr", choice={}, created_at=tried.created_at)
    async with filled() as unit:
        await unit.insert_payments([tried])
        await unit.insert_attempts([replace(first, status=AttemptStatus.LOST), replace(first, try_no=2)])
        await unit.post([replace(posting(), id="lt2", key="double:2", kind="double")])
        await unit.commit()
    await filled.close()
    await migrate(engine, downgrade_to("0009"))
    assert await bare.fetchval("SELECT out_trade_no FROM payments WHERE id = 'pay2'") == f"{order}T2"
    assert [row["status"] for row in await bare.fetch("SELECT status FROM payment_attempts")] == ["REQUESTED"]
    await migrate(engine, upgrade_to("head"))
    row = await bare.fetchrow(
        "SELECT out_trade_no, p.try_no, a.try_no FROM payments AS p, payment_attempts AS a "
        "WHERE p.id = 'pay2' AND a.payment_id = p.id"
    )
    assert tuple(row) == (order, 2, 2)


async def test_what_is_still_to_be_done_with_events_survives_both_ways(engine, filled, bare):
    """One that was sent and published, one that is only to be published, one that is being sent, one that nobody has."""
    async with filled() as unit:
        await unit.add_outbox([event(number, due_at=NOW) for number in (2, 3, 4)])
        await unit.claim_outbox(NOW, lease_until=SOON, limit=9)
        await unit.finish_outbox(["ev1", "ev2"], {"ev4": NOW})
        token = await unit.begin_term("stream-relay", "i1", NOW)
        places = {row.event_id: seq for seq, row in (await unit.unpublished(9)).items()}
        await unit.mark_published([places["ev1"], places["ev3"]], role="stream-relay", token=token)
        await unit.commit()
    await filled.close()
    await migrate(engine, downgrade_to("0012"))
    rows = await bare.fetch("SELECT event_id, due_at, attempts, sent_at, published_at FROM outbox ORDER BY event_id")
    assert [(row[0], row[1:3], row[3] is not None, row[4] is not None) for row in rows] == [
        ("ev1", (NOW, 1), True, True),
        ("ev2", (NOW, 1), True, False),
        ("ev3", (SOON, 1), False, True),
        ("ev4", (NOW, 1), False, False),
    ]
    await migrate(engine, upgrade_to("head"))
    to_send = await bare.fetch("SELECT * FROM outbox_to_send ORDER BY event_id")
    assert [tuple(row) for row in to_send] == [("ev3", SOON, 1), ("ev4", NOW, 1)]
    to_publish = await bare.fetch(
        "SELECT p.* FROM outbox_to_publish AS p JOIN outbox USING (seq, event_id) ORDER BY seq"
    )
    assert [tuple(row) for row in to_publish] == [(places["ev2"], "ev2"), (places["ev4"], "ev4")]


async def test_going_all_the_way_down_leaves_nothing_and_up_works_again(engine, filled, bare):
    await filled.close()
    await migrate(engine, downgrade_to("base"))
    tables = await bare.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    assert [row["tablename"] for row in tables] == ["alembic_version"]
    assert await bare.fetchval("SELECT count(*) FROM pg_proc WHERE proname LIKE 'ledger%'") == 0
    await migrate(engine, upgrade_to("head"))
    assert await bare.fetchval("SELECT count(*) FROM payments") == 0


async def test_four_gateways_starting_at_once_migrate_once(database_url, bare):
    stores = [SqlStore(database_url) for _ in range(4)]
    await asyncio.gather(*(store.open() for store in stores))
    try:
        assert await bare.fetchval("SELECT count(*) FROM alembic_version") == 1
    finally:
        await asyncio.gather(*(store.close() for store in stores))


BROKEN_RULES = [
    (
        "INSERT INTO ledger_entries (transaction_id, account, amount_fen) VALUES ('lt1', 'app:live', -1)",
        "ledger_entries_sum_zero",
    ),
    (
        (
            "INSERT INTO ledger_entries (transaction_id, account, amount_fen) "
            "VALUES ('lt1', 'app:live', 300), ('lt1', 'channel:alipay', -300)"
        ),
        "ledger_accounts_balance_check",
    ),
    (
        (
            "INSERT INTO ledger_entries (transaction_id, account, amount_fen) "
            "VALUES ('lt1', 'app:live', 0), ('lt1', 'channel:alipay', 0)"
        ),
        "ledger_entries_amount_not_zero",
    ),
    (
        (
            "INSERT INTO ledger_entries (transaction_id, account, amount_fen) "
            "VALUES ('lt1', 'app:live', 1), ('lt1', 'channel:alipay', -1), "
            "('lt8', 'app:live', 1), ('lt8', 'channel:alipay', -1)"
        ),
        "ledger_entries_transaction_fkey",
    ),
    (
        (
            "INSERT INTO ledger_entries (transaction_id, account, amount_fen) "
            "VALUES ('lt1', 'app:live', 1), ('lt1', 'app:nobody', -1)"
        ),
        "ledger_entries_account_fkey",
    ),
    (
        (
            "INSERT INTO ledger_entries (transaction_id, account, amount_fen) "
            "VALUES ('lt1', 'app:nobody', 1), ('lt1', 'app:nobody', -1)"
        ),
        "ledger_entries_account_fkey",
    ),
    ("DELETE FROM ledger_accounts WHERE name = 'app:nobody'", "ledger_accounts_kept"),
    ("UPDATE ledger_accounts SET name = name || '2'", "ledger_accounts_kept"),
    ("TRUNCATE ledger_accounts", "ledger_accounts_kept"),
    ("UPDATE ledger_entries SET amount_fen = 1", "ledger_append_only"),
    ("DELETE FROM ledger_entries", "ledger_append_only"),
    ("TRUNCATE ledger_entries", "ledger_append_only"),
    ("DELETE FROM ledger_transactions", "ledger_append_only"),
    ("UPDATE ledger_accounts SET balance_fen = -1", "ledger_accounts_balance_check"),
    ("INSERT INTO ledger_unfolded (account, amount_fen) VALUES ('app:live', 0)", "ledger_unfolded_amount_positive"),
    ("UPDATE goods SET available = -1", "goods_stock_not_negative"),
    ("UPDATE red_packets SET claimed_fen = amount_fen + 1", "red_packets_claims_within_amount"),
    ("UPDATE red_packets SET count = amount_fen + 1", "red_packets_one_fen_each"),
    ("UPDATE red_packets SET status = 'LOST'", "red_packets_status_known"),
    ("INSERT INTO red_packet_shares VALUES ('rp1', 1, 0)", "red_packet_shares_one_fen"),
    ("UPDATE rooms SET fee_basis_points = 10001", "rooms_fee_known"),
    ("UPDATE payouts SET amount_fen = 0", "payouts_amount_positive"),
    ("UPDATE payments SET refunded_fen = 101", "payments_refunds_within_amount"),
    ("UPDATE payments SET status = 'LOST'", "payments_status_known"),
    ("UPDATE payments SET amount_fen = 0", "payments_amount_positive"),
    ("UPDATE refunds SET status = 'LOST'", "refunds_status_known"),
    ("DELETE FROM payments WHERE id = 'pay9'", "payments_kept"),
    ("TRUNCATE payments CASCADE", "payments_kept"),
    ("UPDATE payments SET id = id || '2'", "payments_kept"),
    ("UPDATE payment_attempts SET payment_id = 'pay9'", "payments_kept"),
    (
        (
            "INSERT INTO payment_attempts (payment_id, channel, product, choice, status, created_at, try_no) VALUES "
            "('pay1', 'wallet', 'qr', '{}', 'OPENED', now(), 1), ('pay9', 'wallet', 'qr', '{}', 'OPENED', now(), 1)"
        ),
        "payment_attempts_payment_fkey",
    ),
    (
        (
            "INSERT INTO ledger_transactions (id, posting_key, kind, payment_id, at) "
            "VALUES ('lt9', 'payment:pay9', 'payment', 'pay9', now())"
        ),
        "ledger_transactions_payment_fkey",
    ),
    (
        (
            "INSERT INTO ledger_transactions (id, posting_key, kind, payment_id, at) "
            "VALUES ('lt9', 'payment:pay1', 'payment', 'pay1', now())"
        ),
        "ledger_transactions_posting_key",
    ),
]


@pytest.mark.parametrize(("statement", "rule"), BROKEN_RULES)
async def test_the_database_refuses_what_breaks_its_rules(filled, bare, statement, rule):
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as caught:
        await bare.execute(statement)
    assert caught.value.constraint_name == rule


async def test_a_ring_of_waiting_is_told_as_a_conflict(filled):
    async with filled() as unit:
        await unit.insert_payments([payment(2)])
        await unit.commit()

    met = asyncio.Barrier(2)

    async def lock(first: str, second: str) -> None:
        async with filled() as unit:
            await unit.lock_payments([first])
            await met.wait()
            await unit.lock_payments([second])

    ends = await asyncio.gather(lock("G1", "G2"), lock("G2", "G1"), return_exceptions=True)
    assert [type(end) for end in ends if end is not None] == [StoreConflict]


async def test_losing_the_connection_is_told_as_a_store_that_is_away_and_the_next_one_works(filled, bare):
    async with filled() as unit:
        await unit.payment("live", "pay1")
        await bare.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        with pytest.raises(StoreUnavailable):
            await unit.payment("live", "pay1")
    async with filled() as unit:
        assert await unit.payment("live", "pay1") is not None


async def test_a_connection_that_the_driver_saw_end_is_told_as_a_store_that_is_away(filled, bare):
    ended = asyncio.Event()
    async with filled() as unit:
        await unit.payment("live", "pay1")
        unit._connection.add_termination_listener(lambda _: ended.set())
        await bare.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await asyncio.wait_for(ended.wait(), timeout=10)
        with pytest.raises(StoreUnavailable):
            await unit.payment("live", "pay1")
    async with filled() as unit:
        assert await unit.payment("live", "pay1") is not None


async def test_no_server_is_told_as_a_store_that_is_away(tmp_path):
    store = SqlStore(f"postgresql+asyncpg://postgres@/postgres?host={tmp_path}")
    with pytest.raises(StoreUnavailable):
        await store.open()


async def test_another_kind_of_database_is_refused():
    with pytest.raises(SettingsRefused):
        SqlStore("sqlite+aiosqlite:///x")
