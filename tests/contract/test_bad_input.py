"""
Whatever is sent wrong, wherever something can be written: the right status, a problem with a machine word, no row.

Over the wire and over PostgreSQL; every table is read before and after, nonces of requests that were signed right aside.
"""

import asyncio
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from reference_gateway.clock import SystemClock
from reference_gateway.store.sql_store import SqlStore
from tests.unit.reference_gateway.live import LiveWorld
from tests.unit.reference_gateway.support import settings

pytestmark = [pytest.mark.asyncio, pytest.mark.processes]

PATIENCE_S = 90
TEN_MEGABYTES = 10_000_000
SPENT = "request_nonces"
TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
PROBLEM = "application/problem+json"

ORDER = {"currency": "CNY", "channel": "alipay", "product": "qr"}
PACKET = {"buyer_id": "b1", "amount_fen": 100, "count": 2, "channel": "alipay", "product": "qr"}
PAYEE = {"packet_id": "p", "claimant_id": "c", "channel": "alipay", "account": "a@b.example"}
# What writes, a body that would be taken, and the field that holds an amount or a number.
WRITES: list[tuple[str, dict[str, Any], str]] = [
    (
        "/api/v1/payments",
        {"merchant_order_no": "bad-1", "amount_fen": 100, "subject": "打赏 🎁", **ORDER},
        "amount_fen",
    ),
    ("/api/v1/payments/{paid}/refunds", {"merchant_refund_no": "r-1", "amount_fen": 100, "reason": "x"}, "amount_fen"),
    ("/api/v1/payments/{held}/capture", {"amount_fen": 60}, "amount_fen"),
    ("/api/v1/payments/{paid}/ship", {"carrier": "SF", "tracking_no": "1"}, ""),
    ("/api/v1/payments/{open}/close", {}, ""),
    ("/api/v1/payments/{open}/cancel", {}, ""),
    ("/api/v1/rooms", {"id": "r2", "streamer_id": "s", "title": "t", "fee_basis_points": 1}, "fee_basis_points"),
    ("/api/v1/goods", {"id": "g2", "name": "n", "price_fen": 100, "stock": 1}, "price_fen"),
    ("/api/v1/red-packets", {"packet_no": "p-1", **PACKET}, "amount_fen"),
    ("/api/v1/payouts", {"merchant_payout_no": "po-1", **PAYEE}, ""),
    ("/api/v1/reconciliations", {"channel": "alipay", "day": "2026-11-01"}, ""),
]
AMOUNTS: list[Any] = [-1, 1.5, 100.0, "100", True, [100], {}, 2**63, 2**64 + 100, 10**11]


def spoilt(body: dict[str, Any], field: str) -> Iterator[tuple[str, bytes, int, str]]:
    """Everything that can be wrong with a body: what, the bytes, the status and the machine word."""
    good = json.dumps(body, ensure_ascii=False).encode()
    yield "not JSON", good + b"}", 400, "malformed_json"
    yield "not UTF-8", good + b"\xff", 400, "malformed_json"
    yield "UTF-16", good.decode().encode("utf-16"), 400, "malformed_json"
    yield "not a number", b'{"amount_fen": NaN}', 400, "malformed_json"
    yield "key twice", b'{"a": 1, "a": 2}', 400, "duplicate_key"
    yield "an array", b"[1]", 422, "invalid_field"
    yield "unknown field", json.dumps({**body, "amuont_fen": 1}).encode(), 422, "invalid_field"
    for name, value in body.items():
        if isinstance(value, str):
            yield f"NUL in {name}", json.dumps({**body, name: "a\0b"}).encode(), 422, "invalid_field"
            yield f"half a letter in {name}", json.dumps({**body, name: "\ud800"}).encode(), 422, "invalid_field"
    for amount in AMOUNTS if field else ():
        yield f"{field} {amount!r}", json.dumps({**body, field: amount}).encode(), 422, "invalid_field"


