"""
Mutated messages to UnionPay's gateway, by seed: half of them mutated before they are signed, half after.

Each is answered in the vendor's words, with a signature that verifies where it is a message, and moves no money by
accident; what fails is an AssertionError with the mutation in it.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

from mock_providers.core.wire.journal import RawRequest
from mock_providers.core.wire.reply import WireReply
from mock_providers.unionpay.codes import KNOWN
from tests.cross.unionpay_parsers import official_java
from tests.unit.mock_providers.draws import Draw
from tests.unit.mock_providers.unionpay_desk import CARD, NOW, PATHS, Desk

BASE = {"accessType": "0", "orderId": "mutant01", "txnTime": NOW, "txnAmt": "100", "backUrl": "http://127.0.0.1:9/n"}
TYPES: Mapping[str, tuple[str, dict[str, str]]] = {
    "front": ("front", {"txnType": "01", "txnSubType": "01", "bizType": "000201", "frontUrl": "http://127.0.0.1:9/f"}),
    "app": ("app", {"txnType": "01", "txnSubType": "01", "bizType": "000201", "channelType": "08"}),
    "order": ("order", {"txnType": "01", "txnSubType": "01", "bizType": "000000", "channelType": "08"}),
    "back": ("back", {"txnType": "01", "txnSubType": "01", "bizType": "000301", "accNo": CARD, "currencyCode": "156"}),
    "qr": ("back", {"txnType": "01", "txnSubType": "06", "bizType": "000000", "qrNo": "6228", "termId": "01080209"}),
    "refund": ("back", {"txnType": "04", "txnSubType": "00", "bizType": "000201", "reqReserved": "{a=1&b=打赏}"}),
    "undo": ("back", {"txnType": "31", "txnSubType": "00", "bizType": "000201", "txnAmt": "123"}),
    "complete": ("back", {"txnType": "03", "txnSubType": "00", "bizType": "000201"}),
    "reverse": ("back", {"txnType": "99", "txnSubType": "01", "bizType": "000301", "orderId": "paid0001"}),
    "query": ("query", {"txnType": "00", "txnSubType": "00", "bizType": "000000", "orderId": "paid0001"}),
    "update": ("back", {"txnType": "95", "txnSubType": "00", "bizType": "000000", "certType": "01"}),
    "file": ("file", {"txnType": "76", "txnSubType": "01", "bizType": "000000", "fileType": "00", "settleDate": "0101"}),
    "sms": ("back", {"txnType": "77", "txnSubType": "00", "bizType": "000301", "accNo": CARD, "customerInfo": "e30="}),
}  # fmt: skip
# How often each method is drawn; SM2 by the tests' own hand takes some ten milliseconds a message.
METHODS = ("11",) * 12 + ("12",) * 4 + ("01",) * 3 + ("21",)
ODD = (
    *("", " ", "\0", "\r\n", "%", "%zz", "+", "&", "=", "{", "}", "{a=1&b=2}", "🌹", "\ufffd", "null", "NaN", "-0"),
    *("9" * 40, "0.01", "-1", "1.2.3", "٣", "1e99", "000000000100", "x" * 5000, "<script>", "paid0001", "打赏"),
    *("20260230000000", "99991231235959", "00010101000000", "20260102110405", "1332", "0229", "156", "840"),
    *("GBK", "utf-16", "UTF-8\0", "5.0.0", "1.0.0", "01", "12", "21", "99", "700000000000001", "68759663125"),
    *("javascript:alert(1)", "http://[::1", "e30=", "e3Bob25lTm89MX0=", "====", "-----BEGIN CERTIFICATE-----"),
)
ODD_BYTES = (b"%", b"%zz", b"%00", b"\0", b"\xff\xfe", b"&", b"&&=", b"=", b"+", b"%E6%89", b"\xb4\xf2", b"\r\n", b";")
NEW_NAMES = (
    "extra",
    "customerInfo",
    "accNo",
    "reserved",
    "payTimeout",
    "origQryId",
    "queryId",
    "encryptCertId",
    "Ünï",
    "",
)
# What a mutation before signing may change; what names the signer and the method is for those after.
KEPT = frozenset({"version", "signMethod", "certId", "merId", "encoding"})


@dataclass
class Told:
    """What the mutations have shown."""

    mutations: int = 0
    before_signing: int = 0
    admitted: int = 0
    codes: Counter[str] = field(default_factory=Counter)

    @property
    def admitted_share(self) -> float:
        return self.admitted / self.mutations


def mutated(fields: dict[str, str], draw: Draw) -> dict[str, str]:
    """One to three changes of values, and of which fields there are."""
    changed = dict(fields)
    for _ in range(1 + draw.below(3)):
        open_to = sorted(changed.keys() - KEPT) or ["orderId"]
        name, kind = draw.one(open_to), draw.below(6)
        if kind == 0:
            changed.pop(name, None)
        elif kind == 1:
            changed[draw.one(NEW_NAMES)] = draw.one(ODD)
        elif kind == 2:
            changed[name] = changed.get(name, "") + draw.one(ODD)
        else:
            changed[name] = draw.one(ODD)
    return changed


def wounded(body: bytes, draw: Draw) -> bytes:
    """One to three changes of the bytes that were signed; some of them harmless."""
    for _ in range(1 + draw.below(3)):
        place, kind, odd = draw.below(len(body) + 1), draw.below(8), draw.one(ODD_BYTES)
        pieces = body.split(b"&")
        if kind == 0:
            body = body[:place] + body[place + 1 + draw.below(4) :]
        elif kind == 1:
            body = body[:place] + odd + body[place:]
        elif kind == 2:
            body = b"&".join(pieces[::-1])
        elif kind == 3:
            body = body + b"&" + draw.one(pieces)
        elif kind == 4:
            body = draw.one(pieces) + b"&" + body
        elif kind == 5:
            body = body.replace(b"signature=", draw.one([b"signature=A", b"Signature=", b"signature=%20"]), 1)
        elif kind == 6:
            body = b"&".join(piece for piece in pieces if not piece.startswith(draw.one(sorted(KEPT)).encode()))
        else:
            body = body.replace(b"=", b"=" + odd, 1 + draw.below(3))
    return body


class Rounds:
    """
    Args:
        directory: the credentials.
    """

    def __init__(self, directory: Path) -> None:
        self.desk = Desk(directory)
        self.told = Told()

    def play(self, *, seed: int, count: int) -> Told:
        """*count* mutations."""
        for number in range(count):
            draw = Draw(seed, number)
            try:
                self._one(draw, before=number % 2 == 0)
            except AssertionError as problem:
                problem.add_note(f"seed {seed}, mutation {number}")
                raise
        return self.told

    def _one(self, draw: Draw, *, before: bool) -> None:
        self._fresh()
        kind = draw.one(sorted(TYPES))
        where, more = TYPES[kind]
        fields = BASE | more | ({"origQryId": self._original(kind)} if kind in {"refund", "undo", "complete"} else {})
        method = draw.one(METHODS)
        version = "5.0.0" if method == "01" and draw.below(3) == 0 else "5.1.0"
        encoding = "GBK" if draw.below(8) == 0 else "UTF-8"
        codec = "gbk" if encoding == "GBK" else "utf-8"
        wanted = mutated(fields, draw) if before else fields
        # What the charset does not have, no client can write.
        wanted = {
            name.encode(codec, "replace").decode(codec): value.encode(codec, "replace").decode(codec)
            for name, value in wanted.items()
        }
        signed = self.desk.merchant.signed({"encoding": encoding, **wanted}, method=method, version=version)
        body = urlencode(signed, encoding=codec, quote_via=quote).encode()
        body = body if before else wounded(body, draw)
        self._judge(RawRequest("POST", PATHS[where], _HEADERS, body), before=before)

    def _fresh(self) -> None:
        """A paid order, and a pre-authorisation that was granted."""
        desk = self.desk
        desk.book.clear()
        desk.labels.forget()
        desk.published.notices.clear()
        desk.method, desk.version = "11", "5.1.0"
        desk.consume(order="paid0001")
        desk.held("auth0001", "200")

    def _original(self, kind: str) -> str:
        return str(self.desk.trade("auth0001" if kind == "complete" else "paid0001").trade_no)

    def _money(self) -> object:
        return [
            (trade.opening.out_trade_no, trade.state, trade.paid_fen, trade.refunded_fen, sorted(trade.refunds))
            for trade in self.desk.book.trades(now=self.desk.schedule.now())
        ]

    def _judge(self, request: RawRequest, *, before: bool) -> None:
        money = self._money()
        call = self.desk.read(request)
        assert self._money() == money, "reading a request changes nothing"
        reply = call.perform()
        code = self._code(reply, is_front=request.target == PATHS["front"])
        admitted = call.signature_ok is True
        self.told.mutations += 1
        self.told.before_signing += before
        self.told.admitted += admitted
        self.told.codes[code] += 1
        if not admitted or code not in {"00", "302"}:
            grown = [one for one in self._paid() if one not in _paid_of(money)]
            assert grown == [], (code, grown)
        for trade in self.desk.book.trades(now=self.desk.schedule.now()):
            assert 0 <= trade.refunded_fen + trade.refunding_fen <= trade.paid_fen

    def _paid(self) -> list[object]:
        return _paid_of(self._money())

    def _code(self, reply: WireReply, *, is_front: bool) -> str:
        """The vendor's code, or the status of what is no message; an answer must be well formed and genuine."""
        if reply.status != 200:
            assert reply.status in {302, 400}, reply
            assert (reply.body == b"") == (reply.status == 302)
            return str(reply.status)
        if is_front and b"end_error" in reply.body:
            return "page"
        if reply.body == b"Invalid request.":
            return "invalid"
        codec = "gbk" if "GBK" in dict(reply.headers)["Content-Type"] else "utf-8"
        answer = official_java(reply.body.decode(codec))
        assert all(value and value == value.strip() for value in answer.values()), answer
        assert self._genuine(answer, codec), answer
        assert answer["respCode"] in KNOWN
        return answer["respCode"]

    def _genuine(self, answer: dict[str, str], codec: str) -> bool:
        """Signed as it was asked, or, where what was asked for is no way at all, as by the newest with certificates."""
        known = {("01", "5.1.0"), ("01", "5.0.0"), ("21", "5.1.0"), ("21", "5.0.0"), ("11", "5.1.0"), ("12", "5.1.0")}
        if (answer.get("signMethod"), answer.get("version")) in known:
            return self.desk.merchant.verified(answer, codec=codec)
        return self.desk.merchant.verified_as(answer, method="01", version="5.1.0", codec=codec)


def _paid_of(money) -> list[object]:
    """What counts as money: payments and what went back of them."""
    return [(number, paid, back) for number, _, paid, back, _ in money if paid]


_HEADERS = (("Host", "127.0.0.1"), ("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8"))
