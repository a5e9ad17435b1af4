"""
Mutated XML requests, half of them before they are signed: each must be answered in the vendor's words, and no fen may
move by accident.

A number names one mutation, the same one in every run. Used by the tests with some of them and by the long hunt with
all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from mock_providers.core.books.book import TradeState
from tests.unit.mock_providers.wechatpay_v2_desk import (
    AUTH_CODE,
    NOTIFY_URL,
    OPENID,
    ORDER,
    Fields,
    V2Desk,
    fields_of,
    post,
    xml_of,
)

CALLS: dict[str, dict[str, str | None]] = {
    "/pay/unifiedorder": ORDER | {"out_trade_no": "mutated-1"},
    "/pay/orderquery": {"out_trade_no": "paid-1"},
    "/pay/closeorder": {"out_trade_no": "open-1"},
    "/secapi/pay/refund": {"out_trade_no": "paid-1", "out_refund_no": "r1", "total_fee": "123", "refund_fee": "50"},
    "/pay/refundquery": {"out_trade_no": "paid-1"},
    "/pay/downloadbill": {"bill_date": "20260101", "bill_type": "ALL"},
    "/pay/micropay": {
        **ORDER,
        "out_trade_no": "till-1",
        "auth_code": AUTH_CODE,
        "trade_type": None,
        "notify_url": None,
    },
    "/secapi/pay/reverse": {"out_trade_no": "paid-1"},
    "/tools/authcodetoopenid": {"auth_code": AUTH_CODE},
    "/mmpaymkttransfers/gethbinfo": {"mch_billno": "x", "bill_type": "MCHT"},
}
ODD_TEXTS: Sequence[str] = (
    *(
        "",
        " ",
        "\t\n",
        "0",
        "-1",
        "1.0",
        "1e9",
        "9" * 40,
        "٣",
        "null",
        "NaN",
        "打赏🌹",
        "x" * 5000,
        "]]>",
        "<![CDATA[a]]>",
    ),
    *(
        "&amp;",
        "<xml>",
        "paid-1",
        "open-1",
        "MD5",
        "HMAC-SHA256",
        "20260230000000",
        "99991231235959",
        "JSAPI",
        "NATIVE",
    ),
    *(
        "http://127.0.0.1:9/?a=b",
        "javascript:0",
        OPENID,
        NOTIFY_URL,
        "../../etc/passwd",
        "%00",
        "'--",
        "123",
        "124",
        "1",
    ),
)
ODD_BYTES: Sequence[bytes] = (
    *(
        b"<",
        b">",
        b"&",
        b"]]>",
        b"<!--",
        b"-->",
        b"<![CDATA[",
        b"\0",
        b"\xff\xfe",
        b"\xb4\xf2",
        b"<a/>",
        b"</xml>",
        b"<xml>",
    ),
    *(b'<!DOCTYPE xml [<!ENTITY a "b">]>', b"<?php ?>", b"&a;", b"&#0;", b"&#x41;", b" ", b"\r\n", b"<a><b>c</b></a>"),
)


class Draw:
    """Choices by keyed hash of a number."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._drawn = 0

    def below(self, limit: int) -> int:
        self._drawn += 1
        raw = blake2b(f"{self._number}|{self._drawn}".encode(), digest_size=8).digest()
        return int.from_bytes(raw, "big") % limit

    def one(self, of: Sequence[Any]) -> Any:
        return of[self.below(len(of))]


@dataclass(frozen=True)
class Mutation:
    """
    Args:
        early: made before signing.
    """

    number: int
    path: str
    body: bytes
    early: bool


@dataclass(frozen=True)
class Verdict:
    """
    Args:
        admitted: it passed the signature check.
        problem: "" where everything is as it must be.
    """

    admitted: bool
    word: str
    problem: str = ""


def mutation(desk: V2Desk, number: int) -> Mutation:
    """The mutation of that number."""
    draw = Draw(number)
    path = draw.one(sorted(CALLS))
    fields = desk.merchant.fields(CALLS[path])
    early = number % 2 == 0
    for _ in range(1 + draw.below(3) if early else 0):
        fields = _changed(fields, draw)
    body = xml_of(desk.merchant.signed(fields))
    for _ in range(0 if early else 1 + draw.below(3)):
        body = _wounded(body, draw)
    return Mutation(number, path, body, early)


