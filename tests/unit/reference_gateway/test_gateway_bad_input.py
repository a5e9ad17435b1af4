"""Whatever a merchant or a stranger sends wrong gets the right status and word, and writes nothing."""

import asyncio
import io
import json
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp
import pytest

from harness.world.virtual_loop import VirtualLoop
from tests.unit.reference_gateway.support import World

GOOD = {
    "merchant_order_no": "o-1",
    "amount_fen": 100,
    "currency": "CNY",
    "subject": "打赏 🎁",
    "channel": "alipay",
    "product": "qr",
}


def run(story: Callable[[World], Coroutine[Any, Any, None]]) -> None:
    async def told() -> None:
        async with World() as world:
            await story(world)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(told())


def text(**changes: Any) -> bytes:
    return json.dumps({**GOOD, **changes}, ensure_ascii=False).encode()


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in GOOD.items() if key != name}).encode()


BAD_BODIES: list[tuple[str, bytes, int, str]] = [
    ("empty", b"", 400, "malformed_json"),
    ("not JSON", b"{", 400, "malformed_json"),
    ("two documents", text() + b"{}", 400, "malformed_json"),
    ("NaN", text().replace(b"100", b"NaN"), 400, "malformed_json"),
    ("Infinity", text().replace(b"100", b"-Infinity"), 400, "malformed_json"),
    ("not UTF-8", text().replace("打".encode(), b"\xff"), 400, "malformed_json"),
    ("UTF-16", text().decode().encode("utf-16"), 400, "malformed_json"),
    ("BOM", b"\xef\xbb\xbf" + text(), 400, "malformed_json"),
    ("nested without end", b"[" * 30000, 400, "malformed_json"),
    ("key twice", b'{"amount_fen": 1, "amount_fen": 100}', 400, "duplicate_key"),
    ("key twice, deep inside", b'{"a": [{"b": 1, "b": 1}]}', 400, "duplicate_key"),
    ("an array", b"[]", 422, "invalid_field"),
    ("null", b"null", 422, "invalid_field"),
    ("amount negative", text(amount_fen=-1), 422, "invalid_field"),
    ("amount zero", text(amount_fen=0), 422, "invalid_field"),
    ("amount huge", text(amount_fen=10**10 + 1), 422, "invalid_field"),
    ("amount absurd", text().replace(b"100", b"9" * 4000), 422, "invalid_field"),
    ("amount past 64 bits", text(amount_fen=2**64 + 100), 422, "invalid_field"),
    ("amount float", text(amount_fen=100.0), 422, "invalid_field"),
    ("amount exponent", text().replace(b"100", b"1e2"), 422, "invalid_field"),
    ("amount text", text(amount_fen="100"), 422, "invalid_field"),
    ("amount true", text(amount_fen=True), 422, "invalid_field"),
    ("amount null", text(amount_fen=None), 422, "invalid_field"),
    ("amount list", text(amount_fen=[100]), 422, "invalid_field"),
    ("unknown field", text(amount=100), 422, "invalid_field"),
    ("unknown field that is ours", text(status="PAID"), 422, "invalid_field"),
    ("order number empty", text(merchant_order_no=""), 422, "invalid_field"),
    ("order number long", text(merchant_order_no="x" * 65), 422, "invalid_field"),
    ("order number with newline", text(merchant_order_no="x\n"), 422, "invalid_field"),
    ("order number with slash", text(merchant_order_no="a/b"), 422, "invalid_field"),
    ("order number in other digits", text(merchant_order_no="٣"), 422, "invalid_field"),
    ("order number a number", text(merchant_order_no=1), 422, "invalid_field"),
    ("subject empty", text(subject=""), 422, "invalid_field"),
    ("subject long", text(subject="x" * 257), 422, "invalid_field"),
    ("subject NUL", text(subject="a\0b"), 422, "invalid_field"),
    ("subject newline", text(subject="a\nb"), 422, "invalid_field"),
    ("subject lone surrogate", text().replace("打".encode(), b"\\ud800"), 422, "invalid_field"),
    ("currency other", text(currency="USD"), 422, "invalid_field"),
    ("currency lower", text(currency="cny"), 422, "invalid_field"),
    ("attach NUL", text(attach="\0"), 422, "invalid_field"),
    ("room a number", text(room_id=1), 422, "invalid_field"),
    ("channel unknown", text(channel="bank"), 400, "unknown_channel"),
    ("product unknown", text(product="jsapi"), 400, "unknown_product"),
    ("product an operation", text(product="query"), 400, "unknown_product"),
    ("too large", text(attach="x" * 40000), 413, "body_too_large"),
    *((f"without {name}", without(name), 422, "invalid_field") for name in GOOD),
]


