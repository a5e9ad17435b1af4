"""
Orders: created for JSAPI, NATIVE, APP and MWEB, asked about by either number, and closed.

Business only: XML, signatures and fields' shapes are over when a call comes here.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from mock_providers.core.books.book import Opening, Trade, TradeState
from mock_providers.core.money import Fen
from mock_providers.core.shared import shared
from mock_providers.wechatpay.desk import LANGUAGE, PROVIDER_NAME, REFUNDABLE_S, V2, Desk
from mock_providers.wechatpay.states import DESCRIPTIONS, PAYING, TradeWord, word_of
from mock_providers.wechatpay.v2 import codes, sandbox
from mock_providers.wechatpay.v2.codes import Refusal
from mock_providers.wechatpay.v2.fields import moment_of
from mock_providers.wechatpay.v2.shown import COUPONS, payment_fields
from mock_providers.wechatpay.v2.work import Answer, Done, Work
from mock_providers.wechatpay.v3.orders import TRADE_TYPES, UNPAID_LIFE

_LINK_LIFE = timedelta(hours=2)
_H5_LIFE = timedelta(minutes=5)
# See wechatpay/v2-unifiedorder.
_SHORTEST = timedelta(minutes=1)
_PRODUCTS: Mapping[str, str] = {word: product for product, word in TRADE_TYPES.items()}
# In an order's details: it lives in the simulation system.
SANDBOX = "sandbox"
_NOT_COMPARED = ("nonce_str", "sign_type")


class Orders:
    """The APIs about single orders."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def create(self, work: Work) -> Answer:
        """
        Enter an order, or recognise one.

        Facts: wechatpay/v2-unifiedorder, wechatpay/v2-repeat-create
        """
        refusal = _impossible(work)
        if refusal is not None:
            return refusal
        mchid, number = work.merchant.mchid, work.fields["out_trade_no"]
        known = self._desk.book.by_order(PROVIDER_NAME, number, now=work.now, merchant_id=mchid)
        if known is not None:
            return self._again(known, work)
        return _linked(self._open(work))

    def _open(self, work: Work) -> Trade:
        fields, numbers = work.fields, self._desk.numbers
        product = _PRODUCTS[fields["trade_type"]]
        mchid, number = work.merchant.mchid, fields["out_trade_no"]
        transaction_id, prepay_id, code_url = numbers.of_order(mchid, number, now=work.now)
        details = {"openid": fields.get("openid", ""), "prepay_id": prepay_id}
        if product == "h5":
            details["h5_url"] = numbers.h5_url(prepay_id)
        life = _H5_LIFE if product == "h5" else _LINK_LIFE
        return self._desk.book.open(
            opening_of(self._desk, work, product=product, details=details),
            qr_code=code_url if product == "qr" else prepay_id,
            qr_expires_at=work.now + life,
            trade_no=transaction_id,
        )

    def _again(self, trade: Trade, work: Work) -> Answer:
        """
        Facts: wechatpay/v2-repeat-create.
        """
        refusal = refused_again(trade, work, field_style=self._desk.policy.duplicate_number == "field")
        if refusal is not None:
            return refusal
        if trade.qr_expires_at is not None and work.now >= trade.qr_expires_at:
            life = _H5_LIFE if trade.opening.product == "h5" else _LINK_LIFE
            self._desk.book.renew_qr(trade, qr_code=trade.qr_code, qr_expires_at=work.now + life)
        return _linked(trade)

    def query(self, work: Work) -> Answer:
        """
        How a trade stands; the platform's number wins, and finds paid ones only.

        Facts: wechatpay/v2-orderquery
        """
        played = sandbox.query_case(work.case)
        if played is not None:
            return played
        trade = self.found(work)
        if trade is None:
            return codes.ORDERNOTEXIST
        word = word_of(trade, refund_closed_is_success=self._desk.policy.refund_closed_is_success)
        state = {"trade_state": word, "trade_state_desc": DESCRIPTIONS[word]}
        if trade.paid_at is not None:
            return Done({**_device(trade), **payment_fields(trade), **state})
        fields = {"out_trade_no": trade.opening.out_trade_no, "attach": trade.opening.details.get("attach", "")}
        if word is not TradeWord.CLOSED:
            fields |= {**_device(trade), "total_fee": str(trade.opening.total_fen), "fee_type": trade.opening.currency}
        return Done(fields | state)

    def found(self, work: Work) -> Trade | None:
        """The trade that a call names, in the house that it asks."""
        transaction_id = work.get("transaction_id")
        mchid = work.merchant.mchid
        trade = (
            self._desk.paid_trade(mchid, transaction_id)
            if transaction_id
            else self._desk.order(mchid, work.get("out_trade_no"))
        )
        return trade if trade is not None and in_house(trade, work) else None

    def close(self, work: Work) -> Answer:
        """
        End an order that nobody has paid. It can be closed once.

        Facts: wechatpay/v2-closeorder
        """
        trade = self.found(work)
        if trade is None:
            accepted = self._desk.policy.unknown_close == "accepted"
            return Done() if accepted else codes.ORDERNOTEXIST
        if trade.paid_at is not None:
            return codes.ORDERPAID
        if trade.notes.get(PAYING) == TradeWord.USERPAYING:
            return codes.ORDER_PAYING
        if trade.state is TradeState.CLOSED:
            return codes.ORDERCLOSED
        self._desk.book.close(trade, now=work.now, by="merchant")
        return Done()