class Rows:
    """Reads every table, whole."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def __call__(self) -> Mapping[str, str]:
        names = sorted(row[0] for row in await self._connection.fetch(TABLES))
        assert {"payments", "payment_attempts", "outbox", SPENT} <= set(names)
        each = "SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {} AS t"
        return {name: await self._connection.fetchval(each.format(name)) for name in names}


@pytest_asyncio.fixture
async def stage(database_url, connect):
    """A gateway with an order that is paid, one that waits, and a freeze; and what reads all tables."""
    patient = settings(poll_ladder_s=(3600,))
    world = LiveWorld(clock=SystemClock(), store=SqlStore(database_url), settings=patient)  # type: ignore[arg-type]
    world.channel.offers = frozenset({"qr", "query", "close", "preauth", "capture", "download_bill"})
    connection = await connect()
    async with world:
        merchant = world.merchant
        (_, paid), (_, waiting) = await merchant.pay("o-1"), await merchant.pay("o-2")
        _, held = await merchant.pay("o-3", hold=True)
        assert await merchant.notify(paid) == (200, b"success")
        await world.gateway.idle()
        async with asyncio.timeout(PATIENCE_S):
            while await connection.fetchval("SELECT count(*) FROM ledger_unfolded"):
                await world.clock.sleep(0.1)  # until what was booked lies in the balances
        yield world, {"paid": paid["id"], "open": waiting["id"], "held": held["id"]}, Rows(connection)
    await connection.close()


async def refused(world: LiveWorld, path: str, body: bytes | io.BytesIO, headers: Mapping[str, str]) -> tuple[int, str]:
    """Send it; return the status and the word of what must be a problem."""
    async with world.http.post(world.gateway.url + path, data=body, headers=headers) as answer:
        problem = await answer.json(content_type=PROBLEM)
        assert (problem["status"], bool(problem["detail"])) == (answer.status, True)
        return answer.status, problem["code"]


async def test_no_wrong_body_writes_a_row_anywhere(stage):
    world, ids, rows = stage
    before = await rows()
    for template, body, field in WRITES:
        path = template.format(**ids)
        for what, sent, status, code in spoilt(body, field):
            told = await refused(world, path, sent, world.merchant.headers("POST", path, sent))
            assert told == (status, code), (path, what)
    await world.gateway.idle()
    after = await rows()
    assert {name for name in before if after[name] != before[name]} == {SPENT}
    assert world.channel.calls == [call for call in world.channel.calls if call[0] in ("pay", "preauth")]


async def test_no_request_that_is_not_signed_right_writes_a_row_anywhere(stage):
    world, ids, rows = stage
    before = await rows()
    now = int(world.clock.now().timestamp())
    wrong: list[tuple[dict[str, str], str]] = [
        ({"X-Signature": ""}, "missing_signature"),
        ({"X-Signature": "0" * 64}, "bad_signature"),
        ({"X-App-Id": "rival"}, "bad_signature"),
        ({"X-Nonce": "short"}, "malformed_signature"),
        ({"timestamp": str(now - 301)}, "stale_timestamp"),
        ({"timestamp": str(now + 310)}, "stale_timestamp"),
    ]
    for template, body, _ in WRITES:
        path, sent = template.format(**ids), json.dumps(body).encode()
        for changes, code in wrong:
            told = await refused(world, path, sent, world.merchant.headers("POST", path, sent, **changes))
            assert told == (401, code), (path, changes)
    assert await rows() == before


async def test_no_replayed_request_writes_a_row_anywhere(stage):
    world, ids, rows = stage
    for number, (template, body, _) in enumerate(WRITES):
        target, sent = template.format(**ids), json.dumps(body).encode()
        spent = world.merchant.headers("POST", target, b"{", nonce=f"nonce-{number:08d}")
        await refused(world, target, b"{", spent)
        before = await rows()
        again = world.merchant.headers("POST", target, sent, nonce=spent["X-Nonce"])
        assert await refused(world, target, sent, again) == (401, "nonce_replayed"), target
        assert await rows() == before, target


async def test_ten_megabytes_write_no_row_anywhere(stage):
    world, ids, rows = stage
    before, body = await rows(), b" " * TEN_MEGABYTES
    for template, _, _ in WRITES:
        path = template.format(**ids)
        signed = world.merchant.headers("POST", path, body)
        try:
            assert await refused(world, path, io.BytesIO(body), signed) == (413, "body_too_large"), path
        except aiohttp.ClientOSError:
            continue  # the gateway had answered and hung up while the rest was on its way
    assert await rows() == before
