"""
Mutated requests to Alipay, by number: half of them mutated before they are signed, half after.

What both wires have in common stands here: the pool, the rules that demand codes, and the judgement of money. How a
request is made and an answer read is the wire's own. What fails is an AssertionError with the mutation's number in it.
"""

import base64
import json
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

from cryptography.exceptions import InvalidSignature

from mock_providers.alipay.methods import METHODS
from mock_providers.core.plans import PLAIN_REPLY
from mock_providers.core.provider import Call
from mock_providers.core.wire.journal import RawRequest
from mock_providers.core.wire.reply import WireReply
from tests.unit.mock_providers.alipay_desk import Desk
from tests.unit.mock_providers.alipay_goals import Goals
from tests.unit.mock_providers.alipay_world import (
    APPLY,
    CANCEL,
    PAY,
    POOL,
    REFUND,
    TRANSFER,
    USUAL,
    Asked,
    desks,
    furnish,
)
from tests.unit.mock_providers.draws import Draw
from tests.unit.mock_providers.v3_merchant import V3Merchant

ODD_TEXTS = (
    *("", " ", "\0", "\r\n", "%", "%zz", "+", "&", "=", "{", "}", "🌹", "\ufffd", "\ue07b", "null", "NaN", "-0"),
    *("9" * 40, "0.001", "-1", "1.2.3", "٣", "1e9999", "1.00", "x" * 5000, "<script>", "paid", "15d", "1c"),
    *("2026-02-30 00:00:00", "9999-12-31 23:59:59", "0001-01-01 00:00:00", "9999-12", "0001-01", "1999-02-30"),
    *("GBK", "utf-16", "utf-8\0", "RSA", "rsa2", PAY, "AES", "AAAAAAAAAAAAAAAAAAAAAA=="),
)
ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 1.5, 2**63, 10**400, 1e300, [], {}, [[]], {"a": {"b": []}}, ["x"] * 50, [None]),
    *ODD_TEXTS,
)
ODD_BYTES = (
    *(b"%", b"%zz", b"%00", b"\0", b"\xff\xfe", b"&", b"&&=", b"=", b"+", b"%E6%89", b"\xb4\xf2", b"\r\n", b";"),
)
UNKNOWN_NAMES = ("extra", "Ünï", "", "extend_params", "sys_service_provider_id", "royalty_info", "x" * 300)
CODES = {"10000", "10003", "20001", "40001", "40002", "40003", "40004"}
BACK = {REFUND, APPLY, CANCEL}


class Wire(Protocol):
    """
    How requests are made and answers read.
    """

    pool: tuple[Asked, ...]

    def before_signing(self, desk: Desk, draw: Draw, asked: Asked) -> RawRequest: ...

    def after_signing(self, desk: Desk, draw: Draw, asked: Asked) -> RawRequest: ...

    def said(self, desk: Desk, call: Call, reply: WireReply) -> str:
        """
        The code in an answer, which must be well formed and genuine; "" for a success.
        """
        ...


@dataclass
class Told:
    """
    What many mutations have shown.
    """

    mutations: int = 0
    admitted: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    goals: Goals = field(default_factory=Goals)

    @property
    def admitted_share(self) -> float:
        return self.admitted / max(self.mutations, 1)

    def facts(self) -> dict[str, Any]:
        return {"mutations": self.mutations, "admitted_share": self.admitted_share, **self.goals.told()}

    def line(self) -> str:
        told = self.goals.told()
        by_condition, by_rule = len(told["reached_by_condition"]), len(told["reached_by_rule"])
        return (
            f"{self.mutations} mutations, {self.admitted_share:.1%} of them passed the signature check; of {told['codes']}"
            f" business codes {by_condition} came by condition and {by_rule} by a rule, {len(self.goals.missing)} did not"
        )


