"""
The legacy signature over what a page or an app hands to the wallet.

Facts: wechatpay/v2-client-sign
"""

from collections.abc import Mapping

from mock_providers.wechatpay.merchants import Merchant
from mock_providers.wechatpay.v2.door import sandbox_key
from mock_providers.wechatpay.v2.signing import SIGN_TYPES, seal, text_of


def legacy_sign_ok(merchant: Merchant, fields: Mapping[str, str], sign: str) -> bool:
    """
    Whether *sign* is the merchant's, by MD5 or HMAC-SHA256, with its own key or the simulation system's.

    Args:
        fields: all but the signature, by the client's names for them.
    """
    declared = fields.get("signType")
    types = SIGN_TYPES if declared is None else tuple(one for one in SIGN_TYPES if one == declared)
    text = text_of(fields)
    keys = (merchant.api_v2_key, sandbox_key(merchant))
    return any(seal(text, key, sign_type=sign_type) == sign for sign_type in types for key in keys)
