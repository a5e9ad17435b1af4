"""How statements are carried out: by an index, whatever the tables held when the plan was made."""

import pytest
from sqlalchemy import TextClause

from reference_gateway.store import sql_feed, statements, statements_attempts, statements_streams
from reference_gateway.store.sql_connection import Connections, compiled

pytestmark = pytest.mark.asyncio

EACH_PAYMENT = {
    "lock": statements.LOCK_PAYMENTS,
    "save": statements.SAVE_PAYMENTS,
    "attempts": statements_attempts.SAVE_ATTEMPTS,
    "nonces": statements.FORGET_NONCES,
    "claim": statements.CLAIM_OUTBOX,
    "finish": statements.FINISH_OUTBOX,
    "publish": statements_streams.MARK_PUBLISHED,
    "unsettled": sql_feed.UNSETTLED,
    "due": statements.NEXT_DUE,
    "ledger": statements.LEDGER_LINES,
}
GROWING = ("payments", "payment_attempts", "request_nonces", "outbox", "ledger_entries", "ledger_transactions")


@pytest.mark.parametrize("name", EACH_PAYMENT)
async def test_what_each_payment_asks_reads_no_table_from_end_to_end(database_url: str, filled: None, name: str):
    plan = await _plan(database_url, EACH_PAYMENT[name])
    assert "Index" in plan
    for table in GROWING:
        assert f"Seq Scan on {table} " not in plan
    assert "Hash" not in plan
    assert "Merge Join" not in plan


async def _plan(url: str, statement: TextClause) -> str:
    """The plan that the gateway's own connections keep for a statement over empty tables."""
    connections = Connections(url, size=1)
    await connections.open()
    try:
        async with connections.pool.acquire() as connection:
            rows = await connection.fetch(f"EXPLAIN (GENERIC_PLAN) {compiled(statement)[0]}")
            return "\n".join(row[0] for row in rows)
    finally:
        await connections.close()
