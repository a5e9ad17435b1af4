"""Who is known to the platform, and what it signs with: read from the credentials folder, which is made elsewhere."""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from mock_providers.alipay.certificates import certificate_sn, read_certificates, root_sn
from mock_providers.core.signatures.credentials import private_key, public_key

APP_CERTIFICATE = "appCertPublicKey.crt"
PLATFORM_CERTIFICATE = "alipayCertPublicKey_RSA2.crt"
ROOT_CERTIFICATES = "alipayRootCert.crt"
NEXT_CERTIFICATE = "alipay_next_certificate.crt"
NEXT_KEY = "alipay_next_private_key.pem"


@dataclass(frozen=True, slots=True)
class App:
    """
    A merchant's application as the platform knows it.

    Args:
        public_key: None where the merchant has uploaded none.
        aes_key: for encrypted content; None where none was agreed.
        certificate: of the application's key; None where the folder was made before there were any.
        certificate_sn: its SN, "" without one.
    """

    app_id: str
    seller_id: str
    public_key: RSAPublicKey | None
    aes_key: bytes | None = None
    certificate: x509.Certificate | None = None
    certificate_sn: str = ""


@dataclass(frozen=True)
class Keyring:
    """
    The platform's keys and certificates.

    Args:
        forger: a stranger's key, for forgeries.
        successor: signs once the certificates were renewed.
        roots: as in the root file.
        issued: the platform's certificates, the present one first.
    """

    platform: RSAPrivateKey
    forger: RSAPrivateKey
    successor: RSAPrivateKey
    roots: tuple[x509.Certificate, ...] = ()
    issued: tuple[x509.Certificate, ...] = ()

    @cached_property
    def root_sn(self) -> str:
        """What `alipay_root_cert_sn` must be."""
        return root_sn(self.roots)

    @cached_property
    def by_sn(self) -> Mapping[str, x509.Certificate]:
        """The platform's certificates by their SN."""
        return {certificate_sn(one): one for one in self.issued}

    def signer(self, *, certified: bool, renewed: bool) -> tuple[RSAPrivateKey, str]:
        """
        The key that signs, and the SN that says so; "" in public-key mode.

        Facts: alipay/cert-mode
        """
        if not certified or not self.issued:
            return self.platform, ""
        place = 1 if renewed and len(self.issued) > 1 else 0
        return (self.platform, self.successor)[place], tuple(self.by_sn)[place]


def load_apps(directory: Path) -> Mapping[str, App]:
    """The applications of a credentials folder, by `app_id`."""
    apps = (_app(folder) for folder in sorted(directory.glob("alipay*")) if (folder / "app_id").is_file())
    return {app.app_id: app for app in apps}


def _app(folder: Path) -> App:
    key, aes = folder / "app_public_key.pem", folder / "aes_key"
    certificate = _certificate(folder / APP_CERTIFICATE)
    return App(
        app_id=(folder / "app_id").read_text().strip(),
        seller_id=(folder / "seller_id").read_text().strip(),
        public_key=public_key(key.read_bytes()) if key.is_file() else None,
        aes_key=b64decode(aes.read_text()) if aes.is_file() else None,
        certificate=certificate,
        certificate_sn=certificate_sn(certificate) if certificate is not None else "",
    )


def _certificate(path: Path) -> x509.Certificate | None:
    return read_certificates(path.read_bytes())[0] if path.is_file() else None


def load_keyring(directory: Path) -> Keyring:
    """The platform's half of a credentials folder; one made before there were certificates has none."""
    platform = directory / "platform"
    key = private_key((platform / "alipay_private_key.pem").read_bytes())
    forger = private_key((platform / "alipay_forger_private_key.pem").read_bytes())
    if not (platform / NEXT_KEY).is_file():
        return Keyring(key, forger, key)
    mine = directory / "alipay"
    present = read_certificates((mine / PLATFORM_CERTIFICATE).read_bytes())
    coming = read_certificates((platform / NEXT_CERTIFICATE).read_bytes())
    return Keyring(
        key,
        forger,
        private_key((platform / NEXT_KEY).read_bytes()),
        roots=tuple(read_certificates((mine / ROOT_CERTIFICATES).read_bytes())),
        issued=(present[0], coming[0]),
    )
