"""
The simulator's signing code for UnionPay against known answers that it did not make.
"""

import hashlib
import shutil
import subprocess
from base64 import b64decode, b64encode

import pytest

from mock_providers.core.signatures import sm2
from mock_providers.unionpay import numbers
from mock_providers.unionpay.signing import RsaSigner, RsaVerifier, Sm2Verifier, Verifier, keyed, text_of
from tests.cross.known_answers import VECTORS, Case, cases, private_key, public_key

KEYED, RSA, SM2 = (cases(f"unionpay/{name}") for name in ("keyed", "rsa", "sm2"))
_OPENSSL = shutil.which("openssl") or ""
_SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")


def by_id(case: Case) -> str:
    return case.id


def verifier(case: Case) -> Verifier:
    key, method = str(case.data["key"]), str(case.data["sign_method"])
    if method == "01":
        name = key.removeprefix("keys/").removesuffix("_public_key.pem")
        return RsaVerifier(public_key(name), new=case.data["version"] == "5.1.0")
    if method == "21":
        point, _, cert_id = key.partition(":")
        return Sm2Verifier(sm2.PublicKey(bytes.fromhex(point)), cert_id)
    return keyed(method, key).verify


@pytest.mark.parametrize("case", [*KEYED, *RSA, *SM2], ids=by_id)
def test_the_text_is_built_and_the_signature_judged_as_published(case: Case):
    fields = {**case.data["fields"], "signature": case.data["signature"]}
    assert text_of(fields) == case.canonical
    assert verifier(case)(case.canonical_bytes, fields["signature"]) == case.valid


@pytest.mark.parametrize("case", [case for case in KEYED if case.valid], ids=by_id)
def test_keyed_digests_are_made_as_published(case: Case):
    assert keyed(case.data["sign_method"], case.data["key"])(case.canonical_bytes) == case.data["signature"]


@pytest.mark.parametrize("case", [case for case in RSA if case.valid], ids=by_id)
def test_rsa_signs_as_openssl_does(case: Case):
    name = str(case.data["key"]).removeprefix("keys/").removesuffix("_public_key.pem")
    sign = RsaSigner(private_key(name), new=case.data["version"] == "5.1.0")
    assert sign(case.canonical_bytes) == case.data["signature"]


@pytest.mark.parametrize("case", cases("unionpay/digests"), ids=by_id)
def test_digests_are_the_published_ones(case: Case):
    text = str(case.data["text"]).encode()
    digest = sm2.sm3(text) if case.data["hash"] == "sm3" else hashlib.new(case.data["hash"], text).digest()
    assert digest.hex() == case.data["hex"]


def test_numbers_have_the_captured_layout():
    captured = next(case.data for case in cases("unionpay/numbers") if "query_id" in case.data)
    assert numbers.trace_of(captured["query_id"]) == captured["trace_no"]
    assert captured["txn_time"][4:] == captured["trace_time"]

    class Ids:
        def digits(self, length: int, *about: str) -> str:
            return f"34{captured['trace_no']}"[:length]

        def letters(self, length: int, *about: str) -> str:
            raise AssertionError(about)

    assert numbers.query_id(Ids(), "o", txn_time=captured["txn_time"]) == captured["query_id"]


@pytest.mark.skipif(not _OPENSSL, reason="there is no openssl command here")
@pytest.mark.parametrize("case", SM2, ids=by_id)
def test_openssl_judges_the_published_sm2_signatures_alike(case: Case, tmp_path):
    point, _, user_id = str(case.data["key"]).partition(":")
    raw = b64decode(case.data["signature"])
    if case.reason == "wrong-spelling":
        raw = raw[5:37] + raw[39:]  # the same numbers, which openssl takes as DER only
    pem = b64encode(_SPKI + bytes.fromhex(point)).decode()
    (tmp_path / "key.pem").write_text(f"-----BEGIN PUBLIC KEY-----\n{pem[:64]}\n{pem[64:]}\n-----END PUBLIC KEY-----\n")
    (tmp_path / "text").write_bytes(hashlib.new("sm3", case.canonical_bytes).hexdigest().encode())
    (tmp_path / "signature").write_bytes(der(raw))
    command = [_OPENSSL, "pkeyutl", "-verify", "-pubin", "-inkey", "key.pem", "-rawin", "-digest", "sm3"]
    options = ["-pkeyopt", f"distid:{user_id}", "-in", "text", "-sigfile", "signature"]
    judged = subprocess.run(command + options, cwd=tmp_path, capture_output=True, check=False, timeout=30)
    assert (judged.returncode == 0) == (case.valid or case.reason == "wrong-spelling")


def der(raw: bytes) -> bytes:
    numbers_ = b""
    for half in (raw[:32], raw[32:]):
        plain = half.lstrip(b"\0")
        plain = b"\0" + plain if plain[0] & 0x80 else plain
        numbers_ += bytes([2, len(plain)]) + plain
    return bytes([0x30, len(numbers_)]) + numbers_


@pytest.mark.skipif(not _OPENSSL or not shutil.which("iconv"), reason="there is no openssl or no iconv command here")
def test_the_files_are_what_openssl_makes(tmp_path):
    subprocess.run([VECTORS / "generate_unionpay.sh", tmp_path], check=True, timeout=60)
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_text() for path in (VECTORS / "unionpay").iterdir()}
