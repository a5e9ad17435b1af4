"""
Whose signature is good, and what the platform signs with: certificates and keys out of the credentials folder.

A merchant has certificates of both families and a key for the keyed methods; the platform has leaves, good ones and
bad ones, of which one is in force. Loads when asked and keeps what it loaded; signs nothing by itself.
"""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from mock_providers.core.plans import Seal
from mock_providers.core.signatures import sm2
from mock_providers.core.signatures.credentials import private_key
from mock_providers.unionpay.signing import (
    KEYED_SHA256,
    KEYED_SM3,
    NEW_VERSION,
    RSA,
    SM2,
    RsaSigner,
    RsaVerifier,
    Signer,
    Sm2Signer,
    Sm2Verifier,
    Verifier,
    keyed,
)

_SM2_POINT = bytes.fromhex("301306072a8648ce3d020106082a811ccf5501822d034200")
_MARKS: Mapping[str, str] = MappingProxyType({RSA: "", SM2: "sm2_"})
# Signs what a stranger without the merchant's key would sign.
_STRANGERS_KEY = "99999999"
_LEAVES: Mapping[Seal, str] = MappingProxyType(
    {
        Seal.NEXT: "next",
        Seal.FOREIGN: "self_signed",
        Seal.WRONG_NAME: "wrong_cn",
        Seal.EXPIRED: "expired",
        Seal.FOREIGN_CHAIN: "foreign_chain",
    }
)
# The keyed method of the same hash, which no certificate stands behind.
_WEAKER: Mapping[str, str] = MappingProxyType({RSA: KEYED_SHA256, SM2: KEYED_SM3})
_NO_TAIL: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Certificate:
    """
    A certificate as far as signatures go.

    Args:
        cert_id: its serial number in decimal, the vendor's name for it.
        pem: with line breaks of two characters and none at the end. Facts: unionpay/answer-certificate
    """

    cert_id: str
    method: str
    since: datetime
    until: datetime
    key: RSAPublicKey | sm2.PublicKey
    pem: str

    def valid_at(self, moment: datetime) -> bool:
        """Whether it is neither expired nor of tomorrow."""
        return self.since <= moment <= self.until

    def verifier(self, version: str) -> Verifier:
        """What judges a signature that names this certificate."""
        if isinstance(self.key, sm2.PublicKey):
            return Sm2Verifier(self.key, self.cert_id)
        return RsaVerifier(self.key, new=version == NEW_VERSION)


@lru_cache(maxsize=256)
def certificate(pem: bytes) -> Certificate:
    """Load a certificate once."""
    found = x509.load_pem_x509_certificate(pem)
    content = found.tbs_certificate_bytes
    place = content.find(_SM2_POINT)
    if place >= 0:
        start = place + len(_SM2_POINT)
        method, key = SM2, cast("RSAPublicKey | sm2.PublicKey", sm2.PublicKey(content[start : start + 65]))
    else:
        method, key = RSA, cast("RSAPublicKey", found.public_key())
    text = pem.decode("ascii").strip().replace("\r\n", "\n").replace("\n", "\r\n")
    return Certificate(
        str(found.serial_number), method, found.not_valid_before_utc, found.not_valid_after_utc, key, text
    )


@lru_cache(maxsize=64)
def sm2_private_key(pem: bytes) -> sm2.PrivateKey:
    """Read the PKCS#8 that `keyfiles.sm2_pem` wrote: the secret number stands at a fixed place in it."""
    lines = [line for line in pem.decode("ascii").splitlines() if not line.startswith("-----")]
    content = b64decode("".join(lines))
    start = content.index(b"\x02\x01\x01\x04\x20") + 5
    return sm2.private_key(content[start : start + 32])


@dataclass(frozen=True, slots=True)
class Merchant:
    """
    A merchant as the platform knows it.

    Args:
        certificates: by certId.
    """

    mer_id: str
    secure_key: str
    certificates: Mapping[str, Certificate]


@dataclass(frozen=True, slots=True)
class Sealer:
    """
    What one kind of message is signed with.

    Args:
        tail: the field that names the signer, which is signed with the others and stands behind them.
        sign: None leaves the message unsigned.
        spoil: signs other bytes than it is given.
    """

    tail: Mapping[str, str]
    sign: Signer | None
    spoil: bool = False


