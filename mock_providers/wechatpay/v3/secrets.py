"""
Sensitive fields: what came sealed, opened with the platform key that `Wechatpay-Serial` names; and told again, sealed.

Facts: wechatpay/sensitive-fields
"""

from mock_providers.core.books.payouts import Payout
from mock_providers.wechatpay.merchants import KeyRing
from mock_providers.wechatpay.v3 import answers
from mock_providers.wechatpay.v3.fields import FieldRefused, bad_parameter
from mock_providers.wechatpay.v3.signing import decrypt_field, encrypt_field
from mock_providers.wechatpay.v3.visit import Visit

# A payee's real name, in requests, answers and a payout's details.
USER_NAME = "user_name"


def opened(keys: KeyRing, visit: Visit, text: str | None, name: str) -> str:
    """
    The plain text of a field, "" for one that was not sent.

    Raises:
        FieldRefused: no serial, a serial of no key of ours, or encrypted for another one.
    """
    if not text:
        return ""
    if not visit.serial:
        raise FieldRefused(answers.refused("PARAM_ERROR", "Http头缺少平台证书序列号Wechatpay-Serial"))
    pair = keys.by_serial(visit.serial)
    if pair is None:
        raise FieldRefused(answers.refused("PARAM_ERROR", "平台证书序列号Wechatpay-Serial错误"))
    plain = decrypt_field(pair.private, text)
    if plain is None:
        raise bad_parameter(name, "", "无法解密", location="body")
    return plain


def told_name(visit: Visit, payout: Payout) -> dict[str, object]:
    """
    The payee's name as a query tells it, where one was given: only this merchant can read it.

    Facts: wechatpay/sensitive-fields
    """
    name = payout.details.get(USER_NAME, "")
    return {USER_NAME: encrypt_field(visit.merchant.certificate, name)} if name else {}
