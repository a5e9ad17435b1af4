"""
Money out: alipay.fund.trans.uni.transfer and alipay.fund.trans.common.query.

A number is the transfer: sent again with the same data it moves nothing, with other data it is refused. Payees of
`payees.toml` cannot be paid, each for a reason of their own.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from mock_providers.alipay import codes
from mock_providers.alipay.arrivals import payout_later
from mock_providers.alipay.balance import balance_fen
from mock_providers.alipay.business import Unreadable, amount_field, list_field, number_field, object_field, text_field
from mock_providers.alipay.payouts import payout_result, payout_status
from mock_providers.alipay.times import day_of, text_of
from mock_providers.alipay.work import Office, Work
from mock_providers.core.books.payouts import Payout, PayoutState
from mock_providers.core.money import Fen, yuan_text
from mock_providers.core.wire.reply import ProviderReply

# See alipay/transfer.
_PRODUCTS = frozenset({"TRANS_ACCOUNT_NO_PWD", "TRANS_BANKCARD_NO_PWD", "STD_RED_PACKET"})
_BIZ_SCENES = frozenset({"DIRECT_TRANSFER", "PERSONAL_COLLECTION"})
_IDENTITY_TYPES = frozenset(
    {"ALIPAY_USER_ID", "ALIPAY_LOGON_ID", "ALIPAY_OPEN_ID", "BANKCARD_ACCOUNT", "EXPRESS_DC_STFA"}
)
_SCENES = frozenset(
    {"现金营销", "企业退款", "佣金报酬", "业务结算", "二手回收", "公益补助", "行政补贴和退款", "保险理赔"}
)
_LEAST_FEN, _LEAST_RED_PACKET_FEN, _MOST_FEN = 10, 1, 10_000_000_000
_REMARK_FROM_FEN = 5_000_000
# How long a transfer is dealt with when it is a fault that holds it up.
_HELD_UP_S = 10.0
_ENDS: Mapping[str, PayoutState] = MappingProxyType({"FAIL": PayoutState.FAILED, "REFUND": PayoutState.RETURNED})


@cache
def strange_payees() -> Mapping[str, str]:
    """What becomes of a transfer, by its payee; read when the first transfer is asked for."""
    with Path(__file__).with_name("payees.toml").open("rb") as file:
        return {str(payee): str(fate) for payee, fate in tomllib.load(file)["payees"].items()}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A transfer as it was asked for; `same_as` is what a repeat must not change."""

    out_biz_no: str
    amount_fen: Fen
    product_code: str
    biz_scene: str
    identity: str
    identity_type: str
    name: str
    remark: str

    @property
    def same_as(self) -> str:
        """All that makes it this transfer."""
        parts = (yuan_text(self.amount_fen), self.product_code, self.biz_scene, self.identity, self.identity_type)
        return "\n".join((*parts, self.name))


def transfer(office: Office, work: Work) -> ProviderReply:
    """
    Pay somebody.

    Facts: alipay/transfer, alipay/transfer-codes
    """
    return _transfer(office, work, settles_s=office.policy.payout_settles_s, ok=True)


def transfer_in_process(office: Office, work: Work, *, ok: bool) -> ProviderReply:
    """
    The same, but the result comes later: paid, or given back.

    Facts: alipay/transfer, alipay/unknown-outcome
    """
    return _transfer(office, work, settles_s=office.policy.payout_settles_s or _HELD_UP_S, ok=ok)


