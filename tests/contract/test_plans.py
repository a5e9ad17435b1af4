"""How statements are carried out: by an index, whatever the tables held when the plan was made."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import TextClause

from reference_gateway.store import (
    sql_feed,
    statements,
    statements_attempts,
    statements_live,
    statements_outbox,
    statements_reconciling,
)
from reference_gateway.store.sql_connection import Connections, compiled
from reference_gateway.store.sql_store import SqlStore

pytestmark = pytest.mark.asyncio

EACH_PAYMENT = {
    "lock": statements.LOCK_PAYMENTS,
    "save": statements.SAVE_PAYMENTS,
    "attempts": statements_attempts.SAVE_ATTEMPTS,
    "nonces": statements.FORGET_NONCES,
    "claim": statements_outbox.CLAIM_OUTBOX,
    "finish": statements_outbox.FINISH_OUTBOX,
    "postpone": statements_outbox.POSTPONE_OUTBOX,
    "unpublished": statements_outbox.UNPUBLISHED,
    "publish": statements_outbox.MARK_PUBLISHED,
    "feed": sql_feed.ALL,
    "due": statements.NEXT_DUE,
    "ledger": statements.LEDGER_LINES,
}
# Whoever chooses rows under a lock, and then changes or removes those.
CHOOSING = {
    name: statement
    for module in (statements, statements_live, statements_outbox)
    for name, statement in vars(module).items()
    if isinstance(statement, TextClause)
    and re.search(r"(UPDATE|DELETE FROM) .*FOR (NO KEY )?UPDATE", statement.text, re.DOTALL)
}
GROWING = (
    "payments",
    "payment_attempts",
    "request_nonces",
    "outbox",
    "outbox_to_send",
    "outbox_to_publish",
    "ledger_entries",
    "ledger_transactions",
)


async def test_what_each_payment_asks_reads_no_table_from_end_to_end(database_url: str):
    plans = await _plans(database_url)
    assert plans.keys() == EACH_PAYMENT.keys()
    for name, plan in plans.items():
        assert "Index" in plan, name
        assert "Hash Join" not in plan, name
        assert "Merge Join" not in plan, name
        for table in GROWING:
            assert f"Seq Scan on {table} " not in plan, name


async def test_an_order_is_looked_up_by_its_key_and_not_among_all_of_its_app(database_url: str):
    async with _connected(database_url) as connection:
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        by_order = await _plan(connection, "by_order", statements.PAYMENTS_BY_ORDER)
        by_id = await _plan(connection, "by_id", statements.PAYMENT)
        listed = await _plan(connection, "listed", statements.LIST_PAYMENTS)
    assert "using payments_order_key" in by_order
    assert "using payments_pkey" in by_id
    assert "using payments_by_app" in listed


async def test_what_is_to_be_done_is_found_by_its_time_and_its_event_by_its_number(database_url: str):
    plans = await _plans(database_url)
    assert "using outbox_to_send_by_due on outbox_to_send" in plans["claim"]
    assert "using outbox_to_send_by_due on outbox_to_send" in plans["due"]
    assert "using outbox_to_publish_pkey on outbox_to_publish" in plans["unpublished"]
    for name in ("claim", "unpublished"):
        assert "using outbox_pkey on outbox o" in plans[name], plans[name]
        assert "Materialize" not in plans[name], plans[name]
    for name in ("claim", "finish", "postpone", "publish"):
        assert "Index Cond: (event_id = " in plans[name] or "Index Cond: (seq = " in plans[name], plans[name]


@pytest.mark.parametrize("name", sorted(CHOOSING))
async def test_what_is_taken_is_chosen_before_anything_is_changed(database_url: str, name: str):
    """Chosen in a join, it may be chosen anew for each row that there is, and locked beyond the limit."""
    async with _connected(database_url) as connection:
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        plan = await _plan(connection, "chosen", CHOOSING[name])
    assert "InitPlan" in plan
    assert "Semi Join" not in plan
    assert "Aggregate" not in plan


async def test_a_crowd_after_a_time_in_which_nothing_waited_is_claimed_as_ever(database_url: str):
    """
    A queue that was tidied up while one row was in it is planned as one of one row, for as long as the plan is kept.
    """
    queue = "INSERT INTO outbox_to_send (event_id, due_at, attempts) SELECT 'e' || n, now(), 0 FROM generate_series"
    asked, names = compiled(statements_outbox.CLAIM_OUTBOX)
    async with _connected(database_url) as connection:
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        await connection.execute(f"{queue}(1, 5000) AS n")
        await connection.execute("DELETE FROM outbox_to_send WHERE event_id <> 'e5000'")
        await connection.execute("VACUUM ANALYZE outbox_to_send")
        await connection.execute("DELETE FROM outbox_to_send")
        await connection.execute(f"{queue}(1, 600) AS n")
        soon, later = await connection.fetchrow("SELECT now() + interval '1 second', now() + interval '31 seconds'")
        given = {"now": soon, "lease_until": later, "limit": 256}
        await connection.fetch(asked, *(given[name] for name in names))
        claimed = await connection.fetchval("SELECT count(*) FROM outbox_to_send WHERE attempts = 1")
    assert claimed == 256


@pytest.mark.parametrize("asked", [statements_reconciling.KNOWN_PAYMENTS, statements_reconciling.KNOWN_REFUNDS])
async def test_a_bills_numbers_are_looked_up_one_by_one(database_url: str, asked: TextClause):
    spelt, parameters = compiled(asked)
    numbers = [f"G{number}" for number in range(1000)]
    async with _connected(database_url) as connection:
        rows = await connection.fetch(f"EXPLAIN {spelt}", *(numbers for _ in parameters))
    plan = "\n".join(row[0] for row in rows)
    assert "Index Cond: (payment_id = p.id)" in plan
    assert "Materialize" not in plan


async def _plans(url: str) -> dict[str, str]:
    """The plans that the gateway's own connections make while its tables are empty."""
    async with _connected(url) as connection:
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        return {name: await _plan(connection, name, statement) for name, statement in EACH_PAYMENT.items()}


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Any]:
    """One of the gateway's own connections to a migrated database."""
    store = SqlStore(url)
    await store.open()
    await store.close()
    connections = Connections(url, size=1)
    await connections.open()
    try:
        async with connections.pool.acquire() as connection:
            yield connection
    finally:
        await connections.close()


async def _plan(connection: Any, name: str, statement: TextClause) -> str:
    spelt, parameters = compiled(statement)
    await connection.execute(f"PREPARE p_{name} AS {spelt}")
    given = f"({', '.join('NULL' for _ in parameters)})" if parameters else ""
    return "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN EXECUTE p_{name}{given}"))
