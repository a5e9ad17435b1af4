"""The gateway as a process: ready line, graceful stop, and SIGKILL at every place where it matters."""

import asyncio
import base64
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from reference_gateway.channels.alipay.signing import load_private_key, sign
from reference_gateway.clock import SystemClock
from reference_gateway.crash import PLACES
from tests.unit.reference_gateway.support import APP, Merchant
from tests.unit.reference_gateway.test_gateway_alipay_bill import archive, details, line

pytestmark = [pytest.mark.asyncio, pytest.mark.processes]
REPO = Path(__file__).parents[2]
KEYS = REPO / "tests/vectors/keys"
PLATFORM_KEY = load_private_key((KEYS / "platform_private_key.pem").read_bytes())
PATIENCE_S = 90


class Outside:
    """Everything around the gateway: a provider with a book, and the app that takes webhooks."""

    def __init__(self) -> None:
        self.paid: set[str] = set()
        self.paid_on = ""
        self.bill_url = ""
        self.refunds: dict[str, int] = {}
        self.events: asyncio.Queue[Any] = asyncio.Queue()
        self.seen: list[Any] = []

    async def provider(self, request: web.Request) -> web.Response:
        form = await request.post()
        business = json.loads(str(form["biz_content"]))
        method = request.query["method"]
        inner = json.dumps(self.answer(method, business))
        key = f"{method.replace('.', '_')}_response"
        return web.Response(text=f'{{"{key}":{inner},"sign":"{sign(inner, PLATFORM_KEY)}"}}')

    async def bill(self, request: web.Request) -> web.Response:
        """Yesterday's bill: all that was paid."""
        del request
        rows = [line(amount="1.00", fee="0.00", order=number) for number in sorted(self.paid)]
        return web.Response(body=archive(details(*rows, payments=len(rows))))

    def answer(self, method: str, business: dict[str, str]) -> dict[str, str]:
        if method == "alipay.data.dataservice.bill.downloadurl.query":
            return {"code": "10000", "bill_download_url": self.bill_url}
        number = business["out_trade_no"]
        if method == "alipay.trade.precreate":
            return {"code": "10000", "out_trade_no": number, "qr_code": f"https://qr/{number}"}
        if method == "alipay.trade.refund":
            again = business["out_request_no"] in self.refunds
            self.refunds[business["out_request_no"]] = 1
            return {"code": "10000", "out_trade_no": number, "fund_change": "N" if again else "Y"}
        if method == "alipay.trade.fastpay.refund.query":
            found = {
                "refund_status": "REFUND_SUCCESS",
                "refund_amount": "1.00",
                "out_request_no": business["out_request_no"],
            }
            return {"code": "10000", **(found if business["out_request_no"] in self.refunds else {})}
        if number not in self.paid:
            return {"code": "40004", "sub_code": "ACQ.TRADE_NOT_EXIST"}
        trade = {"out_trade_no": number, "trade_no": "T", "trade_status": "TRADE_SUCCESS", "total_amount": "1.00"}
        paid_on = {"send_pay_date": f"{self.paid_on} 12:00:00"} if self.paid_on else {}
        return {"code": "10000", **trade, **paid_on}

    async def webhook(self, request: web.Request) -> web.Response:
        event = await request.json()
        self.seen.append(event)
        await self.events.put(event)
        return web.Response()

    async def told(self, kind: str) -> Any:
        """Wait for an event of that kind."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                event = await self.events.get()
                if event["type"] == kind:
                    return event


@pytest_asyncio.fixture
async def outside(tmp_path: Path) -> AsyncIterator[tuple[Outside, str]]:
    made = Outside()
    application = web.Application()
    application.router.add_post("/gateway.do", made.provider)
    application.router.add_post("/webhook", made.webhook)
    application.router.add_get("/bill", made.bill)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    made.bill_url = f"{url}/bill"
    apps = [{**APP.model_dump(), "webhook_url": f"{url}/webhook"}]
    (tmp_path / "apps.json").write_text(json.dumps(apps))
    try:
        yield made, url
    finally:
        await runner.cleanup()


@dataclass
class PatientMerchant(Merchant):
    """Repeats a request that was answered by 503, as the API's contract says: signed anew, after `Retry-After`."""

    repeated: int = 0

    async def call(self, method: str, target: str, body: Any = None, **changes: str) -> tuple[int, Any]:
        async with asyncio.timeout(PATIENCE_S):
            while (told := await self.send(method, target, body, **changes))[0] == 503:
                self.repeated += 1
                await self.clock.sleep(int(told[2]["Retry-After"]))
        return told[:2]