def _transfer(office: Office, work: Work, *, settles_s: float, ok: bool) -> ProviderReply:
    wanted = _wanted(work)
    known = office.book.payouts.by_number("alipay", work.app.seller_id, wanted.out_biz_no)
    if known is not None:
        same = known.details["same_as"] == wanted.same_as
        return _told(known) if same else codes.business("PAYMENT_INFO_INCONSISTENCY")
    code = _refusal(office, work, wanted)
    if code:
        return codes.business(code)
    payout = office.book.payouts.open(_opened(office, work, wanted))
    end = PayoutState.SUCCEEDED if ok else PayoutState.RETURNED
    _, _, fate = strange_payees().get(wanted.identity, "").partition("then ")
    delay_s = settles_s or (_HELD_UP_S if fate else 0.0)
    payout_later(office, payout, settles_s=delay_s, end=_ENDS.get(fate, end))
    return _told(payout)


def _wanted(work: Work) -> Wanted:
    """
    Raises:
        Unreadable: a field that is missing or makes no sense.

    Facts: alipay/transfer
    """
    fields = work.fields
    payee = object_field(fields, "payee_info")
    wanted = Wanted(
        out_biz_no=_required(number_field(fields, "out_biz_no"), "out_biz_no"),
        amount_fen=amount_field(fields, "trans_amount"),
        product_code=_one_of(fields, "product_code", _PRODUCTS),
        biz_scene=_one_of(fields, "biz_scene", _BIZ_SCENES),
        identity=_required(text_field(payee, "identity", max_chars=64), "payee_info.identity"),
        identity_type=_one_of(payee, "identity_type", _IDENTITY_TYPES),
        name=text_field(payee, "name", max_chars=64) or "",
        remark=text_field(fields, "remark", max_chars=200) or "",
    )
    if wanted.identity_type == "ALIPAY_LOGON_ID" and not wanted.name:
        raise Unreadable("payee_info.name")
    return wanted


def _required(value: str | None, name: str) -> str:
    if value is None:
        raise Unreadable(name)
    return value


def _one_of(fields: Mapping[str, object], name: str, words: frozenset[str]) -> str:
    value = _required(text_field(fields, name, max_chars=64), name)
    if value not in words:
        raise Unreadable(name)
    return value


def _refusal(office: Office, work: Work, wanted: Wanted) -> str:
    """
    The code of the first rule that is broken, "" for none.

    Facts: alipay/transfer-codes
    """
    return _about_amount(wanted) or _about_scene(office, work, wanted) or _about_people(office, work, wanted)


def _about_amount(wanted: Wanted) -> str:
    least_fen = _LEAST_RED_PACKET_FEN if wanted.product_code == "STD_RED_PACKET" else _LEAST_FEN
    if wanted.amount_fen < least_fen:
        return "EXCEED_LIMIT_SM_MIN_AMOUNT"
    if wanted.amount_fen > _MOST_FEN:
        return "EXCEED_LIMIT_SM_AMOUNT"
    return "MEMO_REQUIRED_IN_TRANSFER_ERROR" if wanted.amount_fen >= _REMARK_FROM_FEN and not wanted.remark else ""


def _about_scene(office: Office, work: Work, wanted: Wanted) -> str:
    if office.policy.forbids(wanted.remark, str(work.fields.get("order_title") or "")):
        return "REMARK_HAS_SENSITIVE_WORD"
    scene = text_field(work.fields, "transfer_scene_name", max_chars=64)
    if scene is None:
        return "TRANSFER_SCENE_NAME_BLANK" if office.policy.payout_needs_scene else ""
    if scene not in _SCENES:
        return "TRANSFER_SCENE_NAME_ILLEGAL"
    reported = list_field(work.fields, "transfer_scene_report_infos")
    well_formed = all(isinstance(one, Mapping) and one.get("info_type") and one.get("info_content") for one in reported)
    return "" if well_formed else "TRANSFER_SCENE_REPORT_INFO_ILLEGAL"


def _about_people(office: Office, work: Work, wanted: Wanted) -> str:
    if "payout" in office.policy.products_not_signed:
        return "PRODUCT_NOT_SIGN"
    if wanted.identity == work.app.seller_id:
        return "PAYER_PAYEE_CANNOT_SAME"
    fate = strange_payees().get(wanted.identity, "")
    if fate and not fate.startswith("then "):
        return fate
    left = balance_fen(office.policy, office.book, merchant_id=work.app.seller_id, now=work.now)
    return "PAYER_BALANCE_NOT_ENOUGH" if left is not None and left < wanted.amount_fen else ""


