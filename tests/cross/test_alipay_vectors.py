"""
Both rooms' signing code against known answers that neither of them made.
"""

import base64
import hashlib
import shutil
import subprocess
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from mock_providers.alipay import signing as provider
from reference_gateway.channels.alipay import signing as gateway
from reference_gateway.errors import SignatureRejected
from tests.cross.known_answers import VECTORS, Case, cases, private_key, public_key
from tests.cross.notify_receiver import Receiver

REQUESTS = cases("alipay/request_sign")
NOTIFIES = cases("alipay/notify_sign")
ANSWERS = cases("alipay/sync_answer")


def by_id(case: Case) -> str:
    return case.id


def good(given: tuple[Case, ...], *, sign_type: str | None = None) -> list[Case]:
    return [case for case in given if case.valid and sign_type in {None, case.sign_type}]


def gateway_accepts(text: bytes, signature: str) -> bool:
    try:
        gateway.RsaVerifier(public_key("platform"))(text, gateway.decode_signature(signature))
    except SignatureRejected:
        return False
    return True


@pytest.mark.parametrize("case", REQUESTS, ids=by_id)
def test_both_build_the_same_string_of_a_request(case: Case):
    assert provider.request_text(case.params) == case.canonical
    assert gateway.request_text(case.params) == case.canonical


@pytest.mark.parametrize("case", REQUESTS, ids=by_id)
def test_the_provider_judges_a_request(case: Case):
    text = provider.request_text(case.params).encode(case.codec)

    judged = provider.verified(public_key("app"), text, signature=case.sign, sign_type=case.sign_type)

    assert judged == case.valid


@pytest.mark.parametrize(
    "case", [case for case in good(REQUESTS, sign_type="RSA2") if case.codec == "UTF-8"], ids=by_id
)
def test_the_gateway_signs_a_request_as_openssl_does(case: Case):
    assert gateway.sign(gateway.request_text(case.params), private_key("app")) == case.sign


@pytest.mark.parametrize("case", NOTIFIES, ids=by_id)
def test_both_build_the_same_string_of_a_notify(case: Case):
    pairs = parse_qsl(case.body, keep_blank_values=True, encoding=case.codec)

    assert provider.notify_text(dict(pairs)) == case.canonical
    assert gateway.notify_text(pairs) == case.canonical


@pytest.mark.parametrize("case", NOTIFIES, ids=by_id)
def test_the_gateway_judges_a_notify(case: Case):
    receiver = Receiver()

    accepted = receiver.receive(case.body.encode("ascii"))

    assert accepted == (case.valid and case.sign_type == "RSA2")  # our gateway demands RSA2
    assert [text for text, _ in receiver.verified] in ([], [case.canonical_bytes])


@pytest.mark.parametrize("case", good(NOTIFIES), ids=by_id)
def test_the_provider_signs_a_notify_as_openssl_does(case: Case):
    fields = dict(parse_qsl(case.body, keep_blank_values=True, encoding=case.codec))

    text = provider.notify_text(fields).encode(case.codec)

    assert provider.sign(private_key("platform"), text, case.sign_type) == case.sign


@pytest.mark.parametrize("case", ANSWERS, ids=by_id)
def test_the_gateway_cuts_out_and_judges_an_answer(case: Case):
    key = case.data["method"].replace(".", "_") + "_response"

    envelope = gateway.open_envelope(case.body, key)

    assert envelope.raw == case.canonical
    assert envelope.sign == case.sign
    assert gateway_accepts(case.canonical_bytes, case.sign) == (case.valid and case.sign_type == "RSA2")


@pytest.mark.parametrize("case", good(ANSWERS), ids=by_id)
def test_the_provider_signs_an_answer_as_openssl_does(case: Case):
    assert provider.sign(private_key("platform"), case.canonical_bytes, case.sign_type) == case.sign


def test_every_misreading_that_we_know_is_among_the_cases():
    reasons = {case.reason for case in (*REQUESTS, *NOTIFIES, *ANSWERS) if not case.valid}

    assert reasons >= {
        "sign-type-kept", "sign-type-dropped", "empties-kept", "empties-dropped", "tampered", "other-key",
        "decoded-twice", "wrong-order", "wrong-hash", "plus-for-space", "re-serialised", "unknown-dropped",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["request_sign", "notify_sign", "sync_answer", "cert_sn", "aes"])
def test_every_case_tells_its_source_and_why_it_fails(name: str):
    held = cases(f"alipay/{name}")

    assert len({case.id for case in held}) == len(held) > 0
    assert all(case.source for case in held)
    assert all(bool(case.reason) != case.valid for case in held)


def test_a_certificates_serial():
    (case,) = cases("alipay/cert_sn")

    assert int(case.data["serial_hex"], 16) == int(case.data["serial_decimal"])
    text = case.data["issuer"] + case.data["serial_decimal"]
    assert hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() == case.data["sn"]


def test_encrypted_content():
    (case,) = cases("alipay/aes")
    cipher = Cipher(AES(base64.b64decode(case.data["key"])), CBC(bytes(16))).decryptor()
    padding = PKCS7(128).unpadder()

    padded = cipher.update(base64.b64decode(case.data["encrypted"])) + cipher.finalize()

    assert (padding.update(padded) + padding.finalize()).decode() == case.data["text"]


@pytest.mark.skipif(not all(map(shutil.which, ("openssl", "iconv", "bash"))), reason="needs openssl, iconv and bash")
def test_generate_makes_the_same_files_again(tmp_path: Path):
    subprocess.run([VECTORS / "generate.sh", tmp_path], check=True, timeout=60)

    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made == {name: (VECTORS / "alipay" / name).read_bytes() for name in made}
    assert len(made) == 7