@dataclass(frozen=True)
class Keys:
    """
    Everything in the folder.

    Args:
        leaf: which of the platform's certificates is in force; see `credentials.LEAVES`.
    """

    directory: Path
    leaf: str = "current"
    _sealers: dict[tuple[str, bool, Seal], Sealer] = field(default_factory=dict)

    def merchant(self) -> Merchant:
        """The one merchant of this folder."""
        mine = self.directory / "unionpay"
        names = ("sign", "sign_expired", "sm2_sign", "sm2_sign_expired")
        found = [certificate((mine / f"acp_test_{name}.cer").read_bytes()) for name in names]
        return Merchant(
            mer_id=(mine / "mer_id").read_text().strip(),
            secure_key=(mine / "secure_key").read_text().strip(),
            certificates={one.cert_id: one for one in found},
        )

    def sealer(self, method: str, version: str, *, secure_key: str, seal: Seal = Seal.TRUE) -> Sealer:
        """
        What an answer or a notify of this method and version is signed with.

        Facts: unionpay/sign-methods, unionpay/answer-certificate
        """
        new = version == NEW_VERSION
        if method not in _MARKS:
            return _keyed_sealer(method, _STRANGERS_KEY if seal.among() is Seal.FOREIGN else secure_key, seal)
        seal = seal.among(Seal.WRONG_NAME, Seal.EXPIRED, Seal.FOREIGN_CHAIN)
        known = self._sealers.get((method, new, seal))
        if known is None:
            known = self._sealers[(method, new, seal)] = self._load_sealer(method, new=new, seal=seal)
        return known

    def _load_sealer(self, method: str, *, new: bool, seal: Seal) -> Sealer:
        if seal is Seal.NONE:
            return Sealer(_NO_TAIL, None)
        mark, leaf = _MARKS[method], _LEAVES.get(seal, self.leaf)
        platform = self.directory / "platform"
        shown = certificate((platform / f"unionpay_{mark}leaf_{leaf}.cer").read_bytes())
        pem = (platform / f"unionpay_{mark}{_key_of(leaf)}_key.pem").read_bytes()
        if method == SM2:
            sign: Signer = Sm2Signer(sm2_private_key(pem), shown.cert_id)
        else:
            sign = RsaSigner(private_key(pem), new=new)
        tail = {"signPubKeyCert": shown.pem} if new else {"certId": self._named(mark, shown)}
        return Sealer(MappingProxyType(tail), sign, spoil=seal is Seal.DAMAGED)

    def _named(self, mark: str, shown: Certificate) -> str:
        """
        The number in an old answer; a forger writes the platform's, for no client has a certificate of another one.
        """
        forged = (certificate(self._leaf_file(mark, leaf)).cert_id for leaf in ("self_signed", "foreign_chain"))
        if shown.cert_id in forged:
            return certificate(self._leaf_file(mark, self.leaf)).cert_id
        return shown.cert_id

    def _leaf_file(self, mark: str, leaf: str) -> bytes:
        return (self.directory / "platform" / f"unionpay_{mark}leaf_{leaf}.cer").read_bytes()


def downgraded(method: str, seal: Seal) -> tuple[str, Seal]:
    """
    By which method a fault has a message signed, and whose signature that is; below a keyed digest there is nothing.

    Facts: unionpay/sign-methods
    """
    if seal is not Seal.WEAKER:
        return method, seal
    return (_WEAKER[method], Seal.TRUE) if method in _WEAKER else (method, Seal.FOREIGN)


@lru_cache(maxsize=64)
def _keyed_sealer(method: str, secret: str, seal: Seal) -> Sealer:
    if seal is Seal.NONE:
        return Sealer(_NO_TAIL, None)
    return Sealer(_NO_TAIL, keyed(method, secret), spoil=seal is Seal.DAMAGED)


def _key_of(leaf: str) -> str:
    """Bad certificates name the key in force, except those that a forger made."""
    return {"self_signed": "forger", "foreign_chain": "forger", "next": "next"}.get(leaf, "current")


def verifier_for(merchant: Merchant, method: str, *, version: str, cert_id: str) -> Verifier | None:
    """
    What judges this merchant's signature, or None where it names no certificate of that kind.

    Facts: unionpay/sign-methods
    """
    if method not in _MARKS:
        return keyed(method, merchant.secure_key).verify
    named = merchant.certificates.get(cert_id)
    return named.verifier(version) if named is not None and named.method == method else None
