"""
Certificate mode and encrypted content: serials as the SDKs count them, the envelope, what is refused, and renewal.
"""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from mock_providers.alipay.certificates import certificate_sn, read_certificates, root_sn, serial_of
from mock_providers.alipay.content import Undecipherable, decrypted, encrypted, looks_encrypted
from tests.unit.mock_providers.alipay_desk import Desk, post

pytestmark = pytest.mark.asyncio

VECTORS = Path(__file__).parents[2] / "vectors" / "alipay"
QUERY = "alipay.trade.query"
KEY = "alipay_trade_query_response"


def cases(name: str) -> list[dict[str, Any]]:
    return list(json.loads((VECTORS / name).read_text())["cases"])


def facts(desk: Desk) -> Mapping[str, str]:
    return dict(json.loads((desk.merchant.directory / "credentials.json").read_text())["alipay"])


def serials(desk: Desk) -> dict[str, str]:
    return {name: facts(desk)[name] for name in ("app_cert_sn", "alipay_root_cert_sn")}


def certificates(desk: Desk, name: str) -> list[x509.Certificate]:
    return read_certificates((desk.merchant.directory / "alipay" / name).read_bytes())


def answered(desk: Desk, method: str = QUERY, business: Any = None, **changes: str | None) -> bytes:
    call = desk.read(post(desk.merchant.signed(method, business or {"out_trade_no": "o1"}, **changes)))
    return call.perform().body


@pytest.mark.parametrize("case", cases("cert_sn.json"), ids=lambda case: case["id"])
async def test_a_serial_is_the_known_answer(case):
    assert serial_of(case["issuer"], int(case["serial_hex"], 16)) == case["sn"]


async def test_the_folders_serials_are_those_of_its_certificates(desk):
    assert certificate_sn(certificates(desk, "appCertPublicKey.crt")[0]) == facts(desk)["app_cert_sn"]
    assert certificate_sn(certificates(desk, "alipayCertPublicKey_RSA2.crt")[0]) == facts(desk)["alipay_cert_sn"]
    assert root_sn(certificates(desk, "alipayRootCert.crt")) == facts(desk)["alipay_root_cert_sn"]


async def test_the_root_file_has_a_curve_to_skip_and_blank_lines_between_its_blocks(desk):
    roots = certificates(desk, "alipayRootCert.crt")
    assert len(roots) == 3
    assert len(facts(desk)["alipay_root_cert_sn"].split("_")) == 2
    text = (desk.merchant.directory / "alipay" / "alipayRootCert.crt").read_text()
    assert len([block for block in text.split("\n\n") if block.startswith("-----BEGIN")]) == 3
    for certificate in roots + certificates(desk, "appCertPublicKey.crt"):
        assert [one.rfc4514_attribute_name for one in certificate.issuer] == ["C", "O", "OU", "CN"]


async def test_certificates_are_issued_by_the_root_for_the_folders_keys(desk):
    root = certificates(desk, "alipayRootCert.crt")[0]
    for name, key in (
        ("appCertPublicKey.crt", "app_public_key"),
        ("alipayCertPublicKey_RSA2.crt", "alipay_public_key"),
    ):
        (certificate,) = certificates(desk, name)
        certificate.verify_directly_issued_by(root)
        public = certificate.public_key()
        assert isinstance(public, RSAPublicKey)
        pem = (desk.merchant.directory / "alipay" / f"{key}.pem").read_bytes()
        assert load_pem_public_key(pem) == public


async def test_an_answer_in_certificate_mode_names_its_certificate_and_signs_the_object_alone(desk):
    body = answered(desk, **serials(desk))
    named = b',"alipay_cert_sn":"%b","sign":"' % facts(desk)["alipay_cert_sn"].encode()
    inner, _, tail = body.removeprefix(b'{"%b":' % KEY.encode()).partition(named)
    assert list(json.loads(body)) == [KEY, "alipay_cert_sn", "sign"]
    desk.merchant.verify(inner, tail.removesuffix(b'"}').decode())


@pytest.mark.parametrize(
    ("change", "sub_code"),
    [
        ({"app_cert_sn": "0" * 32}, "isv.app-cert-not-exist"),
        ({"app_cert_sn": None}, "isv.missing-app-cert-sn"),
        ({"alipay_root_cert_sn": None}, "isv.missing-alipay-root-cert-sn"),
        ({"alipay_root_cert_sn": "0" * 32}, "isv.invalid-alipay-root-cert-sn"),
    ],
)
async def test_each_wrong_serial_has_its_code_and_comes_before_the_signature(desk, change, sub_code):
    params = desk.merchant.signed(QUERY, {"out_trade_no": "o1"}, **{**serials(desk), **change}) | {"sign": "AAAA"}
    assert json.loads(desk.read(post(params)).perform().body)[KEY]["sub_code"] == sub_code


