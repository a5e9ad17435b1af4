"""
Sensitive fields: card numbers and customer data, as they are sent, opened and shown.

Holds the platform's encryption keys, the one in force and the one that follows it. What cannot be opened is told apart
from what is wrong only by the caller.
"""

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from mock_providers.core.signatures import sm2
from mock_providers.core.signatures.credentials import private_key
from mock_providers.unionpay.keys import Certificate, certificate, sm2_private_key
from mock_providers.unionpay.signing import RSA, SM2

_CARD = re.compile(r"[0-9]{13,19}", re.ASCII)
_MARKS = {RSA: "", SM2: "sm2_"}


class Unopened(Exception):
    """A sensitive field that makes no sense, or was sealed for somebody else."""


@dataclass(frozen=True, slots=True)
class Box:
    """One encryption certificate of the platform with the key to it."""

    certificate: Certificate
    key: RSAPrivateKey | sm2.PrivateKey

    def opened(self, sealed: str) -> str:
        """
        The text that a client sealed.

        Raises:
            Unopened: it is no such thing.

        Facts: unionpay/sensitive
        """
        try:
            raw = b64decode(sealed, validate=True)
            plain = self.key.decrypt(raw) if isinstance(self.key, sm2.PrivateKey) else self.key.decrypt(raw, PKCS1v15())
            return plain.decode("utf-8")
        except (binascii.Error, ValueError):
            raise Unopened from None


@dataclass(frozen=True)
class Vault:
    """
    Args:
        encryption: "current", "rotated" or "retired"; see `Policy`.
    """

    directory: Path
    encryption: str = "current"
    _boxes: dict[str, Box] = field(default_factory=dict)

    def in_force(self, method: str) -> Certificate:
        """
        The certificate that clients are told to encrypt with.

        Facts: unionpay/key-update
        """
        return self._box(method, "enc" if self.encryption == "current" else "enc_next").certificate

    def box(self, method: str, cert_id: str) -> Box:
        """
        The one that *cert_id* names; for a day and a month both do.

        Raises:
            Unopened: it is none, or none any more.
        """
        names = {"current": ("enc",), "rotated": ("enc_next", "enc"), "retired": ("enc_next",)}[self.encryption]
        for name in names:
            found = self._box(method, name)
            if found.certificate.cert_id == cert_id:
                return found
        raise Unopened

    def _box(self, method: str, name: str) -> Box:
        mark = _MARKS.get(method, "")
        known = self._boxes.get(mark + name)
        if known is None:
            platform = self.directory / "platform"
            pem = (platform / f"unionpay_{mark}{name}_key.pem").read_bytes()
            shown = certificate((platform / f"unionpay_{mark}{name}.cer").read_bytes())
            known = self._boxes[mark + name] = Box(shown, sm2_private_key(pem) if mark else private_key(pem))
        return known


def card_number(vault: Vault, fields: Mapping[str, str], *, method: str) -> str:
    """
    The card that a request names, plainly or sealed; "" where it names none.

    Raises:
        Unopened: it is no card number.

    Facts: unionpay/sensitive
    """
    said = fields.get("accNo", "")
    if not said or _CARD.fullmatch(said):
        return said
    plain = vault.box(method, fields.get("encryptCertId", "")).opened(said)
    if not _CARD.fullmatch(plain):
        raise Unopened
    return plain


def customer(vault: Vault, fields: Mapping[str, str], *, method: str, card: str) -> Mapping[str, str]:
    """
    What a request says of the cardholder, sealed parts opened.

    Raises:
        Unopened: it cannot be read.

    Facts: unionpay/customer-info
    """
    said = fields.get("customerInfo", "")
    if not said:
        return {}
    try:
        text = b64decode(said, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise Unopened from None
    if not text.startswith("{") or not text.endswith("}"):
        raise Unopened
    found = _pairs(text[1:-1])
    box = None
    for name in ("encryptedInfo", "pin"):
        if name in found:
            box = box or vault.box(method, fields.get("encryptCertId", ""))
    if box is not None and "encryptedInfo" in found:
        found |= _pairs(box.opened(found.pop("encryptedInfo")))
    if box is not None and "pin" in found:
        found["pin"] = _pin(box, found["pin"], card)
    return found


def _pairs(text: str) -> dict[str, str]:
    return {name: value for name, _, value in (piece.partition("=") for piece in text.split("&")) if name}


def _pin(box: Box, sealed: str, card: str) -> str:
    """
    The digits in an ISO 9564-1 block of format 0.

    Facts: unionpay/customer-info
    """
    try:
        raw = b64decode(sealed, validate=True)
        block = box.key.decrypt(raw) if isinstance(box.key, sm2.PrivateKey) else box.key.decrypt(raw, PKCS1v15())
    except (binascii.Error, ValueError):
        raise Unopened from None
    if len(block) != 8 or not card:
        raise Unopened
    mask = bytes.fromhex("0000" + card[-13:-1].rjust(12, "0"))
    text = bytes(one ^ other for one, other in zip(block, mask, strict=True)).hex()
    length = int(text[1], 16)
    digits, padding = text[2 : 2 + length], text[2 + length :]
    if text[0] != "0" or not digits.isdigit() or padding.strip("f"):
        raise Unopened
    return digits


def masked(card: str) -> str:
    """
    "6226********0048".

    Facts: unionpay/fields
    """
    return f"{card[:4]}{'*' * (len(card) - 8)}{card[-4:]}"


def sealed_for(key: RSAPublicKey | sm2.PublicKey, text: str) -> str:
    """
    A text that only the owner of *key* opens: the merchant, with its signing key.

    Facts: unionpay/customer-info
    """
    plain = text.encode()
    return b64encode(key.encrypt(plain) if isinstance(key, sm2.PublicKey) else key.encrypt(plain, PKCS1v15())).decode()
