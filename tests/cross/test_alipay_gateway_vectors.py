"""
The gateway's side of OpenAPI v3, of encrypted content and of certificate serials, against answers it did not make.
"""

import json
import os

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from mock_providers.alipay import certificates as provider
from mock_providers.alipay.content import decrypted, encrypted
from mock_providers.registry import make_credentials
from reference_gateway.channels.alipay.certificates import hashed_serial, root_serial, serial_of
from reference_gateway.channels.alipay.content import ContentCipher, content_key
from reference_gateway.channels.alipay.openapi import answer_text, authorization_text
from reference_gateway.channels.alipay.signing import PlatformKeys, decode_signature, sign
from reference_gateway.errors import SignatureRejected
from tests.cross.known_answers import VECTORS, Case, cases, private_key, public_key

REQUESTS = cases("alipay/v3_request")
ANSWERS = cases("alipay/v3_answer")
AES = json.loads((VECTORS / "alipay/aes.json").read_text())["cases"]
SERIALS = json.loads((VECTORS / "alipay/cert_sn.json").read_text())["cases"]


@pytest.mark.parametrize("case", REQUESTS, ids=lambda case: case.id)
def test_the_gateway_signs_a_request_as_openssl_does(case: Case):
    auth = case.data["authorization"].partition(" ")[2].partition(",sign=")[0]
    text = authorization_text(
        auth,
        http_method=case.data["method"],
        target=case.data["target"],
        body=case.body,
        app_auth_token=case.data["app_auth_token"],
    )

    assert text == case.canonical
    assert (sign(text, private_key("app")) == case.sign) == case.valid


@pytest.mark.parametrize("case", ANSWERS, ids=lambda case: case.id)
def test_the_gateway_judges_an_answer(case: Case):
    text = answer_text(case.data["timestamp"], case.data["nonce"], case.body.encode())
    keys = PlatformKeys(public_key("platform"), {})

    assert text.decode() == case.canonical
    if case.valid:
        keys.verify(text, decode_signature(case.sign), "")
    else:
        with pytest.raises(SignatureRejected):
            keys.verify(text, decode_signature(case.sign), "")


@pytest.mark.parametrize("case", AES, ids=lambda case: case["id"])
def test_content_is_encrypted_as_openssl_does(case):
    cipher = ContentCipher(content_key(case["key"]))

    assert cipher.encrypt(case["text"]) == case["encrypted"]
    assert cipher.decrypt(case["encrypted"]) == case["text"]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_what_one_room_encrypts_the_other_reads(text: str):
    key = os.urandom(16)
    cipher = ContentCipher(key)

    assert decrypted(cipher.encrypt(text), key=key).decode() == text
    assert cipher.decrypt(encrypted(text.encode(), key=key)) == text


@pytest.mark.parametrize("case", SERIALS, ids=lambda case: case["id"])
def test_a_serial_is_what_two_sdks_made_of_it(case):
    assert hashed_serial(case["issuer"], int(case["serial_decimal"])) == case["sn"]
    assert hashed_serial(case["issuer"], int(case["serial_hex"], 16)) == case["sn"]


def test_both_rooms_call_the_certificates_of_a_folder_by_the_same_serials(tmp_path):
    make_credentials(tmp_path)
    folder = tmp_path / "alipay"
    root = (folder / "alipayRootCert.crt").read_bytes()

    for name in ("appCertPublicKey.crt", "alipayCertPublicKey_RSA2.crt"):
        certificate = x509.load_pem_x509_certificate((folder / name).read_bytes())
        assert serial_of(certificate) == provider.certificate_sn(certificate)
    assert root_serial(root) == provider.root_sn(provider.read_certificates(root))