async def test_certificate_mode_can_be_demanded(credentials_dir):
    desk = Desk(credentials_dir, certificate_only=True)
    assert json.loads(answered(desk))[KEY]["sub_code"] == "isv.missing-app-cert-sn"
    assert json.loads(answered(desk, **serials(desk)))[KEY]["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    await desk.schedule.stop()


async def test_after_renewal_another_certificate_signs_and_can_be_fetched(credentials_dir):
    desk = Desk(credentials_dir, certificate_rotates_after_s=60)
    before = json.loads(answered(desk, **serials(desk)))["alipay_cert_sn"]
    await desk.schedule.advance(60)
    body = answered(desk, **serials(desk))
    after = json.loads(body)["alipay_cert_sn"]
    assert (before, before == after) == (facts(desk)["alipay_cert_sn"], False)
    fetched = desk.call("alipay.open.app.alipaycert.download", {"alipay_cert_sn": after})["alipay_cert_content"]
    key = x509.load_pem_x509_certificate(base64.b64decode(fetched)).public_key()
    inner = body.removeprefix(b'{"%b":' % KEY.encode()).partition(b',"alipay_cert_sn"')[0]
    signature = base64.b64decode(json.loads(body)["sign"])
    assert isinstance(key, RSAPublicKey)
    key.verify(signature, inner, PKCS1v15(), SHA256())
    with pytest.raises(InvalidSignature):
        desk.merchant.verify(inner, json.loads(body)["sign"])
    assert desk.query()["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    await desk.schedule.stop()


@pytest.mark.parametrize("case", cases("aes.json"), ids=lambda case: case["id"])
async def test_content_encrypts_and_decrypts_to_the_known_answer(case):
    key = base64.b64decode(case["key"])
    assert encrypted(case["text"].encode(), key=key) == case["encrypted"]
    assert decrypted(case["encrypted"], key=key).decode() == case["text"]


@pytest.mark.parametrize("text", ["", "no base64", "AAAA", "hM7TQ18QF5bhZ+Favk3byQ=="])
async def test_what_is_no_ciphertext_of_ours_is_undecipherable(text):
    with pytest.raises(Undecipherable):
        decrypted(text, key=b"0123456789abcdef")


def aes_key(desk: Desk) -> bytes:
    return base64.b64decode((desk.merchant.directory / "alipay" / "aes_key").read_text())


async def test_encrypted_content_is_answered_encrypted_and_signed_with_its_quotes(desk):
    business = {"out_trade_no": "o1", "total_amount": "1.23", "subject": "打赏"}
    cipher = encrypted(json.dumps(business).encode(), key=aes_key(desk))
    body = answered(desk, "alipay.trade.precreate", cipher, encrypt_type="AES")
    key = "alipay_trade_precreate_response"
    inner, _, tail = body.removeprefix(b'{"%b":' % key.encode()).partition(b',"sign":"')
    desk.merchant.verify(inner, tail.removesuffix(b'"}').decode())
    told = json.loads(decrypted(json.loads(inner), key=aes_key(desk)))
    assert (told["code"], told["out_trade_no"]) == ("10000", "o1")
    assert desk.trade().opening.subject == "打赏"


async def test_what_the_method_refuses_is_ciphertext_too(desk):
    cipher = encrypted(b'{"out_trade_no":"o9"}', key=aes_key(desk))
    body = answered(desk, QUERY, cipher, encrypt_type="AES")
    told = json.loads(decrypted(json.loads(body)[KEY], key=aes_key(desk)))
    assert (told["code"], told["sub_code"]) == ("40004", "ACQ.TRADE_NOT_EXIST")


@pytest.mark.parametrize(
    ("content", "encrypt_type", "sub_code"),
    [
        ("AAAA", "AES", "isv.decryption-error-unknown"),
        ("{}", "AES", "isv.decryption-error-unknown"),
        ("{}", "DES", "isv.invalid-encrypt-type"),
        ("hM7TQ18QF5bhZ+Favk3byWKgW/AzrcUOFrOu1/7m9fg=", None, "isv.decryption-error-missing-encrypt-type"),
        ("hM7T", None, "isv.illegal-json"),
    ],
)
async def test_content_that_cannot_be_opened_has_its_code_in_clear(desk, content, encrypt_type, sub_code):
    body = answered(desk, QUERY, content, encrypt_type=encrypt_type)
    assert desk.merchant.opened(body, KEY)["sub_code"] == sub_code


async def test_only_base64_of_whole_blocks_looks_encrypted():
    assert looks_encrypted("hM7TQ18QF5bhZ+Favk3byWKgW/AzrcUOFrOu1/7m9fg=")
    assert not any(map(looks_encrypted, ("", "AAAA", "{}", "?")))