class Running:
    """One life of the gateway."""

    def __init__(self, process: asyncio.subprocess.Process, url: str, http: aiohttp.ClientSession) -> None:
        self.process = process
        self.http = http
        self.url = url
        self.merchant = PatientMerchant(http, url, SystemClock())  # type: ignore[arg-type]
        self.told_again = 0

    async def ended(self) -> int:
        async with asyncio.timeout(PATIENCE_S):
            return await self.process.wait()

    async def notify(self, payment: Any, notify_id: str = "n1") -> bytes:
        fields = {
            "app_id": "2021",
            "seller_id": "2088",
            "charset": "utf-8",
            "notify_id": notify_id,
            "trade_status": "TRADE_SUCCESS",
            "trade_no": "T",
            "out_trade_no": payment["out_trade_no"],
            "total_amount": "1.00",
        }
        text = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
        raw = PLATFORM_KEY.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        form = {**fields, "sign_type": "RSA2", "sign": base64.b64encode(raw).decode()}
        async with asyncio.timeout(PATIENCE_S):
            while True:
                async with self.http.post(f"{self.url}/notify/alipay", data=urlencode(form).encode()) as response:
                    if response.status != 503:
                        return await response.read()
                # Not stored: a provider tells it again on its ladder, here after a moment.
                self.told_again += 1
                await self.merchant.clock.sleep(1)


@asynccontextmanager
async def running(database_url: str, outside_url: str, folder: Path, **changes: str) -> AsyncIterator[Running]:
    variables = {
        "PATH": "/usr/bin:/bin",
        "GATEWAY_DATABASE_URL": database_url,
        "GATEWAY_ALIPAY_GATEWAY_URL": f"{outside_url}/gateway.do",
        "GATEWAY_ALIPAY_APP_ID": "2021",
        "GATEWAY_ALIPAY_SELLER_ID": "2088",
        "GATEWAY_ALIPAY_APP_PRIVATE_KEY_FILE": str(KEYS / "app_private_key.pem"),
        "GATEWAY_ALIPAY_PUBLIC_KEY_FILE": str(KEYS / "platform_public_key.pem"),
        "GATEWAY_APPS_FILE": str(folder / "apps.json"),
        "GATEWAY_POLL_LADDER_S": "[1,1,1,2]",
        "GATEWAY_CHANNEL_TIMEOUT_S": "2",
        "GATEWAY_WEBHOOK_TIMEOUT_S": "2",
        "GATEWAY_LEASE_S": "3",
        "GATEWAY_REFUND_CONFIRM_AFTER_S": "1",
        **changes,
    }
    with (folder / "gateway.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "reference_gateway",
            env=variables,
            cwd=REPO,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )
    try:
        assert process.stdout is not None
        ready = json.loads(await asyncio.wait_for(process.stdout.readline(), PATIENCE_S))
        assert ready["event"] == "ready"
        async with aiohttp.ClientSession() as http:
            yield Running(process, ready["url"], http)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(process.wait(), PATIENCE_S)


async def pay(life: Running) -> Any:
    _, payment = await life.merchant.pay("o-1", 100)
    return payment


async def refund(life: Running, payment: Any) -> Any:
    body = {"merchant_refund_no": "r-1", "amount_fen": 100}
    return await life.merchant.call("POST", f"/api/v1/payments/{payment['id']}/refunds", body)


async def whole_story(life: Running, around: Outside) -> None:
    """Pay, notify, refund; everything may be repeated, and the refund waits for the payment to be settled."""
    payment = await pay(life)
    around.paid.add(payment["out_trade_no"])
    assert await life.notify(payment) == b"success"
    status, answer = await refund(life, payment)
    assert status in (200, 201, 202), answer


COMPARISONS = [place for place in PLACES if place.startswith("reconcile.")]
# Every place is tried in forked gateways by tests/processes/test_crash_table.py; here two, through a real exec.
CRASHES = ["create.after_order_row", "notify.after_commit_before_ack"]


