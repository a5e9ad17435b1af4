"""
WeChat Pay's XML API without sockets: a merchant that signs by itself, a provider over a fresh book, and its notices.

The merchant's half is written here from the facts and reads XML with the standard library's parser, so that the
simulator's reading and signing never verify their own mistakes.
"""

import hashlib
import hmac
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.padding import PKCS7

from mock_providers.core.books.book import Trade
from mock_providers.core.plans import PLAIN_SHAPE, AnswerShape
from mock_providers.core.provider import Call, Notice, OutgoingNotify
from mock_providers.core.wire.journal import RawRequest
from tests.unit.mock_providers.wechatpay_v3_desk import V3Desk

NOTIFY_URL = "http://127.0.0.1:9009/notify/wechatpay_v2"
OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
AUTH_CODE = "120061098828009406"
NONCE = "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"

Fields = dict[str, str]


def digest(fields: Mapping[str, str], key: str, *, sign_type: str = "MD5") -> str:
    """
    The documented recipe, written once more.
    """
    names = sorted(name for name in fields if fields[name] != "" and name != "sign")
    text = "&".join(f"{name}={fields[name]}" for name in names) + "&key=" + key
    if sign_type == "HMAC-SHA256":
        return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest().upper()
    return hashlib.md5(text.encode()).hexdigest().upper()  # noqa: S324


def xml_of(fields: Mapping[str, str], *, root: str = "xml") -> bytes:
    """
    Written by the standard library.
    """
    document = ET.Element(root)
    for name, value in fields.items():
        ET.SubElement(document, name).text = value
    return bytes(ET.tostring(document, encoding="utf-8"))


def fields_of(body: bytes, *, root: str = "xml") -> Fields:
    """
    Read by the standard library; elements with children are left out.
    """
    document = ET.fromstring(body)  # noqa: S314  our own simulator's
    assert document.tag == root, body
    return {one.tag: one.text or "" for one in document if not len(one)}


class Merchant:
    """Signs requests, and opens answers and notifies, with the files of the credentials folder only."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "wechatpay"

    def text(self, name: str) -> str:
        return (self.directory / name).read_text().strip()

    @property
    def mchid(self) -> str:
        return self.text("mchid")

    @property
    def app_id(self) -> str:
        return self.text("appid")

    @property
    def key(self) -> str:
        return self.text("apiv2_key")

    def fields(self, business: Mapping[str, str | None]) -> Fields:
        """
        With the common ones; None leaves one out.
        """
        said = {"appid": self.app_id, "mch_id": self.mchid, "nonce_str": NONCE, **business}
        return {name: value for name, value in said.items() if value is not None}

    def signed(self, fields: Mapping[str, str], *, key: str = "") -> Fields:
        sign_type = fields.get("sign_type", "MD5")
        return {**fields, "sign": digest(fields, key or self.key, sign_type=sign_type)}

    def verified(self, body: bytes, *, key: str = "") -> Fields:
        """
        The fields of an answer or a notify whose signature is good.
        """
        fields = fields_of(body)
        sign = fields["sign"]
        sign_type = "HMAC-SHA256" if len(sign) == 64 else "MD5"
        assert sign == digest(fields, key or self.key, sign_type=sign_type)
        return fields

    def opened(self, req_info: str) -> Fields:
        """
        The inside of a refund's notify.
        """
        key = hashlib.md5(self.key.encode()).hexdigest().encode()  # noqa: S324
        opener = Cipher(AES(key), ECB()).decryptor()  # noqa: S305
        padded = opener.update(b64decode(req_info, validate=True)) + opener.finalize()
        remover = PKCS7(128).unpadder()
        return fields_of(remover.update(padded) + remover.finalize(), root="root")


def post(path: str, body: bytes, **headers: str) -> RawRequest:
    return RawRequest("POST", path, tuple(headers.items()), body)


class V2Desk:
    """The XML side of one provider over one book."""

    def __init__(self, directory: Path, **switches: Any) -> None:
        self.v3 = V3Desk(directory, **switches)
        self.provider, self.book, self.schedule = self.v3.provider, self.v3.book, self.v3.schedule
        self.published = self.v3.published
        self.merchant = Merchant(directory)

    def read(self, path: str, business: Mapping[str, str | None], *, key: str = "", **headers: str) -> Call:
        fields = self.merchant.signed(self.merchant.fields(business), key=key)
        return self.v3.read(post(path, xml_of(fields), **headers))

    def raw(self, path: str, body: bytes, *, shape: AnswerShape = PLAIN_SHAPE) -> Fields:
        reply = self.provider.read(post(path, body)).perform(shape)
        assert reply.status == 200
        return fields_of(reply.body)

    def call(self, path: str, business: Mapping[str, str | None], *, key: str = "", **headers: str) -> Fields:
        """
        A signed call, answered and verified.
        """
        reply = self.read(path, business, key=key, **headers).perform()
        assert reply.status == 200
        assert dict(reply.headers) == {"Content-Type": "text/plain"}
        return self.merchant.verified(reply.body, key=key)

    def unsigned(self, path: str, business: Mapping[str, str | None], *, key: str = "", **headers: str) -> Fields:
        """
        A signed call whose answer is not.
        """
        reply = self.read(path, business, key=key, **headers).perform()
        fields = fields_of(reply.body)
        assert "sign" not in fields
        return fields

    def order(self, number: str = "order-1", **more: str | None) -> Fields:
        return self.call("/pay/unifiedorder", ORDER | {"out_trade_no": number, **more})

    def query(self, number: str = "order-1", **more: str | None) -> Fields:
        return self.call("/pay/orderquery", {"out_trade_no": number, **more})

    def micropay(self, number: str = "order-1", **more: str | None) -> Fields:
        return self.call("/pay/micropay", MICROPAY | {"out_trade_no": number, **more})

    def reverse(self, number: str = "order-1", **more: str | None) -> Fields:
        return self.call("/secapi/pay/reverse", {"out_trade_no": number, **more})

    def refund(
        self, amount: str, *, refund_no: str = "refund-1", number: str = "order-1", **more: str | None
    ) -> Fields:
        fields = {"out_trade_no": number, "out_refund_no": refund_no, "total_fee": "123", "refund_fee": amount}
        return self.call("/secapi/pay/refund", fields | {"notify_url": NOTIFY_URL, **more})

    def trade(self, number: str = "order-1") -> Trade:
        return self.v3.trade(number)

    def paid(self, number: str = "order-1", **more: str | None) -> Trade:
        self.order(number, **more)
        self.v3.buyer("pay", number)
        return self.trade(number)

    async def later(self, seconds: float) -> None:
        await self.schedule.advance(seconds)

    @property
    def notice(self) -> Notice:
        return self.published.notices[-1]

    def rendered(self, **planned: Any) -> OutgoingNotify:
        return self.v3.notify(**planned)


ORDER: dict[str, str | None] = {
    "body": "打赏 pp000001 <&>",
    "out_trade_no": "order-1",
    "total_fee": "123",
    "spbill_create_ip": "127.0.0.1",
    "notify_url": NOTIFY_URL,
    "trade_type": "NATIVE",
    "product_id": "1",
}
MICROPAY: dict[str, str | None] = {
    "body": "coffee pp000002",
    "total_fee": "123",
    "spbill_create_ip": "127.0.0.1",
    "auth_code": AUTH_CODE,
}
