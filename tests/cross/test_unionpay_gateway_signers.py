"""
The gateway's signing for UnionPay against known answers that it did not make, and against the simulator's.
"""

import base64
import hashlib
import string

import gmalg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_providers.core.signatures import sm2 as simulated_sm2
from mock_providers.unionpay import signing as simulated
from reference_gateway.channels.unionpay import sm2, sm2_libcrypto
from reference_gateway.channels.unionpay.keys import RsaIdentity, Sm2Identity
from reference_gateway.channels.unionpay.signing import KeyedSigning, RsaSigning, Sm2Signing
from reference_gateway.channels.unionpay.wire import text_to_sign
from reference_gateway.errors import SignatureRejected
from tests.cross.known_answers import Case, cases, private_key, public_key
from tests.unit.reference_gateway.unionpay_desk import NOW, AnyLeaf

KEYED, RSA, SM2 = (cases(f"unionpay/{name}") for name in ("keyed", "rsa", "sm2"))
IDENTITY = Sm2Identity(sm2_libcrypto._SECRET, sm2_libcrypto._POINT, "69678957876")
FIELDS = st.dictionaries(
    st.text(string.ascii_letters + string.digits, min_size=1, max_size=12).filter(lambda name: name != "signature"),
    st.text(st.characters(codec="utf-8"), max_size=20),
    max_size=8,
)


def by_id(case: Case) -> str:
    return case.id


@pytest.mark.parametrize("case", [*KEYED, *RSA, *SM2], ids=by_id)
def test_the_text_is_the_published_one(case: Case):
    assert text_to_sign({**case.data["fields"], "signature": case.data["signature"]}) == case.canonical


@pytest.mark.parametrize("case", KEYED, ids=by_id)
def test_keyed_answers_are_judged_as_published(case: Case):
    own = KeyedSigning(str(case.data["key"]), method=case.data["sign_method"])
    assert _takes(own, case.canonical_bytes, {"signature": case.data["signature"]}) == case.valid
    assert (own.sign(case.canonical_bytes) == case.data["signature"]) == case.valid


def _takes(own, text: bytes, fields: dict[str, str]) -> bool:
    try:
        own.verify(text, fields, NOW)
    except SignatureRejected:
        return False
    return True


@pytest.mark.parametrize("case", [case for case in RSA if case.data["version"] == "5.1.0"], ids=by_id)
def test_rsa_answers_are_judged_as_published(case: Case):
    name = str(case.data["key"]).removeprefix("keys/").removesuffix("_public_key.pem")
    own = RsaSigning(RsaIdentity(private_key(name), "1"), AnyLeaf(public_key(name)))
    assert _takes(own, case.canonical_bytes, {"signature": case.data["signature"]}) == case.valid
    assert (own.sign(case.canonical_bytes) == case.data["signature"]) == case.valid


@pytest.mark.parametrize("case", SM2, ids=by_id)
def test_sm2_signatures_are_judged_as_published(case: Case):
    point, _, user_id = str(case.data["key"]).partition(":")
    message = sm2.sm3(case.canonical_bytes).hex().encode()
    signature = base64.b64decode(case.data["signature"])
    for engine in (sm2.engine(), sm2.Gmalg()):
        judged = engine.verify(bytes.fromhex(point), message, signature=signature, user_id=user_id.encode())
        assert judged == case.valid


@pytest.mark.parametrize("case", cases("unionpay/digests"), ids=by_id)
def test_digests_are_the_published_ones(case: Case):
    text = str(case.data["text"]).encode()
    digest = sm2.sm3(text) if case.data["hash"] == "sm3" else hashlib.new(case.data["hash"], text).digest()
    assert digest.hex() == case.data["hex"]


@given(FIELDS)
@settings(max_examples=50)
def test_the_two_sides_build_the_same_text(fields: dict[str, str]):
    assert text_to_sign(fields) == simulated.text_of(fields)


@given(FIELDS)
@settings(max_examples=20)
def test_the_simulator_takes_what_the_gateway_signs(fields: dict[str, str]):
    text = text_to_sign(fields).encode()
    key = private_key("app")
    assert simulated.RsaVerifier(public_key("app"), new=True)(
        text, RsaSigning(RsaIdentity(key, "1"), AnyLeaf(key.public_key())).sign(text)
    )
    for method in ("11", "12"):
        signature = KeyedSigning("88888888", method=method).sign(text)
        assert simulated.keyed(method, "88888888").verify(text, signature)
        assert not simulated.keyed(method, "88888889").verify(text, signature)
    judge = simulated.Sm2Verifier(simulated_sm2.PublicKey(IDENTITY.point), IDENTITY.cert_id)
    signature = Sm2Signing(IDENTITY, AnyLeaf(key.public_key())).sign(text)
    assert judge(text, signature)
    assert not judge(text + b".", signature)


def test_the_gateway_takes_what_the_simulator_signs():
    text = b"merId=777290058110048&respCode=00"
    own = RsaSigning(RsaIdentity(private_key("app"), "1"), AnyLeaf(public_key("platform")))
    signature = simulated.RsaSigner(private_key("platform"), new=True)(text)
    assert _takes(own, text, {"signature": signature})
    assert not _takes(own, text + b"0", {"signature": signature})


@pytest.mark.parametrize("user_id", [b"1234567812345678", b"69678957876", b"9"])
def test_the_engines_judge_each_other(user_id: bytes):
    engines = (sm2.engine(), sm2.Gmalg())
    for signer, judge in (engines, engines[::-1]):
        signature = signer.sign(IDENTITY.secret, IDENTITY.point, b"text", user_id=user_id)
        assert len(signature) == 64
        assert judge.verify(IDENTITY.point, b"text", signature=signature, user_id=user_id)
        assert not judge.verify(IDENTITY.point, b"text.", signature=signature, user_id=user_id)
        assert not judge.verify(IDENTITY.point, b"text", signature=signature, user_id=b"somebody else")


@pytest.mark.parametrize("text", [b"0", b"phoneNo=13552535506&cvn2=123&expired=2311", b"\0" * 300])
def test_what_either_engine_encrypts_is_opened_by_another_hand(text: bytes):
    for engine in (sm2.engine(), sm2.Gmalg()):
        cipher = engine.encrypt(IDENTITY.point, text)
        assert (cipher[0], len(cipher)) == (4, 97 + len(text))
        assert bytes(gmalg.SM2(sk=IDENTITY.secret).decrypt(cipher)) == text
        assert simulated_sm2.engine().decrypt(IDENTITY.secret, cipher) == text


def test_nonsense_is_refused_by_both_engines_alike():
    off_the_curve = b"\x04" + b"\x01" * 64
    for engine in (sm2.engine(), sm2.Gmalg()):
        good = engine.sign(IDENTITY.secret, IDENTITY.point, b"x", user_id=b"1")
        for point in (b"", b"\x04", off_the_curve, IDENTITY.point[:-1]):
            assert not engine.verify(point, b"x", signature=good, user_id=b"1")
            with pytest.raises(ValueError, match="point"):
                engine.encrypt(point, b"x")
        for signature in (b"", good[:-1], b"\0" * 64, b"\xff" * 64, good + b"\0"):
            assert not engine.verify(IDENTITY.point, b"x", signature=signature, user_id=b"1")


def test_a_library_without_sm2_is_not_taken(tmp_path):
    other = tmp_path / "libcrypto.so"
    other.write_bytes(b"no library")
    assert not sm2.is_proven(str(other))
    assert not sm2.is_proven("libm.so.6")
    assert sm2.engine().name in {"libcrypto", "gmalg"}