@pytest.mark.parametrize("place", CRASHES)
async def test_a_kill_anywhere_loses_nothing_and_books_nothing_twice(database_url, outside, tmp_path, place):
    around, url = outside
    async with running(database_url, url, tmp_path, GATEWAY_CRASH_POINT=place) as life:
        with contextlib.suppress(aiohttp.ClientError):
            await whole_story(life, around)
        assert await life.ended() == -signal.SIGKILL
    async with running(database_url, url, tmp_path) as life:
        await whole_story(life, around)
        told = await around.told("refund.succeeded")
        assert told["data"]["refund_status"] == "FULL"
        [exported] = await life.merchant.exported()
        assert [entry["amount_fen"] for entry in exported["credits"]] == [100]
        assert [entry["amount_fen"] for entry in exported["debits"]] == [100]
        assert len(around.refunds) == 1
    paid = {event["event_id"] for event in around.seen if event["type"] == "payment.paid"}
    refunded = {event["event_id"] for event in around.seen if event["type"] == "refund.succeeded"}
    assert (len(paid), len(refunded)) == (1, 1)


@pytest.mark.parametrize("place", ["query.after_channel_call"])
async def test_a_kill_while_asking_is_followed_by_asking_again(database_url, outside, tmp_path, place):
    around, url = outside
    async with running(database_url, url, tmp_path, GATEWAY_CRASH_POINT=place) as life:
        payment = await pay(life)
        around.paid.add(payment["out_trade_no"])
        assert await life.ended() == -signal.SIGKILL
    async with running(database_url, url, tmp_path):
        assert (await around.told("payment.paid"))["data"]["id"] == payment["id"]


@pytest.mark.parametrize("place", COMPARISONS)
async def test_a_kill_while_comparing_leaves_the_day_to_the_next_life(database_url, outside, tmp_path, place):
    around, url = outside
    around.paid_on = (SystemClock().now() + timedelta(hours=8, days=-1)).date().isoformat()
    body = {"channel": "alipay", "day": around.paid_on}
    patient = {"GATEWAY_POLL_LADDER_S": "[600]"}
    async with running(database_url, url, tmp_path, GATEWAY_CRASH_POINT=place, **patient) as life:
        payment = await pay(life)
        around.paid.add(payment["out_trade_no"])
        with contextlib.suppress(aiohttp.ClientError):
            await life.merchant.call("POST", "/api/v1/reconciliations", body)
        assert await life.ended() == -signal.SIGKILL
    async with running(database_url, url, tmp_path, **patient) as life:
        async with asyncio.timeout(PATIENCE_S):
            # The dead gateway's lease must run out first.
            while (await life.merchant.call("POST", "/api/v1/reconciliations", body))[1]["status"] != "done":
                await SystemClock().sleep(0.5)
        assert (await around.told("payment.paid"))["data"]["id"] == payment["id"]
        [exported] = await life.merchant.exported()
        assert [entry["amount_fen"] for entry in exported["credits"]] == [100]


async def test_sigterm_stops_gracefully_and_finishes_what_was_begun(database_url, outside, tmp_path):
    _, url = outside
    async with running(database_url, url, tmp_path) as life:
        payment = await pay(life)
        life.process.send_signal(signal.SIGTERM)
        assert await life.ended() == 0
    async with running(database_url, url, tmp_path) as life:
        assert (await life.merchant.payment(payment))["pay_params"] is not None


async def test_two_gateways_on_one_database_share_the_work(database_url, outside, tmp_path):
    around, url = outside
    async with running(database_url, url, tmp_path) as one, running(database_url, url, tmp_path) as two:
        payments = [(await life.merchant.pay(f"o-{n}", 100))[1] for n in range(10) for life in (one,)]
        for payment in payments:
            around.paid.add(payment["out_trade_no"])
        await asyncio.gather(*(life.notify(payment) for payment in payments for life in (one, two)))
        for _ in payments:
            await around.told("payment.paid")
        exported = await two.merchant.exported()
        assert [len(payment["credits"]) for payment in exported] == [1] * 10


async def test_the_process_says_nothing_secret(database_url, outside, tmp_path):
    _, url = outside
    async with running(database_url, url, tmp_path) as life:
        await pay(life)
    log = (tmp_path / "gateway.log").read_text()
    assert "gateway_started" in log
    assert APP.secret not in log
    assert os.fspath(KEYS) in log  # the settings are printed, and name the files