def in_house(trade: Trade, work: Work) -> bool:
    """Whether a trade lives where the call looks: neither of the two houses knows the other's."""
    return bool(trade.opening.details.get(SANDBOX)) is work.sandbox


def opening_of(desk: Desk, work: Work, *, product: str, details: Mapping[str, str]) -> Opening:
    """What every order begins with."""
    fields = work.fields
    coupons = sandbox.COUPONS.get(fields["total_fee"]) if work.sandbox else None
    return Opening(
        provider=PROVIDER_NAME,
        out_trade_no=fields["out_trade_no"],
        merchant_id=work.merchant.mchid,
        app_id=shared(fields["appid"]),
        label=work.label,
        subject=fields["body"],
        total_fen=Fen(int(fields["total_fee"])),
        created_at=work.now,
        expires_at=work.now + UNPAID_LIFE,
        refundable_s=REFUNDABLE_S,
        notify_url=shared(fields.get("notify_url", "")) if product != "barcode" else "",
        product=product,
        payable_until=_payable_until(desk, fields.get("time_expire", ""), now=work.now),
        details={
            LANGUAGE: V2,
            "attach": fields.get("attach", ""),
            "device_id": fields.get("device_info", ""),
            "sign_type": work.sign_type,
            "fingerprint": fingerprint_of(work),
            **({SANDBOX: "1"} if work.sandbox else {}),
            **({COUPONS: coupons} if coupons else {}),
            **details,
        },
    )


def fingerprint_of(work: Work) -> str:
    """What must be the same when a number comes again: every parameter but those of the signature."""
    text = work.text
    for name in _NOT_COMPARED:
        text = text.replace(f"&{name}={work.get(name)}", "", 1)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def refused_again(trade: Trade, work: Work, *, field_style: bool) -> Refusal | None:
    """
    Why a number cannot be used again; None where everything is as it was.

    Facts: wechatpay/v2-repeat-create
    """
    repeated = codes.REPEATED_DIFFERENTLY if field_style else codes.OUT_TRADE_NO_USED
    if not in_house(trade, work):
        return repeated
    if trade.paid_at is not None:
        return codes.ORDERREVERSED if trade.closed_by == "reversed" else codes.ORDERPAID
    if trade.closed_by == "reversed":
        return codes.ORDERREVERSED
    if trade.state is TradeState.CLOSED:
        return codes.ORDERCLOSED
    return None if trade.opening.details.get("fingerprint") == fingerprint_of(work) else repeated


def _payable_until(desk: Desk, text: str, *, now: datetime) -> datetime | None:
    """
    The last moment for the buyer, which closes nothing.

    Facts: wechatpay/v2-unifiedorder
    """
    return max(desk.world.on_schedule(moment_of(text)), now + _SHORTEST) if text else None


def _impossible(work: Work) -> Refusal | None:
    """
    What only a look at several fields can tell.

    Facts: wechatpay/v2-unifiedorder, wechatpay/v2-field-rules
    """
    fields = work.fields
    if fields["trade_type"] == "JSAPI" and not (fields.get("openid") or fields.get("sub_openid")):
        return codes.OPENID_MISSING
    return bad_times(fields)


def bad_times(fields: Mapping[str, str]) -> Refusal | None:
    """
    Moments that no calendar has, or an end before the beginning.

    Facts: wechatpay/v2-times
    """
    moments = []
    for name in ("time_start", "time_expire"):
        if fields.get(name):
            try:
                moments.append(moment_of(fields[name]))
            except ValueError:
                return Refusal("INVALID_REQUEST", f"{name}参数格式错误")
    return codes.TIMES_REVERSED if len(moments) == 2 and moments[1] <= moments[0] else None


def _linked(trade: Trade) -> Done:
    """
    Facts: wechatpay/v2-unifiedorder.
    """
    details = trade.opening.details
    product = trade.opening.product
    fields = {"trade_type": TRADE_TYPES[product], "prepay_id": details["prepay_id"]}
    if product == "qr":
        fields["code_url"] = trade.qr_code
    elif product == "h5":
        fields["mweb_url"] = details["h5_url"]
    return Done(fields)


def _device(trade: Trade) -> dict[str, str]:
    device = trade.opening.details.get("device_id", "")
    return {"device_info": device} if device else {}
