"""
The platform's keys by serial: which may verify, when the list of certificates is fetched anew, and by whom.

Certificates come decrypted with our own key, so nobody else can slip one in; serial, validity and, where an authority
is configured, the issuer are checked besides. A serial that nobody knows has the list fetched once: callers wait for
one fetch together, and strangers' notifies cannot cause a stream of them. Knows nothing of HTTP.

Facts: wechatpay/certificates, wechatpay/rotation, wechatpay/public-key-mode
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa

from reference_gateway.channels.wechatpay.keys import serial_of
from reference_gateway.channels.wechatpay.v3_signing import verify
from reference_gateway.clock import Clock
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused, ChannelUnavailable, SignatureRejected

# Facts: wechatpay/rotation. Twelve hours at most, says the vendor.
AGE_MAX = timedelta(hours=11)
RETRY_AFTER = timedelta(minutes=1)
# Unknown serials may cause this many fetches within RETRY_AFTER, whoever names them.
FETCHES_MAX = 4
_CERTIFICATE_SERIAL = re.compile(r"[0-9A-Fa-f]{8,40}", re.ASCII)

_LOG = structlog.get_logger("reference_gateway.wechatpay")


class UnknownSerial(SignatureRejected):
    """The signature names a platform key that we do not have; nothing was believed."""


@dataclass(frozen=True, slots=True)
class PlatformKey:
    """A key that the platform signs with; a public key of the portal has no end."""

    serial: str
    key: rsa.RSAPublicKey
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def valid(self, at: datetime) -> bool:
        return (self.starts_at is None or self.starts_at <= at) and (self.ends_at is None or at <= self.ends_at)

    @property
    def is_certificate(self) -> bool:
        return self.ends_at is not None


Fetch = Callable[[], Awaitable[Sequence[PlatformKey]]]


def key_of_certificate(certificate: x509.Certificate, *, authorities: Sequence[x509.Certificate] = ()) -> PlatformKey:
    """
    Take the key out of a platform certificate.

    Raises:
        SignatureRejected: no RSA key, or issued by none of the *authorities* where there are any.
    """
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise SignatureRejected("a platform certificate holds no RSA key", code="bad_certificate")
    if authorities and not any(_issued(certificate, authority) for authority in authorities):
        raise SignatureRejected("a platform certificate is not of the configured authority", code="bad_certificate")
    return PlatformKey(serial_of(certificate), key, certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def _issued(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


class PlatformKeys:
    """
    The keys we have, and the one fetch that may be under way.

    Args:
        known: keys from files.
        fetch: brings the list of certificates, verified.
        by_certificate: whether we live by certificates, so that the list is kept fresh.
    """

    def __init__(self, known: Iterable[PlatformKey], *, fetch: Fetch, clock: Clock, by_certificate: bool) -> None:
        self._keys = {key.serial: key for key in known}
        self._fetch = fetch
        self._clock = clock
        self._by_certificate = by_certificate
        self._fresh_at: datetime | None = None
        self._wished: deque[datetime] = deque(maxlen=FETCHES_MAX)
        self._flight: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """
        Fetch the list if there is no certificate to live by; a platform that is down does not keep us from starting.

        Facts: wechatpay/chaos
        """
        self._fresh_at = self._clock.now()
        if self._by_certificate and self.newest_certificate() is None:
            await self._fetched()

    async def stop(self) -> None:
        flight, self._flight = self._flight, None
        if flight is not None:
            flight.cancel()
            await asyncio.wait([flight])

    def verify(self, serial: str, text: bytes, signature: str) -> None:
        """
        Check a signature with the key of that serial and never with another.

        Raises:
            UnknownSerial: there is no such key here.
            SignatureRejected: it does not match, or its certificate is not valid now.
        """
        key = self._keys.get(serial.upper())
        if key is None:
            raise UnknownSerial(code="unknown_serial")
        if not key.valid(self._clock.now()):
            raise SignatureRejected("the platform certificate is not valid now", code="certificate_expired")
        verify(key.key, text, signature)

    def newest_certificate(self) -> PlatformKey | None:
        """
        The certificate to encrypt for: the one that starts last of those valid now.

        Facts: wechatpay/rotation
        """
        now = self._clock.now()
        valid = [key for key in self._keys.values() if key.is_certificate and key.valid(now)]
        return max(valid, key=lambda key: key.starts_at or now, default=None)

    async def seek(self, serial: str) -> bool:
        """Fetch the list for the sake of an unknown serial, or wait for who does; True if it is known now."""
        if self._wish(serial):
            await self._fetched()
        return serial.upper() in self._keys

    def wish(self, serial: str) -> None:
        """The same for whoever cannot wait: the list comes in the background."""
        if self._wish(serial):
            self._begin()

    def keep_fresh(self) -> None:
        """
        Have the list fetched in the background when it is old.

        Facts: wechatpay/rotation
        """
        now = self._clock.now()
        if self._by_certificate and self._fresh_at is not None and now - self._fresh_at > AGE_MAX:
            self._fresh_at = now - AGE_MAX + RETRY_AFTER  # if this one fails, the next is not at once
            self._begin()

    def _wish(self, serial: str) -> bool:
        if _CERTIFICATE_SERIAL.fullmatch(serial) is None:
            return False
        if self._flight is not None:
            return True
        now = self._clock.now()
        if len(self._wished) == FETCHES_MAX and now - self._wished[0] < RETRY_AFTER:
            return False
        self._wished.append(now)
        return True

    def _begin(self) -> asyncio.Task[None]:
        if self._flight is None:
            self._flight = asyncio.get_running_loop().create_task(self._refresh())
            self._flight.add_done_callback(self._landed)
        return self._flight

    def _landed(self, flight: asyncio.Task[None]) -> None:
        if self._flight is flight:
            self._flight = None

    async def _fetched(self) -> None:
        # One caller who gives up must not take the fetch from the others.
        await asyncio.shield(self._begin())

    async def _refresh(self) -> None:
        try:
            listed = await self._fetch()
        except (ChannelRefused, ChannelUnavailable, ChannelOutcomeUnknown) as error:
            _LOG.warning(
                "platform_certificates_not_fetched",
                reason=error.reason,
                detail=error.detail,
                hint="a merchant without platform certificates needs the public key and its id from the portal",
            )
            return
        # A certificate that is no longer listed is no longer believed; public keys come from files and stay.
        self._keys = {serial: key for serial, key in self._keys.items() if not key.is_certificate}
        self._keys.update({key.serial: key for key in listed})
        self._fresh_at = self._clock.now()
        _LOG.info("platform_certificates_fetched", serials=sorted(key.serial for key in listed))
