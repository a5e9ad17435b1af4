"""The engines for SM2 judge each other, and the `openssl` command judges both."""

import shutil
import subprocess
from base64 import b64encode

import pytest

from mock_providers.core.signatures import sm2
from mock_providers.core.signatures.sm2_gmalg import Gmalg
from mock_providers.core.signatures.sm2_libcrypto import (
    SAMPLE_ID,
    SAMPLE_POINT,
    SAMPLE_SECRET,
    SAMPLE_SIGNATURE,
    SAMPLE_TEXT,
    Libcrypto,
    _integer,
    _sequence,
)

_OPENSSL = shutil.which("openssl") or ""
_USER_ID = b"69678957876"
_SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")


def fast() -> Libcrypto:
    served = sm2.engine()
    if not isinstance(served, Libcrypto):
        pytest.skip(f"no libcrypto proved itself here; {served.name} serves")
    return served


def engines():
    return (fast(), Gmalg())


def test_the_engine_that_serves_says_its_name():
    assert sm2.engine().name in {"libcrypto", "gmalg"}
    assert sm2.engine() is sm2.engine()


def test_the_slow_engine_knows_the_standards_sample():
    engine = Gmalg()
    assert engine.public_of(SAMPLE_SECRET) == SAMPLE_POINT
    assert engine.verify(SAMPLE_POINT, SAMPLE_TEXT, signature=SAMPLE_SIGNATURE, user_id=SAMPLE_ID)


def test_both_engines_know_the_standards_sample():
    for engine in engines():
        assert engine.public_of(SAMPLE_SECRET) == SAMPLE_POINT
        assert engine.verify(SAMPLE_POINT, SAMPLE_TEXT, signature=SAMPLE_SIGNATURE, user_id=SAMPLE_ID)


@pytest.mark.parametrize("user_id", [SAMPLE_ID, _USER_ID, b"9"])
def test_what_one_engine_signs_the_other_verifies(user_id):
    for signer, judge in (engines(), engines()[::-1]):
        key = sm2.generate()
        for number in range(5):
            text = f"number {number}".encode()
            signature = signer.sign(key.secret, text, user_id=user_id)
            assert len(signature) == 64
            assert judge.verify(key.public.point, text, signature=signature, user_id=user_id)
            assert not judge.verify(key.public.point, text + b".", signature=signature, user_id=user_id)
            assert not judge.verify(key.public.point, text, signature=signature, user_id=b"somebody else")


@pytest.mark.parametrize("text", [b"0000", b"phoneNo=13552535506&cvn2=123&expired=2311", b"\x00" * 300])
def test_what_one_engine_encrypts_the_other_decrypts(text):
    for sender, reader in (engines(), engines()[::-1]):
        key = sm2.generate()
        cipher = sender.encrypt(key.public.point, text)
        assert (cipher[0], len(cipher)) == (4, 97 + len(text))
        assert reader.decrypt(key.secret, cipher) == text
        with pytest.raises(ValueError):
            reader.decrypt(sm2.generate().secret, cipher)


def test_nonsense_is_refused_alike():
    off_the_curve = b"\x04" + b"\x01" * 64
    for engine in engines():
        for point in (b"", b"\x04", off_the_curve, SAMPLE_POINT[:-1]):
            assert not engine.verify(point, SAMPLE_TEXT, signature=SAMPLE_SIGNATURE, user_id=SAMPLE_ID)
        for signature in (b"", SAMPLE_SIGNATURE[:-1], b"\x00" * 64, b"\xff" * 64, SAMPLE_SIGNATURE + b"\x00"):
            assert not engine.verify(SAMPLE_POINT, SAMPLE_TEXT, signature=signature, user_id=SAMPLE_ID)
        for cipher in (b"", b"\x04" * 97, b"\x04" * 120, off_the_curve + b"\x00" * 40):
            with pytest.raises(ValueError):
                engine.decrypt(SAMPLE_SECRET, cipher)
        with pytest.raises(ValueError):
            engine.encrypt(off_the_curve, b"x")


def test_a_library_without_sm2_is_not_taken(tmp_path):
    other = tmp_path / "libcrypto.so"
    other.write_bytes(b"no library")
    assert not sm2._proven(str(other))
    assert not sm2._proven("libm.so.6")


@pytest.mark.skipif(not _OPENSSL, reason="there is no openssl command here")
@pytest.mark.parametrize("which", ["libcrypto", "gmalg"])
def test_openssl_verifies_what_an_engine_signs(which, tmp_path):
    engine = fast() if which == "libcrypto" else Gmalg()
    key = sm2.generate()
    (tmp_path / "key.pem").write_text(_public_pem(key.public.point))
    text, files = b"the very same text", (tmp_path / "text", tmp_path / "signature")
    signature = engine.sign(key.secret, text, user_id=_USER_ID)
    files[0].write_bytes(text)
    files[1].write_bytes(_sequence(_integer(signature[:32]) + _integer(signature[32:])))
    assert _openssl_verifies(tmp_path, user_id=_USER_ID.decode())
    assert not _openssl_verifies(tmp_path, user_id="1234567812345678")


def _openssl_verifies(folder, *, user_id: str) -> bool:
    command = [_OPENSSL, "pkeyutl", "-verify", "-pubin", "-inkey", "key.pem", "-rawin", "-digest", "sm3"]
    options = ["-pkeyopt", f"distid:{user_id}", "-in", "text", "-sigfile", "signature"]
    return subprocess.run(command + options, cwd=folder, capture_output=True, check=False, timeout=30).returncode == 0


def _public_pem(point: bytes) -> str:
    body = b64encode(_SPKI + point).decode()
    lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    return f"-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n"


def test_sm3_knows_the_published_digests():
    assert sm2.sm3(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert sm2.sm3(b"88888888").hex() == "ce63bbc0642e6805e0bf2be526df8fce7f29ae8cd7162ebafc826c8130810a30"
