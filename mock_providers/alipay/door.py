"""
What Alipay's gateway checks before it looks at business: who calls, how it is written, and whether it is signed.

The order of the checks is itself observable, so it is a list here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from mock_providers.alipay import codes
from mock_providers.alipay.apps import App, Keyring
from mock_providers.alipay.signing import HASHES, request_text, verified
from mock_providers.alipay.times import moment_of
from mock_providers.alipay.wire import CODECS, envelope_key
from mock_providers.core.records import record
from mock_providers.core.wire.reply import ProviderReply


@record
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


@dataclass(frozen=True, slots=True)
class SerialRules:
    """
    How certificate serials are judged.

    Args:
        now: tells the stamp clock's time, for certificates that are over.
        demanded: the public-key mode is refused.
    """

    keyring: Keyring
    now: Callable[[], datetime]
    demanded: bool = False


def admit(params: Mapping[str, str], *, app: App | None, codec: str, serials: SerialRules | None = None) -> Admission:
    """
    Check everything that is the same for all methods, in the gateway's order; whether the method exists comes after.

    Args:
        app: the application that `app_id` names, None where nobody knows it.
        serials: None where there are no certificates.

    Facts: alipay/check-order
    """
    refusal = _who(params, app) or _how(params)
    if refusal is not None:
        return Admission(refusal)
    assert app is not None
    if app.public_key is None:
        return Admission(codes.gateway("isv.missing-signature-config", signed=False))
    named, root = params.get("app_cert_sn", ""), params.get("alipay_root_cert_sn", "")
    refusal = serials_refused(named, root, app=app, rules=serials) if serials is not None else None
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


def _who(params: Mapping[str, str], app: App | None) -> ProviderReply | None:
    """Method named, application known. An unknown application is told so before anybody looks at its signature."""
    known = app is not None and params.get("app_id") == app.app_id
    if not params.get("method"):
        return codes.gateway("isv.missing-method", signed=known)
    if not params.get("app_id"):
        return codes.gateway("isv.missing-app-id", signed=False)
    if not known:
        return codes.gateway("isv.invalid-app-id", signed=False)
    return codes.gateway("isv.invalid-method") if envelope_key(params["method"]) == "error_response" else None


def _how(params: Mapping[str, str]) -> ProviderReply | None:
    """Charset, format, version, and that a signature of a known kind is there."""
    if params.get("charset", "").lower() not in CODECS:
        return codes.gateway("isv.invalid-charset")
    if params.get("format", "JSON").lower() not in {"json", ""}:
        return codes.gateway("isv.invalid-format")
    version = params.get("version", "")
    if version != "1.0":
        return codes.gateway("isv.invalid-parameter", about="version") if version else _missing("version")
    sign_type = params.get("sign_type", "")
    if sign_type not in HASHES:
        return codes.gateway("isv.invalid-signature-type") if sign_type else _missing("signature-type")
    return None if params.get("sign") else _missing("signature")


def _missing(what: str) -> ProviderReply:
    return codes.gateway(f"isv.missing-{what}")


def serials_refused(named: str, root: str, *, app: App, rules: SerialRules) -> ProviderReply | None:
    """
    The certificates that the caller names; naming none is the public-key mode.

    Args:
        named: the SN of the application's certificate.
        root: that of the platform's root certificates.

    Facts: alipay/cert-mode, alipay/gateway-codes
    """
    if not named:
        return _missing("app-cert-sn") if root or rules.demanded else None
    if app.certificate is None or named != app.certificate_sn:
        return codes.gateway("isv.app-cert-not-exist")
    if rules.now() >= app.certificate.not_valid_after_utc:
        return codes.gateway("isv.app-cert-expired")
    if not root:
        return _missing("alipay-root-cert-sn")
    return None if root == rules.keyring.root_sn else codes.gateway("isv.invalid-alipay-root-cert-sn")


def _when(params: Mapping[str, str]) -> ProviderReply | None:
    """
    The timestamp's shape. Its age is not judged: every SDK writes its machine's local time without a zone.

    Facts: alipay/common-params
    """
    if not params.get("timestamp"):
        return _missing("timestamp")
    try:
        moment_of(params["timestamp"])
    except ValueError:
        return codes.gateway("isv.invalid-timestamp")
    kind = params.get("encrypt_type", "")
    return None if kind in {"", "AES"} else codes.gateway("isv.invalid-encrypt-type")
