"""
What UnionPay's gateway checks before it looks at business: who calls, how the message is signed, and by whom.

The order of the checks is itself observable, so it is one function here.
"""

from collections.abc import Mapping
from datetime import datetime

from mock_providers.core.records import record
from mock_providers.unionpay.codes import Result, result
from mock_providers.unionpay.keys import Merchant, verifier_for
from mock_providers.unionpay.signing import METHODS, NEW_VERSION, OLD_VERSIONS, RSA, SM2, text_of
from mock_providers.unionpay.wire import without_empty

# A merchant number that everybody may fetch a file with. Facts: unionpay/test-constants
FILE_TESTER = "700000000000001"


@record
class Admission:
    """
    What the door found.

    Args:
        refusal: None lets the request in.
        fields: what was signed, as the business reads it.
        signature_ok: None when the check was not reached.
    """

    refusal: Result | None
    fields: Mapping[str, str]
    string_to_sign: str | None = None
    signature_ok: bool | None = None


def admit(fields: Mapping[str, str], merchant: Merchant, *, codec: str, now: datetime) -> Admission:
    """
    Check everything that is the same for all transactions.

    Args:
        now: the stamp clock's, for certificates' dates.

    Facts: unionpay/sign-string, unionpay/sign-methods, unionpay/empty-values
    """
    refusal = _how(fields)
    if refusal is not None:
        return Admission(refusal, fields)
    mer_id = fields.get("merId", "").strip()
    tester = mer_id == FILE_TESTER and fields.get("txnType", "").strip() == "76"
    if mer_id != merchant.mer_id and not tester:
        return Admission(result("31") if mer_id else result("13"), fields)
    text = text_of(fields)
    if _genuine(fields, text, merchant, codec=codec, now=now):
        return Admission(None, fields, text, signature_ok=True)
    trimmed = without_empty(fields)
    if trimmed != fields and _genuine(trimmed, text_of(trimmed), merchant, codec=codec, now=now):
        return Admission(None, trimmed, text_of(trimmed), signature_ok=True)
    return Admission(result("11"), fields, text, signature_ok=False)


def _how(fields: Mapping[str, str]) -> Result | None:
    """Version and method known and fitting each other, and a signature there."""
    version, method = fields.get("version", "").strip(), fields.get("signMethod", "").strip()
    if not version or not method or not fields.get("signature", "").strip():
        return result("13")
    if version not in OLD_VERSIONS and version != NEW_VERSION:
        return result("10")
    if method not in METHODS or (version in OLD_VERSIONS and method not in {RSA, SM2}):
        return result("10")
    return None


def _genuine(fields: Mapping[str, str], text: str, merchant: Merchant, *, codec: str, now: datetime) -> bool:
    """A certificate that is unknown, of the other family or out of date makes no signature good."""
    version, method = fields.get("version", "").strip(), fields.get("signMethod", "").strip()
    cert_id = fields.get("certId", "").strip()
    if method in {RSA, SM2}:
        named = merchant.certificates.get(cert_id)
        if named is None or not named.valid_at(now):
            return False
    verify = verifier_for(merchant, method, version=version, cert_id=cert_id)
    return verify is not None and verify(text.encode(codec, "replace"), fields.get("signature", "").strip())
