"""
Tips from wallets through the reference gateway: into one room, and into a thousand, in turns.

Real servers with their durability on, one gateway process; requests are signed beforehand and answered over kept
connections. Wallets are filled through the store, as many as there are buyers.
"""

import asyncio
import hashlib
import hmac
import json
import os
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.world.postgres import provide_postgres
from harness.world.redis_server import provide_redis
from harness.world.supervisor import Supervisor
from reference_gateway.domain.accounts import streamer_account, wallet_account
from reference_gateway.domain.money import Fen
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.records import Account, Posting
from reference_gateway.domain.room import Room
from reference_gateway.domain.transitions import PaymentStatus
from reference_gateway.store.sql_store import SqlStore
from tools.bench.replay import Replay, replay

APP, SECRET = "bench", "a secret for a benchmark"
BUYERS, ROOMS = 2000, 1000
CALLS = 12_000
CONNECTIONS = 256
FILLED_FEN = 10**9
REPO = Path(__file__).parents[2]
KEYS = REPO / "tests" / "vectors" / "keys"
DURABLE = ("fsync", "synchronous_commit", "full_page_writes")


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway that is ready."""

    pid: int
    url: str
    database_url: str


@asynccontextmanager
async def _gateway(folder: Path) -> AsyncIterator[Gateway]:
    (folder / "apps.json").write_text(json.dumps([{"app_id": APP, "secret": SECRET}]))
    async with Supervisor(folder / "logs") as supervisor:
        database = await provide_postgres(supervisor, folder / "pg")
        redis = await provide_redis(supervisor, folder / "redis")
        told = {
            "PATH": "/usr/bin:/bin",
            "GATEWAY_DATABASE_URL": database.url,
            "GATEWAY_REDIS_URL": redis.url,
            "GATEWAY_APPS_FILE": str(folder / "apps.json"),
            # A gateway wants a channel; nobody calls this one.
            "GATEWAY_ALIPAY_GATEWAY_URL": "http://127.0.0.1:9/gateway.do",
            "GATEWAY_ALIPAY_APP_ID": "2021000000000001",
            "GATEWAY_ALIPAY_SELLER_ID": "2088000000000001",
            "GATEWAY_ALIPAY_APP_PRIVATE_KEY_FILE": str(KEYS / "app_private_key.pem"),
            "GATEWAY_ALIPAY_PUBLIC_KEY_FILE": str(KEYS / "platform_public_key.pem"),
        }
        with (folder / "gateway.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "reference_gateway",
                env=told,
                cwd=REPO,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        try:
            assert process.stdout is not None
            ready = await process.stdout.readline()
            if not ready:
                raise SystemExit(f"bench: the gateway did not start: {(folder / 'gateway.log').read_text()[-2000:]}")
            yield Gateway(process.pid, json.loads(ready)["url"], database.url)
        finally:
            process.terminate()
            await process.wait()


async def _furnish(gateway: Gateway) -> dict[str, str]:
    """Make rooms and full wallets; return the server's durability settings."""
    store = SqlStore(gateway.database_url)
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
        async with store._opened().connect() as connection:  # noqa: SLF001
            return {name: str(await connection.scalar(_show(name))) for name in DURABLE}
    finally:
        await store.close()


def _show(name: str) -> Any:
    from sqlalchemy import text

    return text(f"SHOW {name}")


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


def _signed(number: int, room: str) -> bytes:
    body = json.dumps(
        {
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
    ).encode()
    now = datetime.now(UTC)  # noqa: TID251 (a benchmark lives in real time)
    target, timestamp, nonce = "/api/v1/payments", str(int(now.timestamp())), f"nonce-{number:012d}"
    text = "\n".join(("POST", target, timestamp, nonce, hashlib.sha256(body).hexdigest()))
    signature = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
    head = (
        f"POST {target} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"X-App-Id: {APP}\r\nX-Timestamp: {timestamp}\r\nX-Nonce: {nonce}\r\nX-Signature: {signature}\r\n\r\n"
    )
    return head.encode() + body


def _judge(answer: bytes) -> str:
    return "ok" if answer.startswith(b"HTTP/1.1 201") and b'"status":"PAID"' in answer else answer[:300].decode()


async def _round(gateway: Gateway, first: int, *, rooms: int, calls: int) -> Replay:
    signed = [_signed(number, f"r{number % rooms}") for number in range(first, first + calls)]
    done = await replay(gateway.url, signed, judge=_judge, pid=gateway.pid, connections=CONNECTIONS)
    if set(done.answers) != {"ok"}:
        raise SystemExit(f"bench: tips were not answered as they should be: {done.answers.most_common(2)}")
    return done


async def _tips(rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="payproof-bench-") as name:
        folder = Path(name)
        os.chmod(folder, 0o711)  # noqa: PTH101, S103 (a server of another user reaches its data through it)
        async with _gateway(folder) as gateway:
            durability = await _furnish(gateway)
            await _round(gateway, 0, rooms=ROOMS, calls=1000)
            made: dict[int, list[Replay]] = {1: [], ROOMS: []}
            first = 1000
            for _ in range(rounds):
                for rooms, done in made.items():
                    done.append(await _round(gateway, first, rooms=rooms, calls=CALLS))
                    first += CALLS
    return _told(made, durability)


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
