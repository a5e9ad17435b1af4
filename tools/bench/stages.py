"""
What one payment costs its gateway, stage by stage: each stage's own code, warm, alone, over real servers where it asks.

Processor time of this process for one payment; batches where the gateway commits batches. What PostgreSQL, Redis and
the other end of a connection spend is theirs. Stages leave out what lies between them: the event loop, the socket.
"""

import asyncio
import hmac
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp

from harness.world.postgres import provide_postgres
from harness.world.redis_server import provide_redis
from harness.world.supervisor import Supervisor
from reference_gateway.apps import App
from reference_gateway.channels.alipay.gateway import SignedParams
from reference_gateway.channels.alipay.setup import _merchant
from reference_gateway.channels.registry import channels_for
from reference_gateway.clock import SystemClock
from reference_gateway.domain.accounts import standing_accounts
from reference_gateway.domain.events import event_row, payment_view
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.records import InboxRow, Posting, Transition, app_account, channel_account
from reference_gateway.http.auth import string_to_sign
from reference_gateway.http.bodies import PaymentBody, parse
from reference_gateway.http.problems import json_response
from reference_gateway.ids import RandomIds
from reference_gateway.service.nonces import SqlNonces
from reference_gateway.service.orders.create_payment import OrderRequest, attempt_of
from reference_gateway.settings import GatewaySettings
from reference_gateway.store.redis_nonces import RedisNonces
from reference_gateway.store.sql_store import SqlStore
from reference_gateway.webhooks import HttpWebhookSender, webhook_signature
from tools.bench.admission import order
from tools.bench.gateway import APP, SECRET, signed
from tools.bench.notifies import TOLD, papers
from tools.bench.yardsticks import on_core

BATCH, REPEATS = 64, 8

Stage = Callable[[], Awaitable[None]]


@dataclass
class Bench:
    """Everything that stages work with."""

    settings: GatewaySettings
    store: SqlStore
    nonces: RedisNonces
    http: aiohttp.ClientSession
    sender: HttpWebhookSender
    url: str

    def __post_init__(self) -> None:
        self.clock, self.ids, self.made = SystemClock(), RandomIds(), 0
        self.channels = channels_for(self.settings, clock=self.clock)
        self.app = App(app_id=APP, secret=SECRET, webhook_url=self.url)
        request = signed(1, order(1))
        self.body = request.partition(b"\r\n\r\n")[2]
        self.paid: list[Payment] = []

    def payments(self) -> list[Payment]:
        """A batch of new orders."""
        self.made += BATCH
        return [self.payment(parse(PaymentBody, "application/json", self.body).request(), n) for n in range(BATCH)]

    def payment(self, request: OrderRequest, number: int) -> Payment:
        now, order_no = self.clock.now(), f"s-{self.made}-{number}"
        return Payment(
            id=self.ids.new("pay"), app_id=APP, merchant_order_no=order_no, out_trade_no=self.ids.new("G"),
            channel="alipay", product="qr", amount_fen=request.amount_fen, currency="CNY", subject=request.subject,
            buyer_id=request.buyer_id, room_id=None, attach=None, request_digest=request.digest(), created_at=now,
            expires_at=now + timedelta(seconds=900), poll_at=now, end_at=now + timedelta(seconds=900),
        )  # fmt: skip


def _each(work: Callable[[], object]) -> Callable[[Bench], Stage]:
    """A stage that asks nobody: as often as it takes to be measured."""

    async def run() -> None:
        for _ in range(BATCH):
            work()

    return lambda _: run


def _bytes(path: Path | None) -> bytes:
    return b"" if path is None else path.read_bytes()


def _quick(bench: Bench) -> dict[str, Stage]:
    """Stages that ask nobody."""

    def auth() -> None:
        line = string_to_sign("POST", "/api/v1/payments", timestamp="1764201600", nonce="n-12345678", body=bench.body)
        hmac.compare_digest(hmac.new(SECRET.encode(), line, "sha256").hexdigest(), "0" * 64)

    params: Any = SignedParams(_merchant(bench.settings, _bytes), bench.clock)
    business = {"out_trade_no": "G1", "total_amount": "19.99", "subject": "a month of membership"}
    payment = bench.payments()[0]
    quick: dict[str, Callable[[], object]] = {
        "parse and validate": lambda: parse(PaymentBody, "application/json", bench.body).request(),
        "auth (HMAC)": auth,
        "the order's record": lambda: bench.payment(parse_once, 0),
        "answer": lambda: json_response(payment_view(payment), status=202),
        "channel signing (RSA)": lambda: params("alipay.trade.precreate", business),
        "event's bytes": lambda: event_row("ev1", "payment.paid", payment=payment, at=payment.created_at),
        "webhook signing": lambda: webhook_signature("secret", "1764201600", bench.body),
    }
    parse_once = parse(PaymentBody, "application/json", bench.body).request()
    for name, told in TOLD.items():
        channel, (body, headers) = bench.channels[name], told("G00000001")
        quick[f"notify verify: {name}"] = lambda c=channel, h=headers, b=body: c.parse_notify(h, b)  # type: ignore[misc]
    return {name: _each(work)(bench) for name, work in quick.items()}


