"""
Alipay's signature doctor: which keys may have signed, and which strings may have been signed.

Looks into requests with the application's public key and into notifies with Alipay's. Reads the credentials folder when
it is first needed; what leaves it is public halves only.
"""

from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from mock_providers.alipay.content import Undecipherable, decrypted
from mock_providers.alipay.recipe import CAUSES, Received, right_recipe
from mock_providers.alipay.rewritings import contents, orders, values, whole_texts
from mock_providers.alipay.suspicions import how_read, one_left_out, one_lost, which_parameters
from mock_providers.alipay.times import moment_of
from mock_providers.alipay.v3.doctor import V3Doctor, speaks_v3
from mock_providers.core.signatures.credentials import private_key, public_key
from mock_providers.core.signatures.doctor import Case, Diagnosis, Patience, Suspicion, Words, candidates, diagnose
from mock_providers.core.signatures.public_keys import read_public_key
from mock_providers.core.signatures.seals import Expected, KnownKey, open_signature
from mock_providers.core.wire.journal import RawRequest
from mock_providers.errors import Undiagnosable

_HASH_NAMES = {"RSA2": "sha256", "RSA": "sha1"}
_CLOCK_OFF = timedelta(minutes=15)
_RETURNS = frozenset({"alipay.trade.page.pay.return", "alipay.trade.wap.pay.return"})
_KEY_TEXTS = (
    "app_private_key.pkcs1.pem",
    "app_private_key.pkcs8.pem",
    "app_private_key.pkcs1.b64",
    "app_private_key.pkcs8.b64",
    "app_public_key.pem",
    "alipay_public_key.b64",
)


