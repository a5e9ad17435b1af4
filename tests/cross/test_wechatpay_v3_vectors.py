"""
The simulator's half of API v3 against known answers that neither room made.
"""

import base64
import shutil
import subprocess

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mock_providers.wechatpay.v3 import signing
from tests.cross.known_answers import VECTORS, Case, cases, private_key, public_key

REQUESTS = cases("wechatpay/v3_request_sign")
ANSWERS = cases("wechatpay/v3_answer_sign")
ENCRYPTED = cases("wechatpay/v3_encryption")


def by_id(case: Case) -> str:
    return case.id


def request_of(case: Case) -> bytes:
    data = case.data
    return signing.request_message(data["method"], data["target"], data["timestamp"], data["nonce"], case.body.encode())


def answer_of(case: Case) -> bytes:
    return signing.answer_message(case.data["timestamp"], case.data["nonce"], case.body.encode())


@pytest.mark.parametrize("case", REQUESTS, ids=by_id)
def test_a_request_is_judged(case: Case):
    assert signing.verified(public_key("app"), request_of(case), case.sign) is case.valid


@pytest.mark.parametrize("case", ANSWERS, ids=by_id)
def test_an_answer_is_judged(case: Case):
    assert signing.verified(public_key("platform"), answer_of(case), case.sign) is case.valid


@pytest.mark.parametrize("case", [one for one in REQUESTS if one.valid], ids=by_id)
def test_the_same_request_gets_the_same_signature(case: Case):
    assert signing.sign(private_key("app"), request_of(case)) == case.sign


@pytest.mark.parametrize("case", [one for one in ANSWERS if one.valid], ids=by_id)
def test_the_same_answer_gets_the_same_signature(case: Case):
    assert signing.sign(private_key("platform"), answer_of(case)) == case.sign


@pytest.mark.parametrize("case", [one for one in ENCRYPTED if one.data["kind"] == "gcm"], ids=by_id)
def test_a_resource_is_encrypted_as_elsewhere(case: Case):
    data = case.data
    key, nonce, associated = data["key"].encode(), data["nonce"], data["associated_data"]

    made = signing.encrypt_resource(key, data["plain"].encode(), nonce=nonce, associated_data=associated)

    assert (made == data["ciphertext"]) is case.valid
    assert AESGCM(key).decrypt(nonce.encode(), base64.b64decode(made), associated.encode()).decode() == data["plain"]
    if not case.valid:
        with pytest.raises(InvalidTag):
            AESGCM(key).decrypt(nonce.encode(), base64.b64decode(data["ciphertext"]), associated.encode())


@pytest.mark.parametrize("case", [one for one in ENCRYPTED if one.data["kind"] == "oaep"], ids=by_id)
def test_a_sensitive_field_is_opened(case: Case):
    opened = signing.decrypt_field(private_key("platform"), case.data["ciphertext"])

    assert opened == (case.data["plain"] if case.valid else None)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")
def test_openssl_writes_the_same_files_again(tmp_path):
    script = VECTORS / "wechatpay" / "generate_v3.sh"
    subprocess.run([str(script), str(tmp_path)], check=True, timeout=60)

    for made in sorted(tmp_path.iterdir()):
        assert made.read_text(encoding="utf-8") == (script.parent / made.name).read_text(encoding="utf-8")
    assert len(list(tmp_path.iterdir())) == 2
