"""
The buyer's barcode: alipay.trade.pay, with waiting for the buyer's password.

A barcode works once; those of `barcodes.toml` belong to buyers who cannot pay, or always type.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from mock_providers.alipay import codes, orders
from mock_providers.alipay.business import Unreadable, text_field
from mock_providers.alipay.times import text_of
from mock_providers.alipay.trades import open_waiting
from mock_providers.alipay.work import Office, Work
from mock_providers.core.books.book import Opening, Trade
from mock_providers.core.money import yuan_text
from mock_providers.core.wire.reply import ProviderReply

# See alipay/pay.
_BARCODE = re.compile(r"(?:2[5-9]|30)[0-9]{14,22}|fp[0-9A-Za-z]{33}", re.ASCII)
_SCENES = frozenset({"bar_code", "wave_code", "security_code"})
_NEEDS_PASSWORD = "password"  # noqa: S105  a word in a table


@cache
def strange_buyers() -> Mapping[str, str]:
    """What becomes of a barcode, by its first eight digits; read when the first barcode is seen."""
    with Path(__file__).with_name("barcodes.toml").open("rb") as file:
        return {str(code): str(fate) for code, fate in tomllib.load(file)["barcodes"].items()}


def pay(office: Office, work: Work) -> ProviderReply:
    """
    Take the money of a buyer who shows a barcode; above an amount, or by the buyer's settings, a password comes first.

    Facts: alipay/pay, alipay/repeat-create
    """
    return _pay(office, work, waits=False)


def pay_in_process(office: Office, work: Work, *, ok: bool) -> ProviderReply:
    """
    Say that the buyer has to type a password; with *ok* the money moves all the same, at once.

    Facts: alipay/pay
    """
    reply = _pay(office, work, waits=True)
    if not ok or reply.code != codes.WAITING_FOR_BUYER:
        return reply
    trade = office.book.by_order(
        "alipay", str(reply.fields["out_trade_no"]), now=work.now, merchant_id=work.app.seller_id
    )
    assert trade is not None
    office.book.pay(trade, now=work.now)
    office.herald.tell(trade, "payment")
    return reply


def _pay(office: Office, work: Work, *, waits: bool) -> ProviderReply:
    barcode = text_field(work.fields, "auth_code", max_chars=64)
    if barcode is None:
        raise Unreadable("auth_code")
    scene = text_field(work.fields, "scene", max_chars=32) or "bar_code"
    opening = orders.read_order(office, work, product="barcode", life=orders.FACE_TO_FACE_LIFE)
    refusal = orders.refused_at_sight(office, work, opening)
    if refusal is not None:
        return refusal
    known = orders.known_order(office, work, opening)
    refusal = (
        orders.refused_too_late(opening, work.now) if known is None else orders.refused_again(known, opening, work)
    )
    if refusal is not None:
        return refusal
    code = "ACQ.UN_SUPPORT_TRADE_SCENE" if scene not in _SCENES else _unpayable(office, barcode)
    if code:
        return codes.business(code, codes.unpaid_fields(opening.out_trade_no))
    trade = known or open_waiting(office, opening)
    office.spent_codes[barcode] = trade
    if waits or _types_password(office, barcode, opening):
        return _waiting(trade)
    office.book.pay(trade, now=work.now)
    office.herald.tell(trade, "payment")
    return _paid(trade)


def _unpayable(office: Office, barcode: str) -> str:
    """
    The code for a barcode that pays nothing, "" for one that does.

    Facts: alipay/pay, alipay/business-codes
    """
    if not _BARCODE.fullmatch(barcode) or office.spent(barcode):
        return "ACQ.PAYMENT_AUTH_CODE_INVALID"
    fate = strange_buyers().get(barcode[:8], "")
    return "" if fate == _NEEDS_PASSWORD else fate


def _types_password(office: Office, barcode: str, opening: Opening) -> bool:
    above = opening.total_fen > office.policy.password_above_fen
    return above or strange_buyers().get(barcode[:8]) == _NEEDS_PASSWORD


def _waiting(trade: Trade) -> ProviderReply:
    return codes.waiting_for_buyer(
        {
            **codes.unpaid_fields(trade.opening.out_trade_no),
            **orders.buyer_fields(trade),
            "total_amount": yuan_text(trade.opening.total_fen),
            "trade_no": trade.trade_no,
        }
    )


def _paid(trade: Trade) -> ProviderReply:
    """It has no `trade_status`; see alipay/pay."""
    assert trade.paid_at is not None
    total = yuan_text(trade.opening.total_fen)
    fields: dict[str, object] = {
        **orders.buyer_fields(trade),
        "buyer_pay_amount": total,
        "buyer_user_type": "PRIVATE",
        "fund_bill_list": [{"amount": total, "fund_channel": "ALIPAYACCOUNT"}],
        "gmt_payment": text_of(trade.paid_at),
        "invoice_amount": total,
        "out_trade_no": trade.opening.out_trade_no,
        "point_amount": "0.00",
        "receipt_amount": total,
        "total_amount": total,
        "trade_no": trade.trade_no,
    }
    return codes.success(fields)