def _changed(fields: Fields, draw: Draw) -> Fields:
    """One field dropped, added, renamed or said otherwise; who calls, and how it is signed, is changed seldom."""
    rare = {"mch_id", "sign_type"} if draw.below(20) else set()
    name = draw.one(sorted(set(fields) - rare))
    kind = draw.one(["drop", "add", "change", "change", "change", "rename"])
    if kind == "drop":
        return {one: value for one, value in fields.items() if one != name}
    if kind == "add":
        return fields | {f"{name}x": draw.one(ODD_TEXTS)}
    if kind == "rename":
        return {(one.upper() if one == name else one): value for one, value in fields.items()}
    return fields | {name: draw.one(ODD_TEXTS)}


def _wounded(body: bytes, draw: Draw) -> bytes:
    """Bytes cut out, put in, doubled or swapped."""
    place = draw.below(len(body) + 1)
    kind = draw.one(["cut", "insert", "insert", "double", "swap", "end"])
    if kind == "cut":
        return body[:place] + body[place + 1 + draw.below(40) :]
    if kind == "insert":
        return b"".join((body[:place], draw.one(ODD_BYTES), body[place:]))
    if kind == "double":
        return body[:place] + body[max(place - 30, 0) : place] + body[place:]
    return body[place:] + body[:place] if kind == "swap" else body[:place]


def fresh(desk: V2Desk) -> None:
    """A book with one paid and one open order."""
    desk.book.clear()
    desk.v3.labels.forget()
    desk.published.notices.clear()
    desk.paid("paid-1")
    desk.order("open-1")


def judged(desk: V2Desk, mutation: Mutation) -> Verdict:
    """Play one mutation on a fresh book."""
    fresh(desk)
    before = _money(desk)
    call = desk.provider.read(post(mutation.path, mutation.body))
    reply = call.perform()
    admitted = call.signature_ok is True
    if reply.status != 200:
        return Verdict(admitted, "", f"HTTP {reply.status}")
    try:
        fields = fields_of(reply.body)
    except (ET.ParseError, AssertionError) as broken:
        return Verdict(admitted, "", f"no XML: {broken}")
    problem = _wrong_envelope(desk, fields, path=mutation.path) or _wrong_money(desk, before, admitted=admitted)
    return Verdict(admitted, fields.get("err_code") or fields.get("return_msg", ""), problem)


def _wrong_envelope(desk: V2Desk, fields: Fields, *, path: str) -> str:
    if fields.get("return_code") == "FAIL":
        return (
            "" if set(fields) <= {"return_code", "return_msg", "error_code"} else f"a failure says too much: {fields}"
        )
    if fields.get("return_code") != "SUCCESS" or fields.get("result_code") not in {"SUCCESS", "FAIL"}:
        return f"no result: {fields}"
    if (fields["result_code"] == "FAIL") is not bool(fields.get("err_code")):
        return f"result and code disagree: {fields}"
    if path.startswith("/mmpaymkttransfers/"):
        return ""
    try:
        desk.merchant.verified(xml_of(fields))
    except (AssertionError, KeyError):
        return f"the signature is wrong: {fields}"
    return ""


def _money(desk: V2Desk) -> object:
    return [
        (one.opening.out_trade_no, one.state, one.paid_fen, one.refunded_fen, one.refunding_fen)
        for one in desk.book.trades(now=desk.schedule.now())
    ]


def _wrong_money(desk: V2Desk, before: object, *, admitted: bool) -> str:
    if not admitted:
        return "" if _money(desk) == before else "money moved without a signature"
    trade = desk.trade("paid-1")
    moved = trade.refunded_fen + trade.refunding_fen
    if not 0 <= moved <= trade.paid_fen == 123 or trade.state is TradeState.CLOSED:
        return f"the paid order is {trade.state} with {moved} fen on their way back"
    return ""


def play(directory: Path, numbers: Sequence[int]) -> Iterator[tuple[Mutation, Verdict]]:
    """Several mutations at one desk; needs a running loop."""
    desk = V2Desk(directory)
    for number in numbers:
        made = mutation(desk, number)
        yield made, judged(desk, made)
