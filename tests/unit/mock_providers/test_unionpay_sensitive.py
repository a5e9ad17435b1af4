"""
Card numbers and customer data, plain and sealed, under RSA and SM2; the cards of the vendor's test platform.
"""

from base64 import b64encode

import gmalg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from tests.unit.mock_providers.unionpay_desk import CARD, SM2_POINT, Desk

pytestmark = pytest.mark.asyncio

RIGHT = {
    "phoneNo": "13552535506",
    "certifTp": "01",
    "certifId": "341126197709218366",
    "customerNm": "互联网",
    "smsCode": "123456",
    "cvn2": "123",
    "expired": "2311",
}
SEALED = ("phoneNo", "cvn2", "expired")


def seal(desk: Desk, data: bytes) -> tuple[str, str]:
    """
    As a client does it with the certificate in its folder: the text, and encryptCertId.
    """
    mark = "sm2_" if desk.method == "21" else ""
    certificate = x509.load_pem_x509_certificate(desk.merchant.file(f"acp_test_{mark}enc.cer").encode())
    if mark:
        content = certificate.tbs_certificate_bytes
        point = content[content.index(SM2_POINT) + len(SM2_POINT) :][:65]
        raw = gmalg.SM2(pk=point).encrypt(data)
    else:
        key = certificate.public_key()
        assert isinstance(key, RSAPublicKey)
        raw = key.encrypt(data, PKCS1v15())
    return b64encode(raw).decode(), str(certificate.serial_number)


def info(claimed: dict[str, str]) -> str:
    inner = "&".join(f"{name}={value}" for name, value in claimed.items())
    return b64encode(f"{{{inner}}}".encode()).decode()


def sealed_info(desk: Desk, claimed: dict[str, str], *, pin: str = "") -> dict[str, str]:
    inner = "&".join(f"{name}={claimed[name]}" for name in SEALED if name in claimed)
    text, number = seal(desk, inner.encode())
    rest = {name: value for name, value in claimed.items() if name not in SEALED} | {"encryptedInfo": text}
    if pin:
        rest["pin"] = seal(desk, pin_block(pin, CARD))[0]
    return {"customerInfo": info(rest), "encryptCertId": number}


def pin_block(pin: str, card: str) -> bytes:
    """
    ISO 9564-1, format 0.
    """
    plain = bytes.fromhex(f"0{len(pin)}{pin}".ljust(16, "f"))
    mask = bytes.fromhex("0000" + card[-13:-1])
    return bytes(one ^ other for one, other in zip(plain, mask, strict=True))


@pytest.mark.parametrize("method", ["01", "21"])
async def test_a_sealed_card_number_is_opened(unionpay, method):
    unionpay.method = method
    text, number = seal(unionpay, CARD.encode())
    assert unionpay.consume(accNo=text, encryptCertId=number)["respCode"] == "00"
    assert unionpay.query()["accNo"] == "6221********0000"


@pytest.mark.parametrize("method", ["01", "21"])
async def test_sealed_customer_data_and_a_pin_are_opened(unionpay, method):
    unionpay.method = method
    assert unionpay.consume(**sealed_info(unionpay, RIGHT, pin="123456"))["respCode"] == "00"
    assert unionpay.consume(order="order002", **sealed_info(unionpay, RIGHT, pin="123457"))["respCode"] == "65"
    assert unionpay.consume(order="order003", **sealed_info(unionpay, {**RIGHT, "cvn2": "124"}))["respCode"] == "65"


@pytest.mark.parametrize(("name", "value", "code"), [
    ("phoneNo", "13552535507", "66"),
    ("certifId", "341126197709218367", "66"),
    ("customerNm", "全渠道", "66"),
    ("cvn2", "999", "65"),
    ("expired", "2312", "65"),
    ("smsCode", "000000", "71"),
    ("smsCode", "111111", "00"),
])  # fmt: skip
async def test_the_issuer_says_what_is_wrong_with_a_test_card(unionpay, name, value, code):
    assert unionpay.consume(customerInfo=info({**RIGHT, name: value}))["respCode"] == code
    assert unionpay.query()["origRespCode"] == code


@pytest.mark.parametrize("change", [
    {"accNo": "4111"},
    {"accNo": "!!"},
    {"customerInfo": "!!"},
    {"customerInfo": b64encode(b"no braces").decode()},
    {"customerInfo": info({"encryptedInfo": "AAAA"})},
    {"customerInfo": info({"pin": "AAAA"})},
])  # fmt: skip
async def test_what_cannot_be_opened_is_a_wrong_message(unionpay, change):
    assert unionpay.consume(**change)["respCode"] == "10"
    assert unionpay.query()["respCode"] == "34"


async def test_what_was_sealed_for_somebody_else_is_a_wrong_message(unionpay):
    text, _ = seal(unionpay, CARD.encode())
    assert unionpay.consume(accNo=text, encryptCertId="68759622183")["respCode"] == "10"


@pytest.mark.parametrize(("change", "code"), [
    ({}, "00"),
    ({"customerInfo": info({"phoneNo": "13552535506"})}, "00"),
    ({"customerInfo": info({"phoneNo": "13552535507"})}, "66"),
    ({"accNo": "4111111111111111"}, "61"),
    ({"accNo": None}, "13"),
    ({"accNo": "x"}, "10"),
])  # fmt: skip
async def test_an_sms_code_is_sent_where_card_and_telephone_fit(unionpay, change, code):
    fields = {**unionpay.back_fields("77", "smscode1"), "bizType": "000301", "accNo": CARD, **change}
    assert unionpay.ask("back", fields)["respCode"] == code
    assert unionpay.consume()["respCode"] == "00"


@pytest.mark.parametrize("method", ["01", "11", "21"])
async def test_the_encryption_certificate_can_be_fetched(unionpay, method):
    unionpay.method = method
    answer = unionpay.back("95", "update01", certType="01")
    mark = "sm2_" if method == "21" else ""
    assert answer["encryptPubKeyCert"] == unionpay.merchant.file(f"acp_test_{mark}enc.cer").replace("\n", "\r\n")
    assert answer["certType"] == "01"
    assert unionpay.back("95", "update02", certType="02")["respCode"] == "00"
    assert unionpay.back("95", "update03", certType="03")["respCode"] == "10"
    assert unionpay.back("95", "update04")["respCode"] == "13"
