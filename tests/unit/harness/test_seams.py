"""
The clients that speak HTTP, against a few lines of aiohttp that answer what they are told.
"""

import asyncio
import hashlib
import hmac
import json

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from harness.control import BuyerAction, SimulatorControl
from harness.errors import ControlError, GatewaySilentError, SimulatorError
from harness.ids import Ids, label_of
from harness.sut.contract import NewPayment, Outcome
from harness.sut.reference import MerchantApp, ReferenceGateway, RetryPolicy
from harness.sut.sink import MerchantSink
from tests.unit.harness.rows import TickingClock

TRADE = {
    "provider": "alipay",
    "out_trade_no": "T1",
    "trade_no": "20261",
    "label": "pp000001",
    "total_fen": 990,
    "state": "PAID",
    "paid_fen": 990,
    "refunded_fen": 10,
    "refunds": [{"out_request_no": "R1", "amount_fen": 10, "at": "2026-11-23T12:00:00+08:00"}],
    "paid_at": "2026-11-23T12:00:00+08:00",
    "something_new": True,
}
PAYMENT = {
    "id": "p1",
    "merchant_order_no": "pp000001-run1",
    "out_trade_no": "T1",
    "channel": "alipay",
    "amount_fen": 990,
    "status": "PENDING",
    "refund_status": "NONE",
    "refunded_fen": 0,
    "pay_params": {"qr_code": "https://qr.alipay.com/x"},
}


class Scripted:
    """
    A server that gives the next answer of its script and remembers what it was asked.
    """

    def __init__(self):
        self.answers = []
        self.asked = []
        self.url = ""

    async def answer(self, request):
        self.asked.append((request.method, request.raw_path, dict(request.headers), await request.read()))
        answer = self.answers.pop(0)
        if answer is None:
            request.transport.abort()
            return web.Response()
        status, body = answer
        return web.json_response(body, status=status)


@pytest_asyncio.fixture
async def server():
    scripted = Scripted()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", scripted.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    scripted.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield scripted
    await runner.cleanup()


@pytest_asyncio.fixture
async def control(server):
    async with SimulatorControl(server.url, token="secret") as client:
        yield client


@pytest_asyncio.fixture
async def gateway(server):
    driver = ReferenceGateway(
        server.url,
        app=MerchantApp(app_id="app1", secret="s3cret"),
        clock=TickingClock(),
        ids=Ids(7, run_nonce="run1"),
        retry=RetryPolicy(waits_s=(1.0, 1.0)),
    )
    yield driver
    await driver.close()


@pytest.mark.asyncio
async def test_the_book_is_walked_page_by_page(server, control):
    server.answers = [(200, {"items": [TRADE], "next": 1}), (200, {"items": [TRADE], "next": None})]

    trades = [trade async for trade in control.trades(provider="alipay")]

    assert [trade.paid_fen for trade in trades] == [990, 990]
    assert trades[0].refunds[0].amount_fen == 10
    assert trades[0].paid_at.utcoffset().total_seconds() == 8 * 3600
    assert server.asked[0][1] == "/control/v1/trades?provider=alipay&limit=500"
    assert server.asked[1][1] == "/control/v1/trades?provider=alipay&limit=500&after=1"
    assert server.asked[0][2]["Authorization"] == "Bearer secret"


@pytest.mark.asyncio
async def test_a_refused_buyer_is_told_with_its_code(server, control):
    server.answers = [(409, {"code": "already_paid", "detail": "paid before", "next": "open another"})]

    with pytest.raises(ControlError, match="paid before") as caught:
        await control.buyer("alipay", "T1", action=BuyerAction.PAY)

    assert (caught.value.status, caught.value.code, caught.value.hint) == (409, "already_paid", "open another")
    assert json.loads(server.asked[0][3]) == {"action": "pay"}


@pytest.mark.asyncio
async def test_a_dead_simulator_is_our_fault_not_the_gateways(control, server):
    server.answers = [None, None]  # aiohttp itself asks again for a GET

    with pytest.raises(SimulatorError):
        await control.counts()


@pytest.mark.asyncio
async def test_advance_and_counts_are_typed(server, control):
    server.answers = [
        (200, {"schedule_at": "2026-11-24T12:00:00+00:00", "stamp_at": None, "rate": 1.0, "pending": 3}),
        (200, {"notifies_sent": 5, "notifies_acked": 2, "new_count": 9}),
    ]

    assert (await control.advance(90.0, until_idle=True)).pending == 3
    assert (await control.counts()).notifies_acked == 2
    assert json.loads(server.asked[0][3]) == {"seconds": 90.0, "until_idle": True}


@pytest.mark.asyncio
async def test_requests_are_signed_over_the_bytes_on_the_wire(server, gateway):
    server.answers = [(201, PAYMENT)]

    opened = await gateway.create(NewPayment(merchant_order_no="pp000001-run1", amount_fen=990, subject="tip"))

    method, path, headers, body = server.asked[0]
    text = "\n".join((method, path, headers["X-Timestamp"], headers["X-Nonce"], hashlib.sha256(body).hexdigest()))
    assert headers["X-Signature"] == hmac.new(b"s3cret", text.encode(), hashlib.sha256).hexdigest()
    assert opened.unwrap().qr_code == "https://qr.alipay.com/x"


@pytest.mark.asyncio
@pytest.mark.parametrize("trouble", [None, (500, {}), (503, {"code": "draining"})])
async def test_no_answer_is_asked_again_with_the_same_body_and_a_new_nonce(server, gateway, trouble):
    server.answers = [trouble, (201, PAYMENT)]

    opened = await gateway.create(NewPayment(merchant_order_no="pp000001-run1", amount_fen=990, subject="tip"))

    assert (opened.outcome, opened.attempts) == (Outcome.OK, 2)
    assert server.asked[0][3] == server.asked[1][3]
    assert server.asked[0][2]["X-Nonce"] != server.asked[1][2]["X-Nonce"]