def _storing(bench: Bench) -> dict[str, Stage]:
    """Stages that ask PostgreSQL or Redis."""

    async def nonces() -> None:
        await asyncio.gather(*(bench.nonces.spend(APP, bench.ids.new("n"), durable=True) for _ in range(BATCH)))

    async def admission() -> None:
        payments = bench.payments()
        async with bench.store() as unit:
            await unit.insert_payments(payments)
            await unit.insert_attempts([attempt_of(payment, None) for payment in payments])
            await unit.commit()
        bench.paid = payments

    async def inbox() -> None:
        now = bench.clock.now()
        rows = [InboxRow("alipay", bench.ids.new("id:"), "n", "G1", "booked", bench.body, now) for _ in range(BATCH)]
        async with bench.store() as unit:
            await unit.lock_payments([payment.out_trade_no for payment in bench.paid])
            await unit.record_inbox(rows)
            await unit.commit()

    async def ledger() -> None:
        now, debit, credit = bench.clock.now(), channel_account("alipay"), app_account(APP)
        new = bench.ids.new
        rows = [
            Posting(new("lt"), new("payment:"), "payment", p.id, None, debit, credit, p.amount_fen, now)
            for p in bench.paid
        ]
        moves = [Transition("payment", p.id, "PENDING", "pay", "PAID", True, "", now) for p in bench.paid]
        async with bench.store() as unit:
            await unit.save_payments(bench.paid)
            await unit.record_transitions(moves)
            await unit.post(rows)
            await unit.commit()

    async def outbox() -> None:
        now = bench.clock.now()
        rows = [event_row(bench.ids.new("ev"), "payment.paid", payment=p, at=now) for p in bench.paid]
        async with bench.store() as unit:
            await unit.add_outbox(rows)
            await unit.commit()
        async with bench.store() as unit:
            claimed = await unit.claim_outbox(now, lease_until=now + timedelta(seconds=30), limit=BATCH)
            await unit.commit()
        async with bench.store() as unit:
            await unit.finish_outbox([row.event_id for row in claimed], {})
            await unit.commit()

    return {
        "nonces (Redis, then SQL)": nonces,
        "SQL: order and attempt": admission,
        "SQL: lock and inbox": inbox,
        "SQL: state and ledger": ledger,
        "SQL: outbox, claimed, sent": outbox,
    }


def _calling(bench: Bench) -> dict[str, Stage]:
    """Stages that call another end, which answers nothing."""

    async def http() -> None:
        async def call() -> None:
            async with bench.http.post(bench.url, data=bench.body) as answer:
                await answer.read()

        await asyncio.gather(*(call() for _ in range(BATCH)))

    async def webhooks() -> None:
        payment, now = bench.paid[0], bench.clock.now()
        event = event_row("ev1", "payment.paid", payment=payment, at=now)
        await asyncio.gather(*(bench.sender.send(bench.app, event) for _ in range(BATCH)))

    return {"HTTP client, a call": http, "webhook, sent": webhooks}


async def _measured(stage: Stage) -> dict[str, float]:
    await stage()
    spent = []
    for _ in range(REPEATS):
        begun_s = time.process_time()
        await stage()
        spent.append(1e6 * (time.process_time() - begun_s) / BATCH)
    return {"us": round(statistics.median(spent), 1), "least": round(min(spent), 1), "most": round(max(spent), 1)}


async def _served(stack: AsyncExitStack) -> str:
    """Another end, in a process of its own, whose cost is none of ours."""
    script = Path(__file__).with_name("empty.py")
    command = on_core([sys.executable, str(script)], None)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    stack.callback(process.terminate)
    return str(json.loads(await process.stdout.readline())["url"])


async def _stages() -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="payproof-bench-")))
        os.chmod(folder, 0o711)  # noqa: PTH101, S103 (a server of another user reaches its data through it)
        supervisor = await stack.enter_async_context(Supervisor(folder / "logs"))
        store = SqlStore((await provide_postgres(supervisor, folder / "pg")).url)
        redis = await provide_redis(supervisor, folder / "redis")
        await store.open()
        stack.push_async_callback(store.close)
        told = {name[8:].lower(): value for name, value in papers(folder).items()}
        settings = GatewaySettings(database_url="x", apps_file=folder, **told)  # type: ignore[arg-type]
        nonces = RedisNonces(redis.url, SqlNonces(store, SystemClock()))
        stack.push_async_callback(nonces.close)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        sender = HttpWebhookSender(SystemClock())
        await sender.open()
        stack.push_async_callback(sender.close)
        bench = Bench(settings, store, nonces, http, sender, await _served(stack))
        async with store() as unit:
            await unit.open_accounts(standing_accounts(["alipay"], [APP]))
            await unit.commit()
        stages = {**_quick(bench), **_storing(bench), **_calling(bench)}
        return {"cpu_us": {name: await _measured(stage) for name, stage in stages.items()}, "batch": BATCH}


def stages(_: int) -> dict[str, Any]:
    """
    Microseconds of processor time for each stage of one payment.
    """
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_stages())


CASES: Mapping[str, Callable[[int], dict[str, Any]]] = {"stages": stages}
