"""Who the platform knows: merchants with their keys, and the platform's own keys with what is listed of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from mock_providers.core.clock import ScheduleClock
from mock_providers.core.signatures.credentials import private_key
from mock_providers.wechatpay.policy import Policy

PUBLIC_KEY_PREFIX = "PUB_KEY_ID_"


@dataclass(frozen=True, slots=True)
class Merchant:
    """
    Args:
        serial: of the merchant's API certificate, upper-case hexadecimal.
        api_v3_key: 32 bytes.
        api_v2_key: 32 characters.
    """

    mchid: str
    app_id: str
    app_secret: str
    serial: str
    public_key: RSAPublicKey
    certificate: x509.Certificate
    api_v3_key: bytes
    api_v2_key: str


@dataclass(frozen=True, slots=True)
class Pair:
    """
    A key of the platform's.

    Args:
        serial: what `Wechatpay-Serial` says.
        pem: the certificate, or the bare public key.
    """

    serial: str
    private: RSAPrivateKey
    pem: bytes
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlatformKeys:
    """Both certificates, the pair behind the public key, and a stranger's key for forgeries."""

    certificate: Pair
    next_certificate: Pair
    public: Pair
    forger: RSAPrivateKey


class KeyRing:
    """
    Which of the platform's keys are in use at the moment.

    Facts: wechatpay/rotation, wechatpay/public-key-mode, wechatpay/which-key
    """

    def __init__(self, keys: PlatformKeys, *, policy: Policy, schedule: ScheduleClock) -> None:
        self.keys = keys
        self._policy = policy
        self._schedule = schedule
        self._turned = self._announced = False

    def turn(self) -> None:
        """The next certificate signs from here on, and the first one is no longer listed."""
        self._turned = True

    def ahead(self, pair: Pair) -> Pair:
        """
        What signs one message in the place of *pair* when rotation strikes it; from then on the new one is listed too.

        The public key never rotates.
        """
        if pair is self.keys.public:
            return pair
        self._announced = True
        return self.keys.next_certificate

    @property
    def certificate(self) -> Pair:
        """The certificate that signs."""
        return self.keys.next_certificate if self._turned or self._past(0.0) else self.keys.certificate

    @property
    def listed(self) -> tuple[Pair, ...]:
        """What `/v3/certificates` tells, the newest first."""
        if self._policy.platform == "public_key":
            return ()
        if self._turned or self._past(self._policy.rotation_overlap_s):
            return (self.keys.next_certificate,)
        both = (self.keys.next_certificate, self.keys.certificate)
        return both if self._announced or self._past(0.0) else (self.keys.certificate,)

    def for_answer(self, asked_serial: str) -> Pair:
        """What signs an answer; a caller may ask for the public key's pair."""
        if asked_serial.startswith(PUBLIC_KEY_PREFIX) or self._policy.platform == "public_key":
            return self.keys.public
        return self.certificate

    def for_notify(self, chance: float, asked_serial: str) -> Pair:
        """
        What signs a notify: who asked for the public key's pair when the order was made is told by it, too.

        Args:
            chance: in [0, 1), of this notify; decides while a merchant is switching.
        """
        if self._policy.platform == "switching":
            return self.keys.public if chance < self._policy.switching_share else self.certificate
        return self.for_answer(asked_serial)

    def by_serial(self, serial: str) -> Pair | None:
        """The key that a caller encrypted for."""
        every = (self.keys.certificate, self.keys.next_certificate, self.keys.public)
        return next((one for one in every if one.serial.upper() == serial.upper()), None)

    def _past(self, more_s: float) -> bool:
        after_s = self._policy.rotate_after_s
        return after_s is not None and self._schedule.now_s >= after_s + more_s


def load_merchants(directory: Path) -> Mapping[str, Merchant]:
    """The merchants of a credentials folder, by number."""
    mine = directory / "wechatpay"
    texts = {name: (mine / name).read_text().strip() for name in ("mchid", "appid", "app_secret", "apiv2_key")}
    certificate = x509.load_pem_x509_certificate((mine / "apiclient_cert.pem").read_bytes())
    public = certificate.public_key()
    assert isinstance(public, RSAPublicKey)
    merchant = Merchant(
        mchid=texts["mchid"],
        app_id=texts["appid"],
        app_secret=texts["app_secret"],
        serial=serial_of(certificate),
        public_key=public,
        certificate=certificate,
        api_v3_key=(mine / "apiv3_key").read_bytes().strip(),
        api_v2_key=texts["apiv2_key"],
    )
    return {merchant.mchid: merchant}


def load_platform(directory: Path) -> PlatformKeys:
    """The platform's side of a credentials folder."""
    mine, platform = directory / "wechatpay", directory / "platform"

    def certified(name: str) -> Pair:
        pem = (mine / f"{name}.pem").read_bytes()
        certificate = x509.load_pem_x509_certificate(pem)
        key = private_key((platform / f"{name}_private_key.pem").read_bytes())
        starts_at, ends_at = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        return Pair(serial_of(certificate), key, pem, starts_at, ends_at)

    return PlatformKeys(
        certificate=certified("wechatpay_certificate"),
        next_certificate=certified("wechatpay_next_certificate"),
        public=Pair(
            serial=(mine / "wechatpay_public_key_id").read_text().strip(),
            private=private_key((platform / "wechatpay_public_private_key.pem").read_bytes()),
            pem=(mine / "wechatpay_public_key.pem").read_bytes(),
        ),
        forger=private_key((platform / "wechatpay_forger_private_key.pem").read_bytes()),
    )


def serial_of(certificate: x509.Certificate) -> str:
    """Upper-case hexadecimal, as the platform writes serials."""
    return f"{certificate.serial_number:040X}"