def _opened(office: Office, work: Work, wanted: Wanted) -> Payout:
    about = (work.app.seller_id, wanted.out_biz_no)
    day = day_of(work.now)
    return Payout(
        provider="alipay",
        merchant_id=work.app.seller_id,
        out_biz_no=wanted.out_biz_no,
        order_no=f"{day}110070{office.ids.digits(18, 'transfer', *about)}",
        amount_fen=wanted.amount_fen,
        payee=wanted.identity,
        asked_at=work.now,
        label=work.label,
        details={
            "app_id": work.app.app_id,
            "biz_scene": wanted.biz_scene,
            "charset": work.charset,
            "pay_fund_order_id": f"{day}110070{office.ids.digits(18, 'fund', *about)}",
            "product_code": wanted.product_code,
            "remark": wanted.remark,
            "same_as": wanted.same_as,
            "sign_type": work.sign_type,
        },
    )


def _told(payout: Payout) -> ProviderReply:
    """
    What the transfer answers, the first time and again.

    Facts: alipay/transfer
    """
    return codes.success(
        {
            "order_id": payout.order_no,
            "out_biz_no": payout.out_biz_no,
            "pay_fund_order_id": payout.details["pay_fund_order_id"],
            "status": payout_status(payout),
            "trans_date": text_of(payout.settled_at or payout.asked_at),
        }
    )


def transfer_query(office: Office, work: Work) -> ProviderReply:
    """
    Say how a transfer stands.

    Facts: alipay/transfer
    """
    payout = _found(office, work)
    if payout is None:
        return codes.business("ORDER_NOT_EXIST")
    if payout.merchant_id != work.app.seller_id:
        return codes.business("NO_ORDER_PERMISSION")
    fields: dict[str, object] = {**payout_result(payout), "order_fee": "0.00"}
    if payout.state is PayoutState.PROCESSING:
        fields["arrival_time_end"] = text_of(payout.asked_at)
    return codes.success(fields)


def transfer_query_in_process(office: Office, work: Work, *, ok: bool) -> ProviderReply:
    """
    What a query says that has not heard of the result yet.

    Facts: alipay/transfer
    """
    del ok  # a query does nothing either way
    reply = transfer_query(office, work)
    if reply.sub_code:
        return reply
    hidden = {"pay_date", "error_code", "fail_reason"}
    kept = {name: value for name, value in reply.fields.items() if name not in hidden}
    return codes.success(kept | {"status": "DEALING"})


def order_of(office: Office, work: Work) -> str:
    """
    The merchant's number of the transfer that a query is about.

    Raises:
        Unreadable: a number that is none.
    """
    payout = _found(office, work)
    return payout.out_biz_no if payout is not None else number_field(work.fields, "out_biz_no") or ""


def _found(office: Office, work: Work) -> Payout | None:
    """By the fund order's number, else the order's, else the merchant's with product and scene."""
    fields, payouts = work.fields, office.book.payouts
    fund_no, order_no = number_field(fields, "pay_fund_order_id"), number_field(fields, "order_id")
    if fund_no is not None:
        return next((one for one in payouts if one.details.get("pay_fund_order_id") == fund_no), None)
    if order_no is not None:
        return payouts.by_order_no("alipay", order_no)
    out_biz_no = _required(number_field(fields, "out_biz_no"), "out_biz_no")
    found = payouts.by_number("alipay", work.app.seller_id, out_biz_no)
    asked = {name: text_field(fields, name, max_chars=64) for name in ("product_code", "biz_scene")}
    if found is None or any(value not in {None, found.details[name]} for name, value in asked.items()):
        return None
    return found