@pytest.mark.asyncio
async def test_no_answer_at_all_is_unknown_never_a_refusal(server, gateway):
    server.answers = [(500, {}), (502, {}), None]

    ended = await gateway.refund("p1", merchant_refund_no="r1", amount_fen=10)

    assert (ended.outcome, ended.attempts, ended.status) == (Outcome.UNKNOWN, 3, None)


@pytest.mark.asyncio
async def test_a_refusal_is_not_asked_again(server, gateway):
    server.answers = [(409, {"code": "order_conflict", "detail": "another body"})]

    ended = await gateway.create(NewPayment(merchant_order_no="pp000001-run1", amount_fen=991, subject="tip"))

    assert (ended.outcome, ended.code, ended.attempts) == (Outcome.REFUSED, "order_conflict", 1)


@pytest.mark.asyncio
async def test_a_yes_that_cannot_be_read_is_unknown(server, gateway):
    server.answers = [(200, {"id": "p1"})] * 3

    assert (await gateway.get("p1")).outcome is Outcome.UNKNOWN


@pytest.mark.asyncio
async def test_effects_count_transactions_not_legs(server, gateway):
    leg = {"kind": "payment", "account": "a", "amount_fen": 1}
    legs = [{**leg, "transaction_id": "1"}, {**leg, "transaction_id": "1"}, {**leg, "transaction_id": "2"}]
    server.answers = [(200, {"entries": [*legs, {**leg, "transaction_id": "3", "kind": "refund"}]})]

    assert (await gateway.effects("p1")).unwrap() == 2


@pytest.mark.asyncio
async def test_half_an_export_is_an_error(server, gateway):
    row = {**PAYMENT, "credits": [{"entry_id": 1, "amount_fen": 990, "at": "x"}], "debits": []}
    server.answers = [(200, {"items": [row], "next": "c1"}), (401, {"code": "bad_signature"})]
    rows = gateway.export(limit=1)

    first = await anext(rows)
    with pytest.raises(GatewaySilentError, match="export"):
        await anext(rows)

    assert first.credits[0].amount_fen == 990
    assert server.asked[1][1] == "/api/v1/payments?after=c1&limit=1"


@pytest.mark.asyncio
async def test_an_export_in_other_words_is_no_export(server, gateway):
    server.answers = [(200, {"items": [{"id": "p1"}], "next": None})] * 3

    with pytest.raises(GatewaySilentError, match="KeyError"):
        await anext(gateway.export())


@pytest_asyncio.fixture
async def sink():
    listener = MerchantSink("wh00k", clock=TickingClock())
    await listener.start()
    yield listener
    await listener.stop()


async def tell(sink, event, *, secret=b"wh00k"):
    body = json.dumps(event).encode()
    signature = hmac.new(secret, b"1700000000\n" + body, hashlib.sha256).hexdigest()
    headers = {"X-Gateway-Timestamp": "1700000000", "X-Gateway-Signature": signature}
    async with aiohttp.ClientSession() as session, session.post(sink.url, data=body, headers=headers) as answer:
        return answer.status


PAID = {"event_id": "e1", "type": "payment.paid", "data": {"merchant_order_no": "pp000001-run1", "amount_fen": 990}}


@pytest.mark.asyncio
async def test_whoever_waits_is_woken_by_the_event(sink):
    waiting = asyncio.create_task(sink.wait_for(lambda event: event.event_id == "e1", timeout_s=5.0))

    assert await tell(sink, PAID) == 200

    assert (await waiting).merchant_order_no == "pp000001-run1"
    assert (await sink.wait_for(lambda event: event.type == "payment.paid", timeout_s=5.0)).told


@pytest.mark.asyncio
async def test_the_first_ones_are_refused_and_remembered(sink):
    sink.refuse_next(2)

    assert [await tell(sink, PAID) for _ in range(3)] == [500, 500, 200]

    assert [event.told for event in sink.events] == [False, False, True]


@pytest.mark.asyncio
async def test_a_stranger_is_refused_and_not_believed(sink):
    assert await tell(sink, PAID, secret=b"other") == 401

    assert (sink.events, sink.strangers) == ([], 1)


@pytest.mark.asyncio
async def test_waiting_ends(sink):
    with pytest.raises(TimeoutError):
        await sink.wait_for(lambda _: True, timeout_s=0.01)


def test_a_label_is_seeded_and_a_number_is_never_used_twice():
    first, second = Ids(7), Ids(7)

    assert first.next_label() == second.next_label() == "pp000001"
    assert first.order_no("pp000001") != second.order_no("pp000001")
    assert first.nonce() != first.nonce()
    assert label_of("tip pp000001") == "pp000001"
    assert first.ours(first.order_no("pp000001"))
    assert not first.ours(second.order_no("pp000001"))


def test_a_draw_depends_on_its_key_alone():
    assert Ids(7).draw(1, 1000, "amount", "pp000001") == Ids(7).draw(1, 1000, "amount", "pp000001")
    drawn = {Ids(7).draw(1, 1000, "amount", f"pp{number}") for number in range(50)}
    assert len(drawn) > 30
    assert min(drawn) >= 1
    assert max(drawn) <= 1000


def test_a_run_nonce_must_fit_into_an_order_number():
    with pytest.raises(ValueError, match="run nonce"):
        Ids(7, run_nonce="not good!")