@pytest.mark.parametrize(
    ("body", "status", "code"), [row[1:] for row in BAD_BODIES], ids=[row[0] for row in BAD_BODIES]
)
def test_a_bad_body_is_refused_and_nothing_is_written(body, status, code):
    async def story(world: World) -> None:
        answer, problem = await world.merchant.call("POST", "/api/v1/payments", body)
        assert (answer, problem["code"], problem["status"]) == (status, code, status)
        assert world.store.state.payments == {}
        assert world.channel.calls == []

    run(story)


@pytest.mark.parametrize("told", [True, False], ids=["with its length", "in chunks"])
@pytest.mark.parametrize("target", ["/api/v1/payments", "/notify/alipay"])
def test_ten_megabytes_are_refused_before_they_are_read(target, told):
    async def story(world: World) -> None:
        body = b"x" * 10_000_000

        async def chunks():
            for begin in range(0, len(body), 65536):
                yield body[begin : begin + 65536]

        signed = world.merchant.headers("POST", target, body)
        try:
            async with world.http.post(
                world.gateway.url + target, data=io.BytesIO(body) if told else chunks(), headers=signed
            ) as answer:
                assert answer.status == 413
        except aiohttp.ClientOSError:
            # The gateway had answered and hung up while the rest was on its way.
            assert world.store.state.nonces == {}
        assert world.store.state.payments == {}
        assert world.store.state.inbox == {}

    run(story)


BAD_HEADERS: list[tuple[str, dict[str, str], str]] = [
    ("another signature", {"X-Signature": "0" * 64}, "bad_signature"),
    ("no signature", {"X-Signature": ""}, "missing_signature"),
    ("upper case", {"X-Signature": "A" * 64}, "malformed_signature"),
    ("not hex", {"X-Signature": "z" * 64}, "malformed_signature"),
    ("not ASCII", {"X-Signature": "é" * 64}, "malformed_signature"),
    ("no app", {"X-App-Id": ""}, "missing_signature"),
    ("another app", {"X-App-Id": "rival"}, "bad_signature"),
    ("unknown app", {"X-App-Id": "nobody"}, "bad_signature"),
    ("timestamp changed", {"X-Timestamp": "1795406401"}, "bad_signature"),
    ("timestamp no number", {"X-Timestamp": "now"}, "malformed_signature"),
    ("timestamp float", {"X-Timestamp": "1795406400.5"}, "malformed_signature"),
    ("nonce short", {"X-Nonce": "short"}, "malformed_signature"),
    ("nonce long", {"X-Nonce": "x" * 65}, "malformed_signature"),
    ("nonce with colon", {"X-Nonce": "nonce:nonce"}, "malformed_signature"),
]


@pytest.mark.parametrize(("changes", "code"), [row[1:] for row in BAD_HEADERS], ids=[row[0] for row in BAD_HEADERS])
def test_a_request_that_is_not_signed_right_is_refused(changes, code):
    async def story(world: World) -> None:
        status, problem = await world.merchant.call("POST", "/api/v1/payments", GOOD, **changes)
        assert (status, problem["code"]) == (401, code)
        assert world.store.state.payments == {}
        assert world.store.state.nonces == {}

    run(story)


@pytest.mark.parametrize("skew_s", [-301, 301, -86400])
def test_a_skewed_timestamp_is_refused(skew_s):
    async def story(world: World) -> None:
        stamp = str(int(world.clock.now().timestamp()) + skew_s)
        status, problem = await world.merchant.call("POST", "/api/v1/payments", GOOD, timestamp=stamp)
        assert (status, problem["code"]) == (401, "stale_timestamp")
        assert world.store.state.payments == {}

    run(story)


@pytest.mark.parametrize("skew_s", [-300, 300])
def test_a_timestamp_at_the_edge_is_accepted(skew_s):
    async def story(world: World) -> None:
        stamp = str(int(world.clock.now().timestamp()) + skew_s)
        assert (await world.merchant.call("POST", "/api/v1/payments", GOOD, timestamp=stamp))[0] == 201

    run(story)


