"""
What the legacy API checks before it looks at business: who calls, and whether it is signed with the shared key.

The order of the checks is itself observable, so it stands here as one list. Until somebody is known nothing is signed.
"""

import hashlib
from collections.abc import Mapping

from mock_providers.core.records import record
from mock_providers.wechatpay.merchants import Merchant
from mock_providers.wechatpay.v2 import codes
from mock_providers.wechatpay.v2.codes import Failure, Refusal
from mock_providers.wechatpay.v2.fields import refused
from mock_providers.wechatpay.v2.signing import seal, sign_type_of, text_of
from mock_providers.wechatpay.v2.work import Api


@record
class Admission:
    """
    What the door found.

    Args:
        failure: None lets the call in.
        signature_ok: None when the check was not reached.
    """

    failure: Failure | None
    merchant: Merchant | None = None
    key: str = ""
    sign_type: str = "MD5"
    string_to_sign: str | None = None
    signature_ok: bool | None = None


def sandbox_key(merchant: Merchant) -> str:
    """
    The key of the simulation system, which is another one than the merchant's.

    Facts: wechatpay/v2-sandbox
    """
    return hashlib.md5(f"sandbox&{merchant.api_v2_key}".encode(), usedforsecurity=False).hexdigest()


def admit(
    fields: Mapping[str, str], *, merchants: Mapping[str, Merchant], sandbox: bool, sign_type_counts: bool = True
) -> Admission:
    """
    Who it is, then whether the signature is theirs.

    Args:
        sign_type_counts: otherwise a signature that leaves `sign_type` out is right as well.

    Facts: wechatpay/v2-check-order, wechatpay/v2-sign, wechatpay/v2-sign-payouts
    """
    mch_id = fields.get("mch_id") or fields.get("mchid")
    if not mch_id or not (mch_id.isascii() and mch_id.isdigit() and len(mch_id) <= 32):
        return Admission(codes.MCH_ID_MALFORMED)
    merchant = merchants.get(mch_id)
    if merchant is None:
        return Admission(codes.MCH_ID_UNKNOWN)
    sign_type = sign_type_of(fields)
    if sign_type is None:
        return Admission(codes.SIGN_TYPE_UNKNOWN, merchant)
    key = sandbox_key(merchant) if sandbox else merchant.api_v2_key
    text = text_of(fields)
    texts = [text] if sign_type_counts else [text, text_of({**fields, "sign_type": ""})]
    for signed in texts:
        if seal(signed, key, sign_type=sign_type) == fields.get("sign"):
            return Admission(None, merchant, key, sign_type, signed, signature_ok=True)
    return Admission(codes.SIGN_ERROR, merchant, key, sign_type, text, signature_ok=False)


def refused_inside(fields: Mapping[str, str], api: Api, *, merchant: Merchant, sandbox: bool) -> Refusal | None:
    """
    What is checked once the caller is known: the application, then the fields. The simulation system takes any
    application.

    Facts: wechatpay/v2-check-order, wechatpay/v2-sandbox
    """
    app_id = fields.get(api.app_field) if api.app_field else None
    if app_id and not sandbox and app_id != merchant.app_id:
        return codes.APPID_MCHID_NOT_MATCH if _looks_real(app_id) else codes.APPID_NOT_EXIST
    if api.hmac_only and fields.get("sign_type") != "HMAC-SHA256":
        return codes.HMAC_ONLY
    return refused(fields, api.rules)


def _looks_real(app_id: str) -> bool:
    """
    An application of somebody else's, as far as its form can tell.

    Facts: wechatpay/v2-check-order
    """
    return len(app_id) == 18 and app_id.startswith("wx")
