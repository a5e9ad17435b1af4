"""
Orders that a gateway which only admits commits in PostgreSQL: signature, nonce, validation, row, answer.

The gateway has the role `admit`: each order is committed with its attempt and answered 202, and another instance would
call the channel. Requests are signed beforehand and sent over kept connections from the other core.
"""

import asyncio
import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import text

from reference_gateway.store.sql_store import SqlStore
from tools.bench.gateway import ALIPAY, Gateway, gateway, signed
from tools.bench.replay import Replay, replay

CALLS = 12_000
CONNECTIONS = 256
_COUNT = text("SELECT count(*) FROM payments AS p JOIN payment_attempts AS a ON a.payment_id = p.id")


def order(number: int) -> dict[str, Any]:
    """
    An order as a live room's platform would send it.
    """
    return {
        "merchant_order_no": f"a-{number}",
        "amount_fen": 1999,
        "currency": "CNY",
        "subject": "a month of membership",
        "channel": "alipay",
        "product": "qr",
        "buyer_id": f"b{number % 5000}",
    }


def _judge(answer: bytes) -> str:
    return "ok" if answer.startswith(b"HTTP/1.1 202") else answer[:300].decode()


async def admit(served: Gateway, numbers: range) -> Replay:
    """
    Have these orders admitted; all of them must be.
    """
    requests = [signed(number, order(number)) for number in numbers]
    done = await replay(served.url, requests, judge=_judge, pid=served.pid, connections=CONNECTIONS)
    if set(done.answers) != {"ok"}:
        raise SystemExit(f"bench: orders were not admitted: {done.answers.most_common(2)}")
    return done


async def _stored(served: Gateway) -> int:
    store = SqlStore(served.database_url)
    await store.open()
    try:
        async with store() as unit:
            return int((await unit._run(_COUNT)).scalar_one())  # noqa: SLF001
    finally:
        await store.close()


async def _rounds(rounds: int) -> dict[str, Any]:
    async with gateway({**ALIPAY, "GATEWAY_ROLE": "admit"}) as served:
        await admit(served, range(2000))
        starts = range(2000, 2000 + rounds * CALLS, CALLS)
        done = [await admit(served, range(start, start + CALLS)) for start in starts]
        stored = await _stored(served)
        if stored != 2000 + rounds * CALLS:
            raise SystemExit(f"bench: {2000 + rounds * CALLS} orders were answered, {stored} are in the database")
        return told(done, served.durability)


def told(done: Sequence[Replay], durability: Mapping[str, str]) -> dict[str, Any]:
    """
    The figures: processor time is the gateway's alone, the rate is on its one core beside all the others' on the other.
    """
    cpu_us = [1e6 * one.cpu_s / one.calls for one in done]
    rates = [one.per_s for one in done]
    return {
        "target": {"cpu_us": 143, "per_s_for_each_core": 7000},
        "cpu_us": round(statistics.median(cpu_us), 1),
        "cpu_us_spread": [round(min(cpu_us), 1), round(max(cpu_us), 1)],
        "per_s_for_each_core": round(1e6 / statistics.median(cpu_us)),
        "per_s": round(statistics.median(rates)),
        "per_s_spread": [round(min(rates)), round(max(rates))],
        "connections": CONNECTIONS,
        "durability": durability,
        "cores": os.cpu_count(),
        "rounds": len(done),
    }


def admission(rounds: int) -> dict[str, Any]:
    """
    Durable admissions: microseconds of the gateway's processor time for each, and how many a second.
    """
    return asyncio.run(_rounds(rounds))


CASES: Mapping[str, Callable[[int], dict[str, Any]]] = {"admission": admission}
