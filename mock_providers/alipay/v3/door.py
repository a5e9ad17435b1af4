"""
What OpenAPI v3 checks before it looks at business: who calls, with which certificates, signed, in time, and once.

The order of the checks is itself observable, so it is a list here.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mock_providers.alipay import codes
from mock_providers.alipay.apps import App, Keyring
from mock_providers.alipay.door import Admission, SerialRules, serials_refused
from mock_providers.alipay.signing import verified
from mock_providers.alipay.v3.authorization import SCHEME, Authorization
from mock_providers.alipay.v3.errors import refusal
from mock_providers.alipay.v3.nonces import Nonces
from mock_providers.core.wire.reply import ProviderReply

# Either way; see alipay/v3-request.
_WINDOW = timedelta(minutes=10)
_STAMP_MAX_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Claims:
    """
    What a request says of itself.

    Args:
        text: what its signature must cover.
        root_sn: of the header `alipay-root-cert-sn`.
    """

    authorization: Authorization
    text: bytes
    root_sn: str

    @property
    def app_id(self) -> str:
        """Whose call it says to be."""
        return self.authorization.field("app_id")

    @property
    def certified(self) -> bool:
        """Whether it speaks certificate mode."""
        return bool(self.authorization.field("app_cert_sn"))


@dataclass(frozen=True, slots=True)
class Door:
    """
    Args:
        certificate_only: the public-key mode is refused.
    """

    keyring: Keyring
    nonces: Nonces
    certificate_only: bool = False

    def admit(self, claims: Claims, *, app: App | None, now: datetime) -> Admission:
        """
        Check everything that is the same for all methods; whether the path exists comes after.

        Args:
            app: the application that the claims name, None where nobody knows it.
            now: by the stamp clock.

        Facts: alipay/v3-request, alipay/v3-response
        """
        refused = _who(claims, app)
        if refused is not None:
            return Admission(refused)
        assert app is not None
        if app.public_key is None:
            return Admission(codes.gateway("isv.missing-signature-config", signed=False))
        refused = _how(claims) or self._certificates(claims, app, now)
        if refused is not None:
            return Admission(refused)
        text, shown = claims.text, claims.text.decode("utf-8", "replace")
        if not verified(app.public_key, text, signature=claims.authorization.signature, sign_type="RSA2"):
            return Admission(codes.invalid_signature(shown), shown, signature_ok=False)
        return Admission(self._when(claims, now), shown, signature_ok=True)

    def _certificates(self, claims: Claims, app: App, now: datetime) -> ProviderReply | None:
        """The roots may go unnamed, as one popular SDK leaves them."""
        rules = SerialRules(self.keyring, lambda: now, self.certificate_only)
        root = claims.root_sn or (self.keyring.root_sn if claims.certified else "")
        return serials_refused(claims.authorization.field("app_cert_sn"), root, app=app, rules=rules)

    def _when(self, claims: Claims, now: datetime) -> ProviderReply | None:
        """Ten minutes either way, or less where the caller says so; and a nonce is good once."""
        stamp, wanted = (claims.authorization.field(name) for name in ("timestamp", "expired_seconds"))
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= _STAMP_MAX_DIGITS):
            return codes.gateway("isv.invalid-timestamp")
        sent_at = datetime.fromtimestamp(int(stamp) / 1000, UTC)
        lives = min(timedelta(seconds=int(wanted)), _WINDOW) if _is_small_number(wanted) else _WINDOW
        if not sent_at - _WINDOW <= now <= sent_at + lives:
            return refusal("illegal-timestamp")
        nonce = claims.authorization.field("nonce")
        fresh = self.nonces.first_use(claims.app_id, nonce, until=sent_at + _WINDOW, now=now)
        return None if fresh else codes.gateway("isv.invalid-parameter", about="nonce")


def _is_small_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 6


def _who(claims: Claims, app: App | None) -> ProviderReply | None:
    """A broken header is missed for its timestamp; whose call it is comes before its signature."""
    if not claims.authorization.field("timestamp"):
        return codes.gateway("isv.missing-timestamp", signed=False)
    if not claims.app_id:
        return codes.gateway("isv.missing-app-id", signed=False)
    return codes.gateway("isv.invalid-app-id", signed=False) if app is None else None


def _how(claims: Claims) -> ProviderReply | None:
    """A signature of the known kind is there, and a nonce."""
    authorization = claims.authorization
    if authorization.scheme.lower() != SCHEME.lower():
        return codes.gateway("isv.invalid-signature-type")
    if not authorization.signature:
        return codes.gateway("isv.missing-signature")
    return None if authorization.field("nonce") else codes.gateway("isv.invalid-parameter", about="nonce")
