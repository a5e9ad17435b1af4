"""
What a payment costs when few are stored, and when a million are.

Two homes, played in turns. Into the second's database the payments of one run are copied until there are a million,
with all that belongs to each: attempt, transitions, ledger, inbox, outbox. The copies are another app's, so that the
audit after each round reads this app's payments alone; every index has them all.
"""

import asyncio
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import asyncpg

from harness.clock import SystemClock
from harness.world.home import Home
from harness.world.postgres import provide_postgres
from harness.world.supervisor import Supervisor
from tools.bench.chain import GROUPS, RSA, home_in, middle, run

SECONDS = 8
STORED = 1_000_000
SEEDED_S = 6
FLAT = 1.10
# What makes a row another payment's; numbers that the database gives are given anew.
TABLES: Mapping[str, tuple[str, ...]] = {
    "payments": ("id", "merchant_order_no", "out_trade_no"),
    "payment_attempts": ("payment_id",),
    "transitions": ("subject_id",),
    "ledger_transactions": ("id", "posting_key", "payment_id"),
    "ledger_entries": ("transaction_id",),
    "notify_inbox": ("dedupe_key", "notify_id", "out_trade_no"),
    "outbox": ("event_id", "subject_id"),
}
_COLUMNS = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = $1 AND is_identity = 'NO' ORDER BY ordinal_position
"""


def stored(rounds: int) -> dict[str, Any]:
    """
    Processor time a payment over a fresh database and over one with a million payments.
    """
    words = ("capacity", "--generator", "light", "--mix", RSA, "--duration")
    with tempfile.TemporaryDirectory(prefix="payproof-bench-") as few, tempfile.TemporaryDirectory() as many:
        homes = {"few": home_in(few), "many": home_in(many)}
        for home in homes.values():
            run(home, *words, str(SEEDED_S))
        counted = asyncio.run(_fill(homes["many"], Path(many)))
        made: dict[str, list[dict[str, Any]]] = {name: [] for name in homes}
        for number in range(1, rounds + 1):
            for name, home in homes.items():
                made[name].append(run(home, *words, str(SECONDS), "--seed", str(number)))
    cost = {
        name: {group: middle([1000 * one["cpu_s"][group] / one["settled"] for one in runs]) for group in GROUPS}
        for name, runs in made.items()
    }
    sums = {name: [1000 * sum(one["cpu_s"].values()) / one["settled"] for one in runs] for name, runs in made.items()}
    ratios = [much / little for little, much in zip(sums["few"], sums["many"], strict=True)]
    return {
        "targets": {"ratio": FLAT},
        "stored": counted,
        "cpu_ms_per_payment": cost,
        "ratio": middle(ratios),
        "spread": [round(min(ratios), 3), round(max(ratios), 3)],
        "payments_per_s": {name: middle([one["payments_per_s"] for one in runs]) for name, runs in made.items()},
        "cores": os.cpu_count(),
        "rounds": rounds,
    }


async def _fill(folder: Path, logs: Path) -> int:
    with Home(folder, notice=lambda _: None) as home:
        async with Supervisor(logs / "logs", clock=SystemClock()) as supervisor:
            database = await provide_postgres(supervisor, home.postgres)
            # Durable again before the server ends: a checkpoint writes everything down.
            connection = await asyncpg.connect(database.url.replace("postgresql+asyncpg", "postgresql"))
            try:
                return await _copy(connection)
            finally:
                await connection.close()


async def _copy(connection: Any) -> int:
    own = await connection.fetchval("SELECT count(*) FROM payments")
    await connection.execute("SET session_replication_role = replica; SET synchronous_commit = off")
    for table, names in TABLES.items():
        columns = [row[0] for row in await connection.fetch(_COLUMNS, table)]
        told = ", ".join(_copied(column, names) for column in columns)
        spelt = ", ".join(columns)
        copies = f"SELECT {told} FROM {table} CROSS JOIN generate_series(1, {STORED // own}) AS n"  # noqa: S608 - ours
        await connection.execute(f"INSERT INTO {table} ({spelt}) {copies}")
    await connection.execute("VACUUM (ANALYZE)")
    await connection.execute("CHECKPOINT")
    return int(await connection.fetchval("SELECT count(*) FROM payments"))


def _copied(column: str, names: tuple[str, ...]) -> str:
    if column == "app_id":
        return "'stored'"
    return f"{column} || '-' || n" if column in names else column


CASES: Mapping[str, Callable[[int], dict[str, Any]]] = {"stored": stored}