def test_a_nonce_is_good_once_and_for_one_app_only():
    async def story(world: World) -> None:
        first = await world.merchant.call("POST", "/api/v1/payments", GOOD, nonce="nonce-0001")
        assert first[0] == 201
        status, problem = await world.merchant.call("POST", "/api/v1/payments", GOOD, nonce="nonce-0001")
        assert (status, problem["code"]) == (401, "nonce_replayed")
        status, _ = await world.merchant.call("GET", f"/api/v1/payments/{first[1]['id']}", nonce="nonce-0001")
        assert status == 401

    run(story)


def test_the_same_nonce_sixteen_times_at_once_lets_one_request_in():
    async def story(world: World) -> None:
        calls = (
            world.merchant.call("POST", "/api/v1/payments", {**GOOD, "merchant_order_no": f"o-{n}"}, nonce="nonce-0001")
            for n in range(16)
        )
        answers = await asyncio.gather(*calls)
        assert sorted(status for status, _ in answers) == [201] + [401] * 15
        assert len(world.store.state.payments) == 1

    run(story)


def test_the_signature_covers_body_path_and_query():
    async def story(world: World) -> None:
        merchant = world.merchant
        signed = merchant.headers("POST", "/api/v1/payments", text())
        for target, body in (("/api/v1/payments", text(amount_fen=1)), ("/api/v1/payments?x=1", text())):
            async with world.http.post(world.gateway.url + target, data=body, headers=signed) as response:
                assert response.status == 401

    run(story)


@pytest.mark.parametrize(
    ("method", "target", "status", "code"),
    [
        ("GET", "/api/v1/payments?limit=0", 400, "invalid_parameter"),
        ("GET", "/api/v1/payments?limit=1001", 400, "invalid_parameter"),
        ("GET", "/api/v1/payments?limit=ten", 400, "invalid_parameter"),
        ("GET", "/api/v1/payments?after=-1", 400, "invalid_parameter"),
        ("GET", "/api/v1/payments?after=1&after=2", 400, "invalid_parameter"),
        ("GET", "/api/v1/payments?page=1", 400, "unknown_parameter"),
        ("GET", "/api/v1/payments/nothing", 404, "unknown_payment"),
        ("POST", "/api/v1/payments/nothing/sync", 404, "unknown_payment"),
        ("GET", "/api/v1/payments/nothing/ledger", 404, "unknown_payment"),
        ("GET", "/api/v1/payments/nothing/refunds/x", 404, "unknown_payment"),
        ("GET", "/api/v1/nothing", 404, "no_such_resource"),
        ("DELETE", "/api/v1/payments", 405, "method_not_allowed"),
        ("PUT", "/api/v1/payments/x", 405, "method_not_allowed"),
    ],
)
def test_a_request_that_leads_nowhere_gets_a_problem(method, target, status, code):
    async def story(world: World) -> None:
        answer, problem = await world.merchant.call(method, target)
        assert (answer, problem["code"]) == (status, code)

    run(story)


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"{", b'{"signed": false}', b"x" * 70000])
def test_a_notify_that_is_none_is_answered_fail(body):
    async def story(world: World) -> None:
        async with world.http.post(f"{world.gateway.url}/notify/alipay", data=body) as response:
            assert response.status in (400, 413)
            assert await response.read() == b"fail"
        assert world.store.state.postings == {}

    run(story)


def test_another_content_type_and_another_key_form_are_refused():
    async def story(world: World) -> None:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        status, problem = await world.merchant.call("POST", "/api/v1/payments", GOOD, **form)
        assert (status, problem["code"]) == (415, "unsupported_media_type")
        key = {"Idempotency-Key": "a key"}
        status, problem = await world.merchant.call("POST", "/api/v1/payments", GOOD, **key)
        assert (status, problem["code"]) == (400, "invalid_idempotency_key")
        assert world.store.state.payments == {}

    run(story)


@pytest.mark.parametrize("amount", [0, -1, 1.5, "1", True, None, 10**11])
def test_a_bad_refund_is_refused_and_reserves_nothing(amount):
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        await world.merchant.notify(payment)
        body = {"merchant_refund_no": "r1", "amount_fen": amount}
        status, problem = await world.merchant.call("POST", f"/api/v1/payments/{payment['id']}/refunds", body)
        assert (status, problem["code"]) == (422, "invalid_field")
        assert (await world.merchant.payment(payment))["refund_status"] == "NONE"

    run(story)
