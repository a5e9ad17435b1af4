"""
UnionPay's signature doctor: which keys may have signed, and which texts may have been signed, in all four methods.

Looks into requests with the merchant's certificates and key, and into notifies with the platform's. Reads the
credentials folder when it is first needed; what leaves it is public halves only.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from mock_providers.core.signatures import sm2
from mock_providers.core.signatures.doctor import Case, Cause, Diagnosis, Opening, Patience, Words, candidates, diagnose
from mock_providers.core.signatures.public_keys import read_public_key
from mock_providers.core.signatures.seals import Expected, KnownKey
from mock_providers.core.wire.journal import RawRequest
from mock_providers.errors import Undiagnosable
from mock_providers.unionpay.keys import Certificate, Keys, Merchant, certificate
from mock_providers.unionpay.readings import Owner, Secrets, open_keyed, open_rsa, open_sm2
from mock_providers.unionpay.recipe import CAUSES, Received, right_recipe
from mock_providers.unionpay.signing import KEYED_SHA256, KEYED_SM3, METHODS, NEW_VERSION, RSA, SM2
from mock_providers.unionpay.suspicions import suspicions

_OURS = frozenset({"signMethod", "txnType", "txnTime", "merId"})


@dataclass(frozen=True)
class UnionPayDoctor:
    """
    Args:
        credentials_dir: whose keys are known by name; None knows none.
        key: verifies requests of method 01 instead of the folder's.
        patience: less and less for callers whose texts nothing explains.
    """

    credentials_dir: Path | None
    key: RSAPublicKey | None = None
    patience: Patience = field(default_factory=Patience)

    def examine(self, request: RawRequest, *, now: datetime | None = None) -> Diagnosis:
        """
        Look into a request, or into a notify as the merchant received it.

        Raises:
            Undiagnosable: no signature of this vendor's, or no key to verify with.
        """
        received = Received(request)
        if len(_OURS & received.fields.keys()) < 2:
            raise Undiagnosable("this is no message of UnionPay's: it has neither signMethod nor txnType")
        if not received.get("signature"):
            raise Undiagnosable("there is no field 'signature' in it; paste the whole body")
        opening = self._opening(received, now)
        case = _case(received, hints=tuple(_hints(received)))
        return self.patience.note(diagnose(case, opening, budget=self.patience.budget))

    def _opening(self, received: Received, now: datetime | None) -> Opening:
        method = received.get("signMethod")
        signature = received.get("signature")
        if method in {KEYED_SHA256, KEYED_SM3}:
            return open_keyed(signature, method, self._secrets())
        named, faults = self._signer(received, SM2 if method == SM2 else RSA, now)
        if method == SM2:
            owners = [Owner(named.key)] if isinstance(named.key, sm2.PublicKey) else []
            owners += [Owner(key, (CAUSES(name),)) for name, key in self._known_sm2 if key != named.key]
            return open_sm2(signature, _number(received, named), owners, faults)
        key = self.key or named.key
        assert isinstance(key, RSAPublicKey)
        hash_name = "sha256" if received.get("version") in {NEW_VERSION, ""} else "sha1"
        strangers = [
            KnownKey(CAUSES(name), one) for name, one in self._known_rsa if one.public_numbers() != key.public_numbers()
        ]
        return open_rsa(signature, Expected(key, hash_name, strangers), faults)

    def _signer(self, received: Received, method: str, now: datetime | None) -> tuple[Certificate, list[Cause]]:
        """The certificate that a message names, or the one that it should have named, and what is wrong with it."""
        if received.notify:
            good = [self._leaf(method, leaf) for leaf in ("current", "next")]
            shown = _shown(received)
            known = next((one for one in good if shown is not None and one.cert_id == shown.cert_id), None)
            return known or good[0], [CAUSES("strange_certificate")] if shown is not None and known is None else []
        certificates = self._merchant.certificates
        cert_id = received.get("certId")
        named = certificates.get(cert_id)
        usual = next(one for one in certificates.values() if one.method == method)
        if named is None:
            return usual, [CAUSES("unknown_certificate", number=cert_id[:64], right=usual.cert_id)]
        if named.method != method:
            return usual, [CAUSES("certificate_of_other_method", number=cert_id, right=usual.cert_id)]
        if now is not None and not named.valid_at(now):
            return named, [CAUSES("certificate_out_of_date", number=cert_id)]
        return named, []

    def _secrets(self) -> Secrets:
        merchant = self._merchant
        others = [(merchant.mer_id, "merchant_number_as_key"), ("000000", "password_as_key"), ("", "key_left_out")]
        others += [(one, "certificate_number_as_key") for one in merchant.certificates]
        others.append(("99999999", "forger_key"))
        return Secrets(merchant.secure_key, others)

    @cached_property
    def _keys(self) -> Keys:
        if self.credentials_dir is None or not (self.credentials_dir / "unionpay").is_dir():
            raise Undiagnosable("there are no credentials of UnionPay's here; give a --home that has some")
        return Keys(self.credentials_dir)

    @cached_property
    def _merchant(self) -> Merchant:
        return self._keys.merchant()

    def _leaf(self, method: str, leaf: str) -> Certificate:
        mark = "sm2_" if method == SM2 else ""
        return certificate((self._keys.directory / "platform" / f"unionpay_{mark}leaf_{leaf}.cer").read_bytes())

    def _named_keys(self, method: str) -> Iterator[tuple[str, RSAPublicKey | sm2.PublicKey]]:
        for one in self._merchant.certificates.values():
            if one.method == method:
                yield "merchant_key", one.key
        yield "platform_key", self._leaf(method, "current").key
        yield "forger_key", self._leaf(method, "foreign_chain").key

    @cached_property
    def _known_rsa(self) -> list[tuple[str, RSAPublicKey]]:
        return [(name, key) for name, key in self._named_keys(RSA) if isinstance(key, RSAPublicKey)]

    @cached_property
    def _known_sm2(self) -> list[tuple[str, sm2.PublicKey]]:
        return [(name, key) for name, key in self._named_keys(SM2) if isinstance(key, sm2.PublicKey)]


def _shown(received: Received) -> Certificate | None:
    """The certificate inside a message, where there is one that can be read."""
    try:
        return certificate(received.get("signPubKeyCert").encode())
    except (ValueError, TypeError):
        return None


def _number(received: Received, named: Certificate) -> str:
    """
    The number that is SM2's user id.

    Facts: unionpay/sm2
    """
    shown = _shown(received) if received.notify else None
    return shown.cert_id if shown is not None else received.get("certId") or named.cert_id


def doctor_for(credentials_dir: Path | None, key_text: bytes | None) -> UnionPayDoctor:
    """
    A doctor for pasted requests.

    Raises:
        Undiagnosable: the text is no public key.
    """
    return UnionPayDoctor(credentials_dir, None if key_text is None else read_public_key(key_text))


def _case(received: Received, *, hints: tuple[Words, ...]) -> Case:
    right = right_recipe(received)
    return Case(
        built=right.cooked().decode(right.codec, "replace"),
        codec=right.codec,
        candidates=lambda: candidates(right, suspicions(received), causes=CAUSES),
        hints=hints,
    )


def _hints(received: Received) -> Iterator[Words]:
    method = received.get("signMethod")
    if method not in METHODS:
        yield Words(
            f"signMethod is '{method}', where 01, 11, 12 and 21 are known; it was taken for 01.",
            f"signMethod 为“{method}”，已知的只有 01、11、12 和 21；这里按 01 处理。",  # noqa: RUF001
        )
    if method in {KEYED_SHA256, KEYED_SM3} and len(received.get("signature")) > 128:
        yield Words(
            "The signature is long, as certificates make it, and signMethod names a keyed digest.",
            "签名很长，像是证书签名，而 signMethod 指定的是密钥摘要。",  # noqa: RUF001
        )
    if method in {RSA, SM2} and len(received.get("signature")) == 64:
        yield Words(
            "The signature has 64 letters, as a keyed digest has, and signMethod names certificates.",
            "签名只有 64 个字符，像是密钥摘要，而 signMethod 指定的是证书签名。",  # noqa: RUF001
        )
