"""
A keyed digest that is refused: how it was spelled, which way it was made, and no claim where nothing fits.
"""

import base64
import hashlib
import hmac

import pytest

from mock_providers.core.signatures.doctor import CAUSES, Candidate, Case, Cause, Diagnosis, Words, diagnose
from mock_providers.core.signatures.seals import KeyedDigest, open_keyed_digest

TEXT = b"a=1&b=2"
OTHER_KEY = Cause("other_key", Words("the other key", "另一个密钥"), Words("take the right one", "换成正确的密钥"))
OTHER_TEXT = Cause("other_text", Words("another text", "另一段文本"), Words("sign the right one", "对正确文本签名"))


def md5(data: bytes, key: bytes = b"k1") -> bytes:
    return hashlib.md5(data + b"&key=" + key).digest()  # noqa: S324


WAYS = (
    KeyedDigest("md5", md5),
    KeyedDigest("md5", lambda data: md5(data, b"k2"), (OTHER_KEY,)),
    KeyedDigest("sha256", lambda data: hmac.digest(b"k1", data, "sha256"), (OTHER_KEY,)),
)


def examined(sign: str, *, upper: bool = True) -> Diagnosis:
    candidates = (Candidate(TEXT), Candidate(b"b=2&a=1", lambda: (OTHER_TEXT,)))
    case = Case(TEXT.decode(), "utf-8", lambda: candidates)
    return diagnose(case, open_keyed_digest(sign, WAYS, upper=upper))


@pytest.mark.parametrize(
    ("sign", "causes"),
    [
        (md5(TEXT).hex().upper(), []),
        (md5(TEXT).hex(), ["digest_case"]),
        (f" {md5(TEXT).hex().upper()}\n", ["digest_blanks"]),
        (base64.b64encode(md5(TEXT)).decode(), ["digest_base64"]),
        (base64.b64encode(md5(TEXT).hex().encode()).decode(), ["digest_base64"]),
        (md5(TEXT, b"k2").hex().upper(), ["other_key"]),
        (md5(b"b=2&a=1").hex().upper(), ["other_text"]),
        (md5(b"b=2&a=1", b"k2").hex(), ["digest_case", "other_key", "other_text"]),
        (hmac.digest(b"k1", TEXT, "sha256").hex().upper(), ["other_key"]),
        (md5(TEXT).hex().upper()[:16], ["digest_size"]),
        ("?!", ["not_hexadecimal"]),
    ],
)
def test_the_way_that_was_gone_is_named(sign, causes):
    found = examined(sign)
    assert ([one.name for one in found.causes], found.right) == (causes, not causes)


def test_what_fits_nowhere_is_a_riddle_and_says_that_it_could_be_either():
    found = examined(md5(b"something else").hex().upper())
    assert (found.causes, found.right, found.tried) == ((), False, 2)
    assert found.sentence == CAUSES("digest_unknown").sentence


def test_where_small_letters_are_wanted_capitals_are_the_mistake():
    assert examined(md5(TEXT).hex(), upper=False).right
    assert [one.name for one in examined(md5(TEXT).hex().upper(), upper=False).causes] == ["digest_case"]
