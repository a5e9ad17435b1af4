"""
An API's answer into bytes: the envelope, the signature of the caller's own kind, and what a fault makes of them.

Facts: wechatpay/v2-levels, wechatpay/v2-xml
"""

from collections.abc import Mapping

from mock_providers.core.ids import Ids
from mock_providers.core.plans import UNNAMED_FEN, AnswerShape, Seal
from mock_providers.core.wire.reply import WireReply
from mock_providers.wechatpay.v2 import codes, xml
from mock_providers.wechatpay.v2.codes import Failure, Refusal
from mock_providers.wechatpay.v2.shown import with_coupon
from mock_providers.wechatpay.v2.signing import downgraded, seal, sealed_bytes, text_of
from mock_providers.wechatpay.v2.work import Answer, Api, BillFailure, Done, Download, Work

_PLAIN = (("Content-Type", "text/plain"),)
# What a stranger would sign with.
_NUMBERS = ("out_trade_no", "transaction_id", "out_refund_no", "out_refund_no_0")
_AMOUNTS = ("total_fee", "cash_fee", "settlement_total_fee", "refund_fee", "refund_fee_0", "settlement_refund_fee")
FOREIGN_KEY = "payproof00forger00of00keyed00sea"
# What faults call by a common name. Facts: wechatpay/v2-micropay, wechatpay/v2-refund, wechatpay/v2-levels
_COMMON_NAMES = {
    "system_error": codes.SYSTEMERROR,
    "busy": codes.FREQUENCY_LIMITED,
    "in_process": codes.USERPAYING,
}


def by_fault(name: str, api: Api) -> Refusal:
    """
    What a fault asks for, by a common name or by a code of the vendor's own; a refund in process says so in its own
    word.
    """
    if name == "in_process" and api.name == "v2.refund":
        return codes.BIZERR_NEED_RETRY
    return _COMMON_NAMES.get(name) or codes.refusal_named(name)


def failure_reply(failure: Failure, *, status: int = 200) -> WireReply:
    """
    Nothing but `return_code` and `return_msg`, signed by nobody.

    Facts: wechatpay/v2-levels
    """
    body = xml.write({"return_code": "FAIL", "return_msg": failure.return_msg})
    return WireReply(status, _PLAIN, body.encode("utf-8", "replace"))


class AnswerWriter:
    """Writes answers; the nonce of each is its own."""

    def __init__(self, ids: Ids) -> None:
        self._prefix = ids.letters(8, "v2-answer")
        self._count = 0

    def write(self, answer: Answer, work: Work, api: Api, *, shape: AnswerShape) -> WireReply:
        """Make bytes of *answer*."""
        if isinstance(answer, Failure):
            return failure_reply(answer)
        if isinstance(answer, Download):
            return WireReply(200, (("Content-Type", answer.content_type),), answer.body)
        if isinstance(answer, BillFailure):
            told = {"return_code": "FAIL", "return_msg": answer.return_msg, "error_code": answer.error_code}
            return WireReply(200, _PLAIN, xml.write(told).encode())
        fields = self._fields(answer, work, api)
        fields |= with_coupon(fields, shape.coupon_fen)
        fields |= _astray(fields, shape.astray)
        text = text_of(fields) if api.signed else None
        if shape.seal is Seal.NONE:
            fields.pop("sign", None)
        elif text is not None:
            fields["sign"] = _sealed(text, work, shape.seal)
        nested, delay_s = (answer.nested, answer.delay_s) if isinstance(answer, Done) else ("", 0.0)
        body = _spelt(xml.write(_ordered(fields, shape.spelling), nested=nested), shape.spelling)
        return WireReply(200, _PLAIN, body.encode("utf-8", "replace"), text, delay_s)

    def _fields(self, answer: Done | Refusal, work: Work, api: Api) -> dict[str, str]:
        fields = {"return_code": "SUCCESS", "return_msg": "OK"}
        if api.app_field and work.get(api.app_field):
            fields[api.app_field] = work.fields[api.app_field]
        fields[api.mch_field] = work.merchant.mchid
        if work.get("device_info"):
            fields["device_info"] = work.fields["device_info"]
        if api.signed:
            self._count += 1
            fields["nonce_str"] = f"{self._prefix}{self._count:08x}"
            fields["sign"] = ""
        if isinstance(answer, Refusal):
            refused = {"result_code": "FAIL", "err_code": answer.err_code, "err_code_des": answer.err_code_des}
            return fields | refused | ({"recall": answer.recall} if answer.recall else {})
        fields["result_code"] = "SUCCESS"
        if work.sandbox:
            # As captured. Facts: wechatpay/v2-sandbox
            fields |= {"err_code": "SUCCESS", "err_code_des": "ok", "device_info": "sandbox"}
        fields.update(answer.fields)
        return fields


def _astray(fields: Mapping[str, str], which: str) -> dict[str, str]:
    """What a signed answer about another order, or over another amount, says instead; nothing for ""."""
    if which == "order":
        found = {name: fields[name] for name in _NUMBERS if fields.get(name)}
        other = {name: number[:-1] + ("0" if number[-1] != "0" else "1") for name, number in found.items()}
    else:
        amounts = _AMOUNTS if which else ()
        other = {name: str(int(fields[name]) + UNNAMED_FEN) for name in amounts if fields.get(name)}
    return other | ({"refund_status_0": "SUCCESS"} if which and "refund_status_0" in fields else {})


def _ordered(fields: dict[str, str], spelling: str) -> dict[str, str]:
    """The order of the fields means nothing, so it may be any other."""
    return dict(reversed(fields.items())) if spelling == "reordered" else fields


def _spelt(body: str, spelling: str) -> str:
    """Blanks between the fields mean nothing either."""
    return body.replace("\n<", "\n\n  <").replace("<xml><", "<xml>\n  <", 1) if spelling == "spaced" else body


def _sealed(text: str, work: Work, wanted: Seal) -> str:
    sign_type, kind = downgraded(work.sign_type, wanted)
    if kind is Seal.FOREIGN:
        return seal(text, FOREIGN_KEY, sign_type=sign_type)
    if kind is Seal.DAMAGED:
        return sealed_bytes(f"{text}&key={work.key}\0".encode(), work.key, sign_type=sign_type)
    return seal(text, work.key, sign_type=sign_type)
