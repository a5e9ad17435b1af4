"""
What Alipay's gateway checks before it looks at business: who calls, how it is written, and whether it is signed.

The order of the checks is itself observable, so it is a list here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from mock_providers.alipay import codes
from mock_providers.alipay.signing import HASHES, request_text, verified
from mock_providers.alipay.times import moment_of
from mock_providers.alipay.wire import CODECS, envelope_key
from mock_providers.core.reply import ProviderReply


@dataclass(frozen=True, slots=True)
class App:
    """A merchant's application as the platform knows it."""

    app_id: str
    seller_id: str
    public_key: RSAPublicKey


@dataclass(frozen=True, slots=True)
class Admission:
    """
    What the door found.

    Args:
        refusal: None lets the call in.
        signature_ok: None when the check was not reached.
    """

    refusal: ProviderReply | None
    string_to_sign: str | None = None
    signature_ok: bool | None = None


def admit(params: Mapping[str, str], *, app: App, codec: str) -> Admission:
    """
    Check everything that is the same for all methods, in the gateway's order; whether the method exists comes after.

    Facts: alipay/check-order
    """
    refusal = _who(params, app) or _how(params)
    if refusal is not None:
        return Admission(refusal)
    text = request_text(params)
    genuine = verified(
        app.public_key,
        text.encode(codec, "replace"),
        signature=params["sign"],
        sign_type=params["sign_type"],
    )
    if not genuine:
        return Admission(codes.invalid_signature(text), text, signature_ok=False)
    return Admission(_when(params), text, signature_ok=True)


def _who(params: Mapping[str, str], app: App) -> ProviderReply | None:
    """Method named, application known. An unknown application is told so before anybody looks at its signature."""
    known = params.get("app_id") == app.app_id
    if not params.get("method"):
        reply = codes.missing_method()
        return reply if known else codes.unsigned(reply)
    if not params.get("app_id"):
        return codes.missing_app_id()
    if not known:
        return codes.invalid_app_id()
    return codes.invalid_method() if envelope_key(params["method"]) == "error_response" else None


def _how(params: Mapping[str, str]) -> ProviderReply | None:
    """Charset, format, version, and that a signature of a known kind is there."""
    if params.get("charset", "").lower() not in CODECS:
        return codes.invalid_charset()
    if params.get("format", "JSON").lower() not in {"json", ""}:
        return codes.invalid_format()
    version = params.get("version", "")
    if version != "1.0":
        return codes.invalid_version() if version else codes.missing_version()
    sign_type = params.get("sign_type", "")
    if sign_type not in HASHES:
        return codes.invalid_signature_type() if sign_type else codes.missing_signature_type()
    return None if params.get("sign") else codes.missing_signature()


def _when(params: Mapping[str, str]) -> ProviderReply | None:
    """
    The timestamp's shape. Its age is not judged: every SDK writes its machine's local time without a zone.

    Facts: alipay/common-params
    """
    if not params.get("timestamp"):
        return codes.missing_timestamp()
    try:
        moment_of(params["timestamp"])
    except ValueError:
        return codes.invalid_timestamp()
    return codes.invalid_encrypt_type() if params.get("encrypt_type") else None
