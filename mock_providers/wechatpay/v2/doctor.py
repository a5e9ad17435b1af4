"""
The signature doctor of the XML API: which keys may have taken part in a digest, and which strings.

Both directions use one shared key and one recipe. Reads the credentials folder when it is first needed; no key leaves
it.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path

from mock_providers.core.signatures.doctor import Case, Cause, Diagnosis, Patience, Words, candidates, diagnose
from mock_providers.core.signatures.seals import KeyedDigest, open_keyed_digest
from mock_providers.core.wire.journal import RawRequest
from mock_providers.errors import Undiagnosable
from mock_providers.wechatpay.v2.answers import FOREIGN_KEY
from mock_providers.wechatpay.v2.recipe import CAUSES, Received, right_recipe
from mock_providers.wechatpay.v2.suspicions import suspicions
from mock_providers.wechatpay.v3.wire import path_of

_SANDBOX_PATHS = ("/sandboxnew/", "/xdc/apiv2sandbox/")
_KEY_PATHS = ("/sandboxnew/pay/getsignkey",)
_HASHES = {"MD5": "md5", "HMAC-SHA256": "sha256"}
_KEY_CHARS = 32
# How a key can be written wrongly.
_MISWRITTEN: tuple[Callable[[str], str], ...] = (
    str.lower,
    str.upper,
    lambda key: f"{key}\n",
    lambda key: f"{key} ",
    lambda key: f" {key}",
    lambda key: f'"{key}"',
)
_TAILS = ("{key}", "key={key}", "&key= {key}", "&secret={key}", "&KEY={key}", "&sign_key={key}")


@dataclass(frozen=True)
class LegacyDoctor:
    """
    Args:
        credentials_dir: whose keys are known by name; None knows none.
        key: verifies instead of the folder's.
        patience: less and less for callers whose strings nothing explains.
    """

    credentials_dir: Path | None
    key: str | None = None
    patience: Patience = field(default_factory=Patience)

    def examine(self, request: RawRequest, *, now: datetime | None = None) -> Diagnosis:  # noqa: ARG002  no stamp here
        """
        Look into a request, an answer, a notify, or a page's parameters.

        Raises:
            Undiagnosable: no signature, no fields, or no key to verify with.
        """
        received = Received(request)
        sign = received.fields.get(received.sign_name)
        if not sign:
            raise Undiagnosable(f"there is no field '{received.sign_name}' in it; paste the whole XML")
        ways = list(self._ways(received))
        hints = tuple(self._hints(received))
        right = right_recipe(received)
        case = Case(
            right.cooked().decode(), "utf-8", lambda: candidates(right, suspicions(received), causes=CAUSES), hints
        )
        return self.patience.note(
            diagnose(case, open_keyed_digest(sign, ways, upper=True), budget=self.patience.budget)
        )

    def _hints(self, received: Received) -> Iterator[Words]:
        said = received.fields.get("sign_type") or received.fields.get("signType") or "MD5"
        if said not in _HASHES:
            yield Words(
                f"sign_type is '{said}', where MD5 or HMAC-SHA256 is known; it was taken for MD5.",
                f"sign_type 为“{said}”，已知的只有 MD5 和 HMAC-SHA256；这里按 MD5 处理。",  # noqa: RUF001
            )
        mchid, said_mchid = self._text("mchid"), received.fields.get("mch_id") or received.fields.get("mchid")
        if mchid and said_mchid and said_mchid != mchid:
            yield Words(
                f"mch_id is '{said_mchid}', and these keys belong to {mchid}: another --home may fit.",
                f"mch_id 为“{said_mchid}”，而这里的密钥属于 {mchid}：请换一个 --home。",  # noqa: RUF001
            )

    def _ways(self, received: Received) -> Iterator[KeyedDigest]:
        """The right way to make the digest, then every wrong one."""
        said = received.fields.get("sign_type") or received.fields.get("signType") or "MD5"
        sign_type = said if said in _HASHES else "MD5"
        key, strangers = self._keys(received)
        others = [one for one in _HASHES if one != sign_type]
        for kind in (sign_type, *others):
            hashed = () if kind == sign_type else (CAUSES("other_digest", used=kind, expected=sign_type),)
            yield KeyedDigest(_HASHES[kind], partial(_digest, kind, key, "&key={key}"), hashed)
            for cause, stranger in strangers:
                yield KeyedDigest(_HASHES[kind], partial(_digest, kind, stranger, "&key={key}"), (*hashed, cause))
            yield from _miswritten(kind, key, hashed)
        yield from _unkeyed(key)

    def _keys(self, received: Received) -> tuple[str, list[tuple[Cause, str]]]:
        """The key that is expected, and the others with what using them means."""
        known = self._known
        path = path_of(received.request.target)
        sandbox = path.startswith(_SANDBOX_PATHS) and path not in _KEY_PATHS
        expected = "sandbox_key" if sandbox else "merchant_key"
        key = self.key or known.get(expected)
        if key is None:
            raise Undiagnosable("there is no key to verify with; give a --home that has credentials")
        strangers = [(CAUSES(name), one) for name, one in known.items() if one != key]
        return key, strangers

    @cached_property
    def _known(self) -> Mapping[str, str]:
        if self.credentials_dir is None:
            return {}
        key = self._text("apiv2_key")
        return {
            "merchant_key": key,
            "sandbox_key": hashlib.md5(f"sandbox&{key}".encode(), usedforsecurity=False).hexdigest(),
            "v3_key": self._text("apiv3_key"),
            "app_secret": self._text("app_secret"),
            "forger_key": FOREIGN_KEY,
        }

    def _text(self, name: str) -> str:
        if self.credentials_dir is None:
            return ""
        return (self.credentials_dir / "wechatpay" / name).read_text().strip()


def doctor_for(credentials_dir: Path | None, key_text: bytes | None) -> LegacyDoctor:
    """
    A doctor for pasted messages.

    Args:
        key_text: an API key of 32 characters; other kinds of key belong to other protocols.
    """
    there = credentials_dir is not None and (credentials_dir / "wechatpay" / "apiv2_key").is_file()
    key = (key_text or b"").decode("ascii", "replace").strip()
    return LegacyDoctor(credentials_dir if there else None, key if len(key) == _KEY_CHARS else None)


def _digest(kind: str, key: str, tail: str, data: bytes) -> bytes:
    sealed = data + tail.format(key=key).encode()
    return hmac.digest(key.encode(), sealed, "sha256") if kind == "HMAC-SHA256" else _hashed("md5", sealed)


def _hashed(name: str, data: bytes) -> bytes:
    return hashlib.new(name, data, usedforsecurity=False).digest()


def _miswritten(kind: str, key: str, hashed: tuple[Cause, ...]) -> Iterator[KeyedDigest]:
    """The right key, written or joined in another way."""
    size = _HASHES[kind]
    for change in _MISWRITTEN:
        if change(key) != key:
            cause = CAUSES("key_miswritten")
            yield KeyedDigest(size, partial(_digest, kind, change(key), "&key={key}"), (*hashed, cause))
    for tail in _TAILS:
        yield KeyedDigest(size, partial(_digest, kind, key, tail), (*hashed, CAUSES("key_joined_otherwise")))
    yield KeyedDigest(size, partial(_digest, kind, key, ""), (*hashed, CAUSES("key_not_appended")))
    first = partial(_first, kind, key)
    yield KeyedDigest(size, first, (*hashed, CAUSES("key_joined_otherwise")))


def _first(kind: str, key: str, data: bytes) -> bytes:
    sealed = f"key={key}&".encode() + data
    return hmac.digest(key.encode(), sealed, "sha256") if kind == "HMAC-SHA256" else _hashed("md5", sealed)


def _tailed(name: str, tail: bytes, data: bytes) -> bytes:
    return _hashed(name, data + tail)


def _unkeyed(key: str) -> Iterator[KeyedDigest]:
    """Digests of other kinds, over the string with the key behind it."""
    tail = f"&key={key}".encode()
    for name in ("sha256", "sha1", "sha512"):
        spoken = name.upper().replace("SHA", "SHA-")
        cause = CAUSES("other_digest", used=spoken, expected="MD5 / HMAC-SHA256")
        yield KeyedDigest(name, partial(_tailed, name, tail), (cause,))
    twice = CAUSES("hashed_twice")
    yield KeyedDigest("md5", lambda data: _hashed("md5", _hashed("md5", data + tail).hex().upper().encode()), (twice,))
    yield KeyedDigest("md5", lambda data: _hashed("md5", _hashed("md5", data + tail).hex().encode()), (twice,))
