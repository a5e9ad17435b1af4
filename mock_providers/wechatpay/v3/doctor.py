"""
API v3's signature doctor: which keys may have signed, and which lines may have been signed.

Looks into requests with the merchant's certificate, and into answers and notifies with the platform's keys. Reads the
credentials folder when it is first needed; what leaves it is public halves only.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from mock_providers.core.signatures.doctor import Case, Diagnosis, Patience, Words, candidates, diagnose
from mock_providers.core.signatures.public_keys import read_public_key
from mock_providers.core.signatures.seals import Expected, KnownKey, open_signature
from mock_providers.core.wire.journal import RawRequest
from mock_providers.errors import Undiagnosable
from mock_providers.wechatpay.merchants import load_merchants, load_platform
from mock_providers.wechatpay.v3.door import WINDOW_S
from mock_providers.wechatpay.v3.recipe import CAUSES, Received, right_recipe
from mock_providers.wechatpay.v3.suspicions import suspicions
from mock_providers.wechatpay.v3.wire import PROBE_PREFIX

_KEY_TEXTS = ("apiclient_key.pem", "apiclient_key.pkcs1.pem", "apiclient_cert.pem", "apiv3_key", "apiv2_key")


@dataclass(frozen=True)
class V3Doctor:
    """
    Args:
        credentials_dir: whose keys are known by name; None knows none.
        key: verifies instead of the folder's.
        patience: less and less for callers whose strings nothing explains.
    """

    credentials_dir: Path | None
    key: RSAPublicKey | None = None
    patience: Patience = field(default_factory=Patience)

    def examine(self, request: RawRequest, *, now: datetime | None = None) -> Diagnosis:
        """
        Look into a request, or into an answer or a notify as the merchant received it.

        Raises:
            Undiagnosable: no signature of this kind, or no key to verify with.
        """
        received = Received.of(request)
        right = right_recipe(received)
        hints = tuple(self._hints(received, now))
        case = Case(
            right.cooked().decode("utf-8", "replace"),
            "utf-8",
            lambda: candidates(right, suspicions(received), causes=CAUSES),
            hints,
        )
        if received.said.signature.startswith(PROBE_PREFIX):
            return Diagnosis(right=False, causes=(CAUSES("probe"),), built=case.built, hints=hints)
        opening = open_signature(received.said.signature, self._expected(received))
        found = self.patience.note(diagnose(case, opening, budget=self.patience.budget))
        if found.right and self._serial_is_anothers(received):
            return replace(found, right=False, causes=(CAUSES("serial_of_another_key"),))
        return found

    def _serial_is_anothers(self, received: Received) -> bool:
        """The signature is good, and the serial names a key that did not make it."""
        if self.credentials_dir is None or self.key is not None or received.platforms:
            return False
        merchant = next(iter(load_merchants(self.credentials_dir).values()))
        return received.said.serial.upper() != merchant.serial

    def _hints(self, received: Received, now: datetime | None) -> Iterator[Words]:
        said = received.said
        if said.timestamp.isascii() and said.timestamp.isdigit() and len(said.timestamp) < 13 and now is not None:
            off_s = int(said.timestamp) - now.timestamp()
            if abs(off_s) > WINDOW_S:
                yield Words(
                    f"the timestamp is {abs(off_s):.0f} s {'ahead of' if off_s > 0 else 'behind'} the clock here; "
                    "beyond 300 s a request is refused before its signature is looked at.",
                    f"timestamp 与当前时间相差 {abs(off_s):.0f} 秒；超过 300 秒时，验签之前就会被拒绝。",  # noqa: RUF001
                )
        if self.credentials_dir is None or self.key is not None or received.platforms:
            return
        merchant = next(iter(load_merchants(self.credentials_dir).values()))
        if said.mchid != merchant.mchid:
            yield Words(
                f"mchid is '{said.mchid}', and these keys belong to {merchant.mchid}: another --home may fit.",
                f"mchid 为“{said.mchid}”，而这里的密钥属于 {merchant.mchid}：请换一个 --home。",  # noqa: RUF001
            )

    def _expected(self, received: Received) -> Expected:
        known = self._known
        own = self._platform_key_of(received.said.serial) if received.platforms else "merchant_key"
        key = self.key or known.get(own)
        if key is None:
            raise Undiagnosable(
                "there is no public key to verify with; give one with --public-key, or a --home that has credentials"
            )
        strangers = [
            KnownKey(CAUSES(name), one) for name, one in known.items() if one.public_numbers() != key.public_numbers()
        ]
        return Expected(key, "sha256", strangers, self._key_texts)

    def _platform_key_of(self, serial: str) -> str:
        """Which of the platform's keys a serial names; the first certificate where it names none."""
        if self.credentials_dir is not None:
            keys = load_platform(self.credentials_dir)
            named = {keys.next_certificate.serial: "next_certificate_key", keys.public.serial: "public_key_pair"}
            return named.get(serial.upper(), "certificate_key")
        return "certificate_key"

    @cached_property
    def _known(self) -> dict[str, RSAPublicKey]:
        if self.credentials_dir is None:
            return {}
        keys = load_platform(self.credentials_dir)
        merchant = next(iter(load_merchants(self.credentials_dir).values()))
        return {
            "merchant_key": merchant.public_key,
            "certificate_key": keys.certificate.private.public_key(),
            "next_certificate_key": keys.next_certificate.private.public_key(),
            "public_key_pair": keys.public.private.public_key(),
            "forger_key": keys.forger.public_key(),
        }

    @cached_property
    def _key_texts(self) -> tuple[bytes, ...]:
        """What a caller may have taken for a password; used to compare and never shown."""
        if self.credentials_dir is None:
            return ()
        texts = [(self.credentials_dir / "wechatpay" / name).read_bytes() for name in _KEY_TEXTS]
        return tuple(dict.fromkeys(one for text in texts for one in (text, text.strip())))


def doctor_for(credentials_dir: Path | None, key_text: bytes | None) -> V3Doctor:
    """
    A doctor for pasted messages.

    Raises:
        Undiagnosable: the text is no public key.
    """
    there = credentials_dir is not None and (credentials_dir / "wechatpay" / "apiclient_cert.pem").is_file()
    return V3Doctor(credentials_dir if there else None, None if key_text is None else read_public_key(key_text))
