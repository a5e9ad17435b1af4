"""
The gateway under measurement: a process of its own over a real PostgreSQL and Redis, held to one core.

Whoever asks, PostgreSQL and Redis share the other core. What is durable is asked of the server itself by SHOW and
told with the figures. Knows no case.
"""

import asyncio
import hashlib
import hmac
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from harness.world.postgres import provide_postgres
from harness.world.redis_server import provide_redis
from harness.world.supervisor import Supervisor
from reference_gateway.store.sql_store import SqlStore
from tools.bench.yardsticks import apart, on_core

APP, SECRET = "bench", "a secret for a benchmark"
REPO = Path(__file__).parents[2]
KEYS = REPO / "tests" / "vectors" / "keys"
DURABLE = ("fsync", "synchronous_commit", "full_page_writes")
ALIPAY = {
    "GATEWAY_ALIPAY_GATEWAY_URL": "http://127.0.0.1:9/gateway.do",
    "GATEWAY_ALIPAY_APP_ID": "2021000000000001",
    "GATEWAY_ALIPAY_SELLER_ID": "2088000000000001",
    "GATEWAY_ALIPAY_APP_PRIVATE_KEY_FILE": str(KEYS / "app_private_key.pem"),
    "GATEWAY_ALIPAY_PUBLIC_KEY_FILE": str(KEYS / "platform_public_key.pem"),
}
"""A gateway wants a channel; whoever asks nothing of it leaves it at a closed door."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway that is ready, and its database's settings."""

    pid: int
    url: str
    database_url: str
    durability: Mapping[str, str]


@asynccontextmanager
async def gateway(told: Mapping[str, str] = ALIPAY, *, source: Path = REPO) -> AsyncIterator[Gateway]:
    """
    A gateway until the block ends.

    Args:
        told: settings beside those of the stores and the app.
        source: where its code is taken from; another checkout's is compared with this one's.
    """
    with apart() as core, tempfile.TemporaryDirectory(prefix="payproof-bench-") as name:
        folder = Path(name)
        os.chmod(folder, 0o711)  # noqa: PTH101, S103 (a server of another user reaches its data through it)
        (folder / "apps.json").write_text(json.dumps([{"app_id": APP, "secret": SECRET}]))
        async with Supervisor(folder / "logs") as supervisor:
            database = await provide_postgres(supervisor, folder / "pg")
            redis = await provide_redis(supervisor, folder / "redis")
            environment = {
                "PATH": "/usr/bin:/bin",
                "GATEWAY_DATABASE_URL": database.url,
                "GATEWAY_REDIS_URL": redis.url,
                "GATEWAY_APPS_FILE": str(folder / "apps.json"),
                **told,
            }
            command = on_core([sys.executable, "-m", "reference_gateway"], core)
            with (folder / "gateway.log").open("wb") as log:
                process = await asyncio.create_subprocess_exec(
                    *command, env=environment, cwd=source, stdout=asyncio.subprocess.PIPE, stderr=log
                )
            try:
                assert process.stdout is not None
                ready = await process.stdout.readline()
                if not ready:
                    said = (folder / "gateway.log").read_text()[-2000:]
                    raise SystemExit(f"bench: the gateway did not start: {said}")
                durability = await _durability(database.url)
                yield Gateway(process.pid, json.loads(ready)["url"], database.url, durability)
            finally:
                if process.returncode is None:
                    process.terminate()
                await process.wait()


async def _durability(url: str) -> dict[str, str]:
    store = SqlStore(url)
    await store.open()
    try:
        async with store() as unit:
            return {name: str((await unit._run(text(f"SHOW {name}"))).scalar_one()) for name in DURABLE}  # noqa: SLF001
    finally:
        await store.close()


def signed(number: int, order: Mapping[str, Any]) -> bytes:
    """
    The bytes of POST /api/v1/payments, signed now.

    Args:
        number: makes the nonce.
    """
    body = json.dumps(order).encode()
    now = datetime.now(UTC)  # noqa: TID251 (a benchmark lives in real time)
    target, timestamp, nonce = "/api/v1/payments", str(int(now.timestamp())), f"nonce-{number:012d}"
    line = "\n".join(("POST", target, timestamp, nonce, hashlib.sha256(body).hexdigest()))
    signature = hmac.new(SECRET.encode(), line.encode(), hashlib.sha256).hexdigest()
    head = (
        f"POST {target} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"X-App-Id: {APP}\r\nX-Timestamp: {timestamp}\r\nX-Nonce: {nonce}\r\nX-Signature: {signature}\r\n\r\n"
    )
    return head.encode() + body
