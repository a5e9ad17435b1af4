"""
The keyed signature of the XML API over parameters that a page or an app hands to the wallet.

Facts: wechatpay/v2-sign, wechatpay/client-sign
"""

import hashlib
import hmac
from collections.abc import Mapping

from mock_providers.wechatpay.merchants import Merchant


def legacy_sign_ok(merchant: Merchant, fields: Mapping[str, str], sign: str) -> bool:
    """Whether *sign* is MD5 or HMAC-SHA256 over all of *fields* that have a value."""
    joined = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if fields[name])
    text = f"{joined}&key={merchant.api_v2_key}".encode()
    if len(sign) == 64:
        right = hmac.digest(merchant.api_v2_key.encode(), text, "sha256").hex()
    else:
        right = hashlib.md5(text, usedforsecurity=False).hexdigest()
    return hmac.compare_digest(right.upper().encode(), sign.upper().encode("utf-8", "replace"))
