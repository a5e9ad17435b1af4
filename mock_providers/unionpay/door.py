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
from mock_providers.unionpay.wire import trimmed

# A merchant number that everybody may fetch a file with. Facts: unionpay/test-constants
FILE_TESTER = "700000000000001"


@record
class Admission:
    """
    What the door found.

    Args:
        refusal: None lets the request in.
        fields: as the business reads them, without blanks around their values.
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
    read = trimmed(fields)
    refusal = _how(read)
    if refusal is not None:
        return Admission(refusal, read)
    mer_id = read.get("merId", "")
    tester = mer_id == FILE_TESTER and read.get("txnType") == "76"
    if mer_id != merchant.mer_id and not tester:
        return Admission(result("31") if mer_id else result("13"), read)
    text = text_of(fields)
    if _genuine(read, text, merchant, codec=codec, now=now):
        return Admission(None, read, text, signature_ok=True)
    # As clients with a filter sign them.
    filled = {name: value for name, value in read.items() if value}
    if filled != fields and _genuine(read, text_of(filled), merchant, codec=codec, now=now):
        return Admission(None, filled, text_of(filled), signature_ok=True)
    return Admission(result("11"), read, text, signature_ok=False)


def _how(read: Mapping[str, str]) -> Result | None:
    """Version and method known and fitting each other, and a signature there."""
    version, method = read.get("version", ""), read.get("signMethod", "")
    if not version or not method or not read.get("signature"):
        return result("13")
    if version not in OLD_VERSIONS and version != NEW_VERSION:
        return result("10")
    if method not in METHODS or (version in OLD_VERSIONS and method not in {RSA, SM2}):
        return result("10")
    return None


def _genuine(read: Mapping[str, str], text: str, merchant: Merchant, *, codec: str, now: datetime) -> bool:
    """A certificate that is unknown, of the other family or out of date makes no signature good."""
    version, method, cert_id = read["version"], read["signMethod"], read.get("certId", "")
    if method in {RSA, SM2}:
        named = merchant.certificates.get(cert_id)
        if named is None or not named.valid_at(now):
            return False
    verify = verifier_for(merchant, method, version=version, cert_id=cert_id)
    return verify is not None and verify(text.encode(codec, "replace"), read["signature"])