def mutated(fields: dict[str, Any], draw: Draw, *, times: int) -> dict[str, Any]:
    """
    Business fields that somebody wrote who has strange ideas.
    """
    changed = dict(fields)
    for _ in range(times):
        kind, name = draw.below(6), draw.one(sorted(changed) or ["out_trade_no"])
        if kind == 0:
            changed.pop(name, None)
        elif kind in {1, 2}:
            changed[draw.one(UNKNOWN_NAMES)] = draw.one(ODD_VALUES)
        elif kind == 3:
            changed[name] = [changed.get(name)] if draw.below(2) else json.loads("[" * 200 + "]" * 200)
        else:
            changed[name] = draw.one(ODD_VALUES)
    return changed


def own_fields(desk: Desk, asked: Asked) -> dict[str, Any]:
    """
    The request's fields, with the seller's number where the pool says so.
    """
    text = json.dumps(asked.fields).replace('"SELLER"', f'"{desk.provider.merchants[0]}"')
    return dict(json.loads(text))


class Rounds:
    """
    Args:
        directory: the credentials.
    """

    def __init__(self, directory: Path, wire: Wire) -> None:
        self._desks = desks(directory)
        self._wire = wire
        self.told = Told()

    def play(self, *, seed: int, count: int) -> Told:
        for number in range(count):
            try:
                self._one(Draw(seed, number), number)
            except AssertionError as problem:
                problem.add_note(f"seed {seed}, mutation {number}")
                raise
        return self.told

    async def stop(self) -> None:
        for desk in self._desks.values():
            await desk.schedule.stop()

    def _one(self, draw: Draw, number: int) -> None:
        pool, before = self._wire.pool, number % 2 == 0
        asked = pool[number // 2 % len(pool)] if before else draw.one(pool)
        demand = self.told.goals.next_demand() if before and draw.below(3) == 0 else None
        if demand is not None:
            asked = draw.one([one for one in pool if one.method == demand[0] and one.world == USUAL])
        desk = self._desks[asked.world]
        furnish(desk)
        desk.demand(demand, work=bool(draw.below(2)))
        make = self._wire.before_signing if before else self._wire.after_signing
        self._judge(desk, make(desk, draw, asked), demand)

    def _judge(self, desk: Desk, request: RawRequest, demand: tuple[str, str] | None) -> None:
        before = money(desk)
        call = desk.read(request)
        assert money(desk) == before, "reading a request changes nothing"
        plan = desk.planned(call) if call.faultable and not call.page else PLAIN_REPLY
        code = self._wire.said(desk, call, call.perform(plan.shape))
        admitted = call.signature_ok is True
        self.told.mutations += 1
        self.told.admitted += admitted
        self.told.answers[code] += 1
        struck = bool(plan.faults)
        if demand is not None and struck:
            assert (call.api, code) == demand
        assert admitted or code, "who is not admitted succeeds in nothing"
        _moved_rightly(before, money(desk), call)
        if admitted:
            self.told.goals.reached(call.api, code, demanded=struck)


def money(desk: Desk) -> dict[object, tuple[int, int, int]]:
    """
    What was paid, given back and is on its way back, by whose order it is; and what was paid out.
    """
    standing: dict[object, tuple[int, int, int]] = {}
    for trade in desk.book.trades(now=desk.schedule.now()):
        assert trade.opening.total_fen >= 1
        assert 0 <= trade.refunded_fen + trade.refunding_fen <= trade.paid_fen
        key = (trade.opening.merchant_id, trade.opening.out_trade_no)
        standing[key] = (trade.paid_fen, trade.refunded_fen, trade.refunding_fen)
    for payout in desk.book.payouts:
        assert payout.amount_fen >= 1
        standing[payout.order_no] = (payout.amount_fen, 0, 0)
    return standing


def _moved_rightly(before: dict[object, Any], after: dict[object, Any], call: Call) -> None:
    """
    Only a call that was admitted moves money, only in the way that it is for, and only its own order's.
    """
    moved = {key: after[key] for key in after if after[key] != before.get(key, (0, 0, 0))}
    assert before.keys() <= after.keys()
    assert not moved or call.signature_ok is True
    for key, (paid_fen, *back) in moved.items():
        was_paid_fen, *was_back = before.get(key, (0, 0, 0))
        if isinstance(key, str):
            assert call.api == TRANSFER
            continue
        assert key == (call.merchant, call.order)
        assert paid_fen == was_paid_fen or call.api == PAY
        assert back == was_back or call.api in BACK


# Gateway v2


class Forms:
    """
    Gateway v2: forms, and answers in an envelope.
    """

    pool = POOL

    def before_signing(self, desk: Desk, draw: Draw, asked: Asked) -> RawRequest:
        fields = mutated(own_fields(desk, asked), draw, times=1 + draw.below(2))
        params = desk.merchant.signed(asked.method, json.dumps(fields), **asked.common)
        params.pop("sign")
        if draw.below(8) == 0:
            params = _mutated_common(params, draw)
        named: dict[str, str | None] = dict.fromkeys(
            ["app_id", "method", "format", "charset", "sign_type", "timestamp", "version", "biz_content"]
        )
        named |= {name: value for name, value in params.items() if name.isidentifier()}
        method, content = params.get("method", ""), params.get("biz_content", "")
        return _posted(urlencode(desk.merchant.signed(method, content, **named), errors="replace").encode())

    def after_signing(self, desk: Desk, draw: Draw, asked: Asked) -> RawRequest:
        body = urlencode(desk.merchant.signed(asked.method, own_fields(desk, asked), **asked.common)).encode()
        for _ in range(1 + draw.below(2)):
            body = wounded(body, draw)
        return _posted(body)

    def said(self, desk: Desk, call: Call, reply: WireReply) -> str:
        if call.page:
            return _paged(call, reply)
        assert reply.status == 200
        codec = dict(reply.headers)["Content-Type"].partition("charset=")[2]
        body = json.loads(reply.body.decode(codec))
        key = next(iter(body))
        assert list(body) in ([key, "sign"], [key])
        if "sign" in body:
            _genuine(desk, reply.body, key)
        inner = body[key]
        if isinstance(inner, str):
            inner = V3Merchant(desk.merchant.directory).decrypted(inner.encode())
        assert inner["code"] in CODES
        assert (inner["code"] in {"10000", "10003"}) == ("sub_code" not in inner)
        return str(inner.get("sub_code", ""))


def _posted(body: bytes) -> RawRequest:
    return RawRequest("POST", "/gateway.do", (("Content-Type", "application/x-www-form-urlencoded"),), body)


def _mutated_common(params: dict[str, str], draw: Draw) -> dict[str, str]:
    name, kind = draw.one(sorted(params)), draw.below(4)
    if kind == 0:
        return {key: one for key, one in params.items() if key != name}
    extra = {1: f"{name}x", 2: "encrypt_type"}.get(kind, name)
    return {**params, extra: draw.one(ODD_TEXTS)}


def wounded(body: bytes, draw: Draw) -> bytes:
    """
    A change of the bytes that were signed; some of them harmless.
    """
    place, kind, pieces = draw.below(len(body) + 1), draw.below(6), body.split(b"&")
    if kind == 0:
        return body[:place] + body[place + 1 + draw.below(4) :]
    if kind == 1:
        return body[:place] + draw.one(ODD_BYTES) + body[place:]
    if kind == 2:
        return b"&".join(pieces[::-1])
    if kind == 3:
        return body + b"&" + draw.one(pieces)
    if kind == 4:
        return body.replace(b"%2", b"%2".lower()) if draw.below(2) else body.replace(b"+", b"%20")
    return body[place:] + b"&" + body[:place]


def _paged(call: Call, reply: WireReply) -> str:
    """
    A browser is sent on or shown a page; never both, and never without the trade.
    """
    assert reply.status in {200, 302}
    assert (reply.status == 302) == (reply.body == b"")
    assert METHODS[call.api].page
    return "" if reply.status == 302 else "page"


def _genuine(desk: Desk, body: bytes, key: str) -> None:
    """
    Signed as it was asked, or by the newer way where what was asked for is no way at all.
    """
    inner, _, tail = body.removeprefix(b'{"%b":' % key.encode()).rpartition(b',"sign":"')
    signature = tail.removesuffix(b'"}').decode()
    base64.b64decode(signature, validate=True)
    with suppress(InvalidSignature):
        desk.merchant.verify(inner, signature)
        return
    desk.merchant.verify(inner, signature, sign_type="RSA")