@dataclass(frozen=True)
class AlipayDoctor:
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
        Look into a request, or into a notify as the merchant received it.

        Raises:
            Undiagnosable: no signature, no parameters, or no key to verify with.
        """
        if speaks_v3(request):
            return self._v3.examine(request, now=now)
        try:
            received = Received(request, notify=False)
            if _is_platforms(received.params):
                received = Received(request, notify=True)
            params = received.params
        except ValueError:
            raise Undiagnosable("there are more parameters than anybody sends") from None
        if not params.get("sign"):
            raise Undiagnosable("there is no parameter 'sign' in it; paste the whole request, with query and body")
        opening = open_signature(params["sign"], self._expected(received))
        case = _case(received, hints=(*self._strangeness(received), *_hints(received, now)))
        return self.patience.note(diagnose(case, opening, budget=self.patience.budget))

    @cached_property
    def _v3(self) -> V3Doctor:
        """Requests of OpenAPI v3 are signed with the same keys, over texts of another kind."""
        expected = self._expecting("application_key", "sha256")
        aes = self.credentials_dir / "alipay" / "aes_key" if self.credentials_dir is not None else None
        key = b64decode(aes.read_text()) if aes is not None and aes.is_file() else None
        return V3Doctor(expected, None if key is None else partial(_opened, key=key), self.patience)

    def _strangeness(self, received: Received) -> Iterator[Words]:
        if self.credentials_dir is None or self.key is not None:
            return
        app_id = received.params.get("app_id", "")
        if app_id not in self._folders:
            known = ", ".join(self._folders)
            yield Words(
                f"app_id is '{app_id}', and these keys belong to {known}: another --home, or --public-key, may fit.",
                f"app_id 为“{app_id}”，而这里的密钥属于 {known}：请换一个 --home，或用 --public-key 指定公钥。",  # noqa: RUF001
            )

    def _expected(self, received: Received) -> Expected:
        hash_name = _HASH_NAMES.get(received.params.get("sign_type", ""), "sha256")
        own = "platform_key" if received.notify else "application_key"
        return self._expecting(own, hash_name, app_id=received.params.get("app_id", ""))

    def _expecting(self, own: str, hash_name: str, *, app_id: str = "") -> Expected:
        known = self._known
        if app_id in self._folders:
            theirs = self._folders[app_id] / "app_public_key.pem"
            known = known | {"application_key": public_key(theirs.read_bytes())}
        key = self.key or known.get(own)
        if key is None:
            raise Undiagnosable(
                "there is no public key to verify with; give one with --public-key, or a --home that has credentials"
            )
        strangers = [
            KnownKey(CAUSES(name), one) for name, one in known.items() if one.public_numbers() != key.public_numbers()
        ]
        return Expected(key, hash_name, strangers, self._key_texts)

    @cached_property
    def _folders(self) -> dict[str, Path]:
        """The applications that are known, by `app_id`, and where their keys are."""
        found = sorted(self.credentials_dir.glob("alipay*/app_id")) if self.credentials_dir is not None else ()
        return {path.read_text().strip(): path.parent for path in found}

    @cached_property
    def _known(self) -> dict[str, RSAPublicKey]:
        if self.credentials_dir is None:
            return {}
        mine, platform = self.credentials_dir / "alipay", self.credentials_dir / "platform"
        forger = private_key((platform / "alipay_forger_private_key.pem").read_bytes())
        return {
            "application_key": public_key((mine / "app_public_key.pem").read_bytes()),
            "platform_key": public_key((mine / "alipay_public_key.pem").read_bytes()),
            "forger_key": forger.public_key(),
        }

    @cached_property
    def _key_texts(self) -> tuple[bytes, ...]:
        """What a caller may have taken for a password; used to compare and never shown."""
        if self.credentials_dir is None:
            return ()
        texts = [(self.credentials_dir / "alipay" / name).read_bytes() for name in _KEY_TEXTS]
        return tuple(dict.fromkeys(one for text in texts for one in (text, text.strip())))


def _opened(ciphertext: str, *, key: bytes) -> bytes | None:
    try:
        return decrypted(ciphertext, key=key)
    except Undecipherable:
        return None


def _is_platforms(params: Mapping[str, str]) -> bool:
    """
    Whether the platform signs this: a notify, or a buyer sent back.

    Facts: alipay/notify-fields, alipay/return-url
    """
    method = params.get("method")
    return method in _RETURNS if method is not None else bool({"notify_id", "notify_type"} & params.keys())


def doctor_for(credentials_dir: Path | None, key_text: bytes | None) -> AlipayDoctor:
    """
    A doctor for pasted requests.

    Raises:
        Undiagnosable: the text is no public key.
    """
    return AlipayDoctor(credentials_dir, None if key_text is None else read_public_key(key_text))


def _case(received: Received, *, hints: tuple[Words, ...]) -> Case:
    right = right_recipe(received)
    return Case(
        built=right.cooked().decode(right.codec, "replace"),
        codec=right.codec,
        candidates=lambda: candidates(right, suspicions(received), causes=CAUSES),
        hints=hints,
    )


def suspicions(received: Received) -> Iterator[Suspicion]:
    """Everything that this request makes thinkable, likeliest first."""
    yield from which_parameters(received)
    yield from how_read(received)
    yield from orders(received)
    yield from values()
    yield from whole_texts(received)
    yield from contents(received)
    yield from one_left_out(received)
    yield from one_lost(received)


def _hints(received: Received, now: datetime | None) -> Iterator[Words]:
    sign_type = received.params.get("sign_type", "")
    if sign_type not in _HASH_NAMES:
        yield Words(
            f"sign_type is '{sign_type}', where RSA2 or RSA is known; it was taken for RSA2.",
            f"sign_type 为“{sign_type}”，已知的只有 RSA2 和 RSA；这里按 RSA2 处理。",  # noqa: RUF001
        )
    try:
        sent_at = moment_of(received.params.get("timestamp", ""))
    except ValueError:
        return
    if now is not None and not received.notify and abs(now - sent_at) > _CLOCK_OFF:
        yield Words(
            "timestamp is far from the present hour in Beijing; that makes no signature wrong, and others may mind.",
            "timestamp 与当前北京时间相差较大；这不会使签名出错，但其他检查可能在意。",  # noqa: RUF001
        )
