"""
Sensitive fields, encrypted to UnionPay's encryption certificate, which a key update fetches once a day.

While the new certificate cannot be had the old one serves: both are taken side by side for a month. Only who signs with
a certificate may encrypt.

Facts: unionpay/sensitive, unionpay/customer-info, unionpay/key-update
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from reference_gateway.channels.unionpay import sm2
from reference_gateway.channels.unionpay.certificates import Chain, point_of
from reference_gateway.clock import Clock
from reference_gateway.errors import GatewayError, SettingsRefused, SignatureRejected

FRESH_FOR = timedelta(days=1)
AGAIN_AFTER = timedelta(minutes=1)
ONE_BLOCK_MAX = 245
_CARD = re.compile(r"[0-9]{13,19}", re.ASCII)
_PHONE = re.compile(r"1[3-9][0-9]{9}", re.ASCII)
# These go into encryptedInfo; what else customerInfo holds stays readable.
_SECRET_NAMES = ("phoneNo", "cvn2", "expired")

_LOG = structlog.get_logger("reference_gateway.unionpay")

FetchCertificate = Callable[[], Awaitable[str]]
"""Asks UnionPay for its encryption certificate; returns the PEM out of a verified answer."""


class Recipient(Protocol):
    """Whoever can open what is encrypted here."""

    @property
    def cert_id(self) -> str: ...

    def encrypt(self, text: str) -> str: ...


@dataclass(frozen=True, slots=True)
class RsaRecipient:
    """PKCS#1 v1.5, one block."""

    cert_id: str
    key: rsa.RSAPublicKey

    def encrypt(self, text: str) -> str:
        data = text.encode()
        if len(data) > ONE_BLOCK_MAX:
            raise ValueError("a sensitive field must fit into one block")
        return base64.b64encode(self.key.encrypt(data, padding.PKCS1v15())).decode()


@dataclass(frozen=True, slots=True)
class Sm2Recipient:
    """C1, C3, C2."""

    cert_id: str
    point: bytes

    def encrypt(self, text: str) -> str:
        return base64.b64encode(sm2.engine().encrypt(self.point, text.encode())).decode()


def rsa_recipient(certificate: x509.Certificate) -> Recipient:
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("the encryption certificate has no RSA key")  # noqa: TRY004 (a malformed answer)
    return RsaRecipient(str(certificate.serial_number), key)


def sm2_recipient(certificate: x509.Certificate) -> Recipient:
    return Sm2Recipient(str(certificate.serial_number), point_of(certificate))


def customer_info(told: Mapping[str, str], recipient: Recipient) -> str:
    """
    Spell what is said of the cardholder, its secrets encrypted together.

    Facts: unionpay/customer-info
    """
    hidden = "&".join(f"{name}={told[name]}" for name in _SECRET_NAMES if name in told)
    shown = {name: value for name, value in told.items() if name not in _SECRET_NAMES}
    if hidden:
        shown["encryptedInfo"] = recipient.encrypt(hidden)
    text = "&".join(f"{name}={value}" for name, value in shown.items())
    return base64.b64encode(f"{{{text}}}".encode()).decode()


class EncryptionKeys:
    """The certificate in use, renewed when a day has passed."""

    def __init__(
        self,
        chain: Chain,
        make: Callable[[x509.Certificate], Recipient],
        *,
        clock: Clock,
        first: x509.Certificate | None = None,
    ) -> None:
        self._chain, self._make, self._clock = chain, make, clock
        self._recipient: Recipient | None = None
        if first is not None:
            try:
                self._recipient = make(first)
            except ValueError as error:
                raise SettingsRefused("the UnionPay encryption certificate has a key of another kind") from error
        self._renew_at: datetime | None = None
        self._renewing = asyncio.Lock()

    async def fields(self, payer: str, fetch: FetchCertificate) -> Mapping[str, str]:
        """
        Return the sensitive fields for a payer who is known by card or by telephone number; none for anybody else.

        They only spare the payer some typing, so where no certificate can be had they are left out.
        """
        card, phone = _CARD.fullmatch(payer) is not None, _PHONE.fullmatch(payer) is not None
        if not card and not phone:
            return {}
        recipient = await self.recipient(fetch)
        if recipient is None:
            return {}
        told = recipient.encrypt(payer) if card else customer_info({"phoneNo": payer}, recipient)
        return {"accNo" if card else "customerInfo": told, "encryptCertId": recipient.cert_id}

    async def recipient(self, fetch: FetchCertificate) -> Recipient | None:
        """Return whom to encrypt to, fetching the day's certificate first; those that come meanwhile wait for it."""
        if self._is_stale():
            async with self._renewing:
                if self._is_stale():
                    await self._renew(fetch)
        return self._recipient

    def distrust(self) -> None:
        """Have the certificate fetched again before it is used: what it encrypted could not be opened."""
        self._renew_at = None

    def _is_stale(self) -> bool:
        return self._renew_at is None or self._clock.now() >= self._renew_at

    async def _renew(self, fetch: FetchCertificate) -> None:
        self._renew_at = self._clock.now() + AGAIN_AFTER
        try:
            certificate = self._chain.member(await fetch(), self._clock.now())
            recipient = self._make(certificate)
        except (SignatureRejected, ValueError) as error:
            _LOG.error("encryption_certificate_refused", why=str(error))
        except GatewayError as error:
            _LOG.warning("encryption_certificate_not_renewed", why=error.detail)
        else:
            self._recipient, self._renew_at = recipient, self._clock.now() + FRESH_FOR
