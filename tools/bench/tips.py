"""
Tips from wallets through the reference gateway: into one room, and into a thousand, in turns.

Real servers with their durability on, one gateway process; requests are signed beforehand and answered over kept
connections. Wallets are filled through the store, as many as there are buyers.
"""

import asyncio
import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from reference_gateway.domain.accounts import streamer_account, wallet_account
from reference_gateway.domain.money import Fen
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.records import Account, Posting
from reference_gateway.domain.room import Room
from reference_gateway.domain.transitions import PaymentStatus
from reference_gateway.store.sql_store import SqlStore
from tools.bench.gateway import APP, Gateway, gateway, signed
from tools.bench.paced import Paced, paced
from tools.bench.replay import Replay, replay

BUYERS, ROOMS = 2000, 1000
CALLS = 12_000
CONNECTIONS = 256
HALF_CALLS = 6000
LEVELS: Mapping[str, float] = {"p50": 50, "p99": 99}
FILLED_FEN = 10**9


async def _furnish(served: Gateway) -> None:
    """Make rooms and full wallets."""
    store = SqlStore(served.database_url)
    await store.open()
    now = datetime.now(UTC)  # noqa: TID251 (a benchmark lives in real time)
    try:
        async with store() as unit:
            await unit.insert_rooms([_room(number, now) for number in range(ROOMS)])
            streamers = [streamer_account(APP, f"s{number}") for number in range(ROOMS)]
            wallets = [wallet_account(APP, f"b{number}") for number in range(BUYERS)]
            await unit.open_accounts([Account("channel:bench", 1)])
            await unit.open_accounts([Account(name, -1) for name in (*streamers, *wallets)])
            await unit.insert_payments([_topup(now)])
            await unit.post(
                [
                    Posting(f"lt{n}", f"topup:{n}", "topup", "top", None, "channel:bench", name, Fen(FILLED_FEN), now)
                    for n, name in enumerate(wallets)
                ]
            )
            await unit.commit()
    finally:
        await store.close()


def _room(number: int, now: datetime) -> Room:
    return Room(
        id=f"r{number}", app_id=APP, streamer_id=f"s{number}", title="bench", fee_basis_points=3000, created_at=now
    )


def _topup(now: datetime) -> Payment:
    return Payment(
        id="top",
        app_id=APP,
        merchant_order_no="top",
        out_trade_no="Gtop",
        channel="bench",
        product="qr",
        amount_fen=Fen(1),
        currency="CNY",
        subject="filled",
        buyer_id=None,
        room_id=None,
        attach=None,
        request_digest="",
        created_at=now,
        expires_at=now,
        status=PaymentStatus.PAID,
    )


def _tip(number: int, room: str) -> dict[str, Any]:
    return {
        "merchant_order_no": f"t-{number}",
        "amount_fen": 100,
        "currency": "CNY",
        "subject": "tip",
        "channel": "wallet",
        "product": "balance",
        "purpose": "tip",
        "room_id": room,
        "buyer_id": f"b{number % BUYERS}",
    }


def _judge(answer: bytes) -> str:
    return "ok" if answer.startswith(b"HTTP/1.1 201") and b'"status":"PAID"' in answer else answer[:300].decode()


async def _round(served: Gateway, first: int, *, rooms: int, calls: int) -> Replay:
    tips = [signed(number, _tip(number, f"r{number % rooms}")) for number in range(first, first + calls)]
    done = await replay(served.url, tips, judge=_judge, pid=served.pid, connections=CONNECTIONS)
    if set(done.answers) != {"ok"}:
        raise SystemExit(f"bench: tips were not answered as they should be: {done.answers.most_common(2)}")
    return done


async def _tips(rounds: int) -> dict[str, Any]:
    async with gateway() as served:
        await _furnish(served)
        await _round(served, 0, rooms=ROOMS, calls=1000)
        made: dict[int, list[Replay]] = {1: [], ROOMS: []}
        half: list[Paced] = []
        first = 1000
        for _ in range(rounds):
            for rooms, done in made.items():
                done.append(await _round(served, first, rooms=rooms, calls=CALLS))
                first += CALLS
            half.append(await _half(served, first, per_s=made[1][-1].per_s / 2))
            first += HALF_CALLS
    return {**_told(made, served.durability), "half_load": _told_half(half)}


async def _half(served: Gateway, first: int, *, per_s: float) -> Paced:
    """Into one room at half of the rate that it has just carried, on a schedule."""
    tips = [signed(number, _tip(number, "r0")) for number in range(first, first + HALF_CALLS)]
    done = await paced(served.url, tips, per_s=per_s, judge=_judge)
    if set(done.answers) != {"ok"}:
        raise SystemExit(f"bench: tips were not answered as they should be: {done.answers.most_common(2)}")
    return done


def _told_half(half: Sequence[Paced]) -> dict[str, Any]:
    levels = {name: [one.latency.percentile_ms(level) for one in half] for name, level in LEVELS.items()}
    return {
        "target": {"p99_ms": 50},
        **{f"{name}_ms": round(statistics.median(values), 1) for name, values in levels.items()},
        "p99_spread_ms": [round(min(levels["p99"]), 1), round(max(levels["p99"]), 1)],
        "lag_p99_ms": round(max(one.lag.percentile_ms(99) for one in half if one.lag.count), 1),
    }


def _told(made: Mapping[int, Sequence[Replay]], durability: Mapping[str, str]) -> dict[str, Any]:
    one, many = ([replayed.per_s for replayed in made[rooms]] for rooms in (1, ROOMS))
    ratios = [a / b for a, b in zip(one, many, strict=True)]
    cpu_ms = [1000 * replayed.cpu_s / replayed.calls for replayed in made[ROOMS]]
    return {
        "target": {"tips_per_s": 3000, "ratio": 0.6},
        "one_room_per_s": round(statistics.median(one)),
        "thousand_rooms_per_s": round(statistics.median(many)),
        "ratio": round(statistics.median(ratios), 3),
        "spread": [round(min(ratios), 3), round(max(ratios), 3)],
        "gateway_cpu_ms": round(statistics.median(cpu_ms), 3),
        "connections": CONNECTIONS,
        "durability": durability,
        "cores": os.cpu_count(),
        "rounds": len(ratios),
    }


def wallet_tips(rounds: int) -> dict[str, Any]:
    """
    Tips a second into one room, and into a thousand.
    """
    return asyncio.run(_tips(rounds))


CASES: Mapping[str, Callable[[int], dict[str, Any]]] = {"wallet-tips": wallet_tips}
