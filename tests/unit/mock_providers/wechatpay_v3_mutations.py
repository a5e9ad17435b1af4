"""
Requests of API v3 that went wrong on their way, drawn by number: half of them before they were signed, half after.

A keyed hash draws, so that mutation 4711 of seed 7 is the same everywhere.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mock_providers.core.books.book import TradeState
from mock_providers.core.wire.journal import RawRequest
from tests.unit.mock_providers.draws import Draw
from tests.unit.mock_providers.wechatpay_v3_desk import HEADERS, NOTIFY_URL, OPENID, V3Desk

ODD_TEXTS = [
    *[
        "",
        " ",
        "\0",
        "\r\n",
        "%",
        "%zz",
        "|",
        "&",
        "=",
        "{",
        "}",
        "🌹",
        "\ufffd",
        "null",
        "NaN",
        "-0",
        "../..",
        '"',
        "\\",
    ],
    *["9" * 40, "0.001", "-1", "٣", "1e9999", "x" * 5000, "<script>", "paid00", "CNY", "USD", "GZIP", "ALL"],
    *["2026-02-30T00:00:00+08:00", "9999-12-31T23:59:59+08:00", "0001-01-01T00:00:00Z", "2026-01-01", "order-2"],
]
ODD_VALUES: list[Any] = [
    *[None, True, False, 0, -1, 1, 2**53, 2**63, 10**30, 1.5, 1e300, [], {}, [[]], {"a": {"b": []}}, ["x"] * 50],
    *[{"total": 1}, {"refund": -1}, [{}], [None], {"": ""}, 122, 123, 124],
]
ODD_BYTES = [b"\0", b"\xff\xfe", b"{", b"}", b"[" * 300, b'"', b",", b"\\ud800", b"\xe6\x89", b"\r\n", b"1e999", b":"]
ODD_HEADERS = ["", " ", "\x7f", "x" * 9000, "é", "PUB_KEY_ID_0", "WECHATPAY2-SHA256-RSA2048 ", "NOTENOUGH", "0"]
STATUSES = {200, 202, 204, 302, 400, 401, 403, 404, 405, 429, 500, 503}


Asked = tuple[str, str, Any]


def requests_of(desk: V3Desk) -> dict[str, Asked]:
    mchid, app_id = desk.merchant.mchid, desk.merchant.app_id
    amount = {"refund": 50, "total": 123, "currency": "CNY"}
    sub = {"mchid": mchid, "attach": "a", "amount": {"total_amount": 1, "currency": "CNY"}, "description": "x"}
    transfer = {"transfer_amount": 100, "transfer_remark": "x", "openid": OPENID}
    transactions = "/v3/pay/transactions"
    return {
        "native": ("POST", f"{transactions}/native", desk.order("fresh1", attach="房间 7")),
        "jsapi": ("POST", f"{transactions}/jsapi", desk.order("fresh2", payer={"openid": OPENID})),
        "again": ("POST", f"{transactions}/native", desk.order("open00")),
        "codepay": ("POST", f"{transactions}/codepay", desk.order("code01", payer={"auth_code": "13" + "0" * 16})),
        "query": ("GET", f"{transactions}/out-trade-no/paid00?mchid={mchid}", None),
        "close": ("POST", f"{transactions}/out-trade-no/open00/close", {"mchid": mchid}),
        "refund": (
            "POST",
            "/v3/refund/domestic/refunds",
            {"out_trade_no": "paid00", "out_refund_no": "r1", "amount": amount, "notify_url": NOTIFY_URL},
        ),
        "refund query": ("GET", "/v3/refund/domestic/refunds/r1", None),
        "bill": ("GET", "/v3/bill/tradebill?bill_date=2026-01-01&bill_type=ALL&tar_type=GZIP", None),
        "certificates": ("GET", "/v3/certificates", None),
        "transfer": (
            "POST",
            "/v3/fund-app/mch-transfer/transfer-bills",
            {"appid": app_id, "out_bill_no": "b1", "transfer_scene_id": "1", **transfer},
        ),
        "combine": (
            "POST",
            "/v3/combine-transactions/native",
            {
                "combine_appid": app_id,
                "combine_mchid": mchid,
                "combine_out_trade_no": "whole1",
                "notify_url": NOTIFY_URL,
            }
            | {"sub_orders": [{**sub, "out_trade_no": f"sub-0{place}"} for place in range(2)]},
        ),
        "batch": (
            "POST",
            "/v3/transfer/batches",
            {"appid": app_id, "out_batch_no": "batch1", "batch_name": "n", "batch_remark": "r", "total_amount": 100}
            | {"total_num": 1, "transfer_detail_list": [{"out_detail_no": "d1", **transfer}]},
        ),
    }


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """
    Every place inside a JSON value.
    """
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, one in inner for place in places(one, (*at, key)))]


def changed(value: Any, at: tuple[Any, ...], change: Callable[[Any], Any]) -> Any:
    if not at:
        return change(value)
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[at[0]] = changed(value[at[0]], at[1:], change)
    return copy


def mutated_value(draw: Draw, body: Any) -> Any:
    at = draw.one(places(body))
    kind = draw.below(4)
    if kind == 0 and at:
        return changed(
            body, at[:-1], lambda one: one if isinstance(one, list) else {k: v for k, v in one.items() if k != at[-1]}
        )
    if kind == 1:
        return changed(
            body, at, lambda one: {**one, draw.one(ODD_TEXTS): draw.one(ODD_VALUES)} if isinstance(one, dict) else one
        )
    return changed(body, at, lambda _: draw.one(ODD_TEXTS if kind == 2 else ODD_VALUES))


def mutated_bytes(draw: Draw, text: bytes) -> bytes:
    place = draw.below(len(text) + 1)
    kind = draw.below(4)
    if kind == 0:
        return text[:place] + text[place + 1 + draw.below(8) :]
    if kind == 1:
        return text[place:] + text[:place]
    if kind == 2:
        return text[:place] + bytes([draw.below(256)]) + text[place + 1 :]
    odd: bytes = draw.one(ODD_BYTES)
    return text[:place] + odd + text[place:]


def mutated_target(draw: Draw, target: str) -> str:
    """
    The query, or the last part of the path; whole paths are for the other half.
    """
    odd = draw.one(["%00", "%7C", "|", "%FF", "x", "..", "%2F", "&a=b", "=", "%", "nobody", "paid00", "9" * 300])
    head, mark, query = target.partition("?")
    if mark and draw.below(2):
        place = draw.below(len(query) + 1)
        return f"{head}?{query[:place]}{odd}{query[place + draw.below(3) :]}"
    start, _, last = head.rpartition("/")
    return (
        f"{start}/{last[: draw.below(len(last) + 1)]}{odd}{mark}{query}"
        if "out-trade-no" in start
        else f"{target}{mark or '?'}{odd}"
    )


def before_signing(desk: V3Desk, draw: Draw, asked: Asked) -> RawRequest:
    method, target, body = asked
    raw = b"" if body is None else json.dumps(body).encode()
    for _ in range(1 + draw.below(3)):
        if body is not None and draw.below(3):
            body = mutated_value(draw, body)
            raw = json.dumps(body, ensure_ascii=bool(draw.below(2))).encode("utf-8", "replace")
        elif body is not None and draw.below(2):
            raw = mutated_bytes(draw, raw)
        else:
            target = mutated_target(draw, target)
    return desk.merchant.request(method, target, raw, headers={"Wechatpay-Serial": draw.one([None, "AB" * 20, "x"])})


def after_signing(desk: V3Desk, draw: Draw, asked: Asked) -> RawRequest:
    method, target, body = asked
    signed = desk.merchant.request(method, target, body)
    headers, raw = dict(signed.headers), signed.body
    for _ in range(1 + draw.below(2)):
        kind = draw.below(6)
        if kind == 0:
            text = headers.get("Authorization", "")
            headers["Authorization"] = mutated_bytes(draw, text.encode("latin-1", "replace")).decode("latin-1")
        elif kind == 1:
            headers[draw.one([*HEADERS, "Wechatpay-Serial", "Wechatpay-Negative-Test", "Host"])] = draw.one(ODD_HEADERS)
        elif kind == 2:
            headers.pop(draw.one(["Authorization", *HEADERS]), None)
        elif kind == 3:
            raw = mutated_bytes(draw, raw)
        elif kind == 4:
            target = mutated_bytes(draw, target.encode()).decode("latin-1")
        else:
            method = draw.one(["GET", "POST", "PUT", "get", "", "PATCH", "\0"])
    return RawRequest(method, target, tuple(headers.items()), raw)


@dataclass(slots=True)
class Tally:
    """
    What came of many mutations.
    """

    played: int = 0
    admitted: int = 0
    answers: Counter[str] = field(default_factory=Counter)

    def told(self) -> str:
        share = self.admitted / max(self.played, 1)
        return f"{self.played} mutations, {share:.1%} with a good signature; {dict(self.answers.most_common(12))}"

    def facts(self) -> dict[str, Any]:
        return {"ok": True, "mutations": self.played, "admitted": self.admitted, "share": self.admitted / self.played}


def fresh(desk: V3Desk) -> None:
    desk.book.clear()
    desk.labels.forget()
    desk.schedule.clear()
    desk.paid("paid00")
    desk.create("open00")


def money(desk: V3Desk) -> list[Any]:
    now = desk.schedule.now()
    trades = [
        (one.opening.out_trade_no, one.state, one.paid_fen, one.refunded_fen) for one in desk.book.trades(now=now)
    ]
    return [*trades, *(one.out_biz_no for one in desk.book.payouts)]


def play(desk: V3Desk, *, seed: int, numbers: range) -> Tally:
    """
    Raises AssertionError for an answer that is none of the vendor's, or a book that came to harm.
    """
    tally, kinds = Tally(), sorted(requests_of(desk))
    for number in numbers:
        if number % 50 == 0 or tally.played == 0:
            fresh(desk)
        draw = Draw(seed, number)
        asked = requests_of(desk)[draw.one(kinds)]
        request = (after_signing if number % 2 else before_signing)(desk, draw, asked)
        _judge(desk, request, tally)
    return tally


def _judge(desk: V3Desk, request: RawRequest, tally: Tally) -> None:
    before = money(desk)
    call = desk.read(request)
    reply = call.perform()
    headers = dict(reply.headers)
    tally.played += 1
    tally.admitted += call.signature_ok is True
    tally.answers[f"{reply.status} {_code(reply.status, reply.body, headers)}"] += 1
    assert reply.status in STATUSES, reply
    if "Wechatpay-Signature" in headers:
        assert call.signature_ok is True
        desk.merchant.verify(headers, reply.body)
    if call.signature_ok is not True:
        assert reply.status in {302, 400, 401, 404, 405}, reply
        assert money(desk) == before
    _unharmed(desk)


def _code(status: int, body: bytes, headers: Mapping[str, str]) -> str:
    """
    The code of a well-formed answer.
    """
    if status in {204, 302, 404, 405} and not body:
        return ""
    if headers.get("Content-Type", "").startswith(("text/", "application/x-gzip")):
        return headers["Content-Type"]
    said = json.loads(body)
    assert isinstance(said, dict)
    if status < 300 and "code" not in said:
        return "ok"
    assert set(said) in ({"code", "message"}, {"code", "message", "detail"}), said
    assert said["code"]
    assert said["message"]
    return str(said["code"])


def _unharmed(desk: V3Desk) -> None:
    for one in desk.book.trades(now=desk.schedule.now()):
        assert one.opening.total_fen >= 1
        assert 0 <= one.refunded_fen + one.refunding_fen <= one.paid_fen
        assert one.state in TradeState
    assert desk.trade("paid00").opening.total_fen == 123
    assert all(one.amount_fen >= 1 for one in desk.book.payouts)
