"""WeChat Pay's requests, signed beforehand: written for the bench from the facts, with no line of the simulator."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

NOTIFY_URL = "http://127.0.0.1:9009/notify"


class Requests:
    """Signs for one merchant."""

    def __init__(self, credentials: Path, *, notify_url: str = NOTIFY_URL) -> None:
        self._notify_url = notify_url
        folder = credentials / "wechatpay"
        key = load_pem_private_key((folder / "apiclient_key.pem").read_bytes(), password=None)
        assert isinstance(key, RSAPrivateKey)
        self._key = key
        self._said = {
            name: (folder / name).read_text().strip() for name in ("mchid", "appid", "apiclient_serial_no", "apiv2_key")
        }

    def native(self, number: int) -> bytes:
        """A distinct order of API v3."""
        said = self._said
        body = json.dumps(
            {
                "appid": said["appid"],
                "mchid": said["mchid"],
                "description": f"tip pp{number:06d}",
                "out_trade_no": f"bench{number:09d}",
                "notify_url": self._notify_url,
                "amount": {"total": 990, "currency": "CNY"},
            },
            separators=(",", ":"),
        )
        path, nonce, stamp = "/v3/pay/transactions/native", f"{number:032d}", int(time.time())  # noqa: TID251  a client's own clock
        text = f"POST\n{path}\n{stamp}\n{nonce}\n{body}\n"
        signature = base64.b64encode(self._key.sign(text.encode(), PKCS1v15(), SHA256())).decode()
        authorization = (
            f'WECHATPAY2-SHA256-RSA2048 mchid="{said["mchid"]}",nonce_str="{nonce}",signature="{signature}",'
            f'timestamp="{stamp}",serial_no="{said["apiclient_serial_no"]}"'
        )
        more = f"Accept: application/json\r\nAuthorization: {authorization}\r\nContent-Type: application/json\r\n"
        return _post(path, body.encode(), more)

    def unified(self, number: int) -> bytes:
        """A distinct order of the XML API, by HMAC-SHA256."""
        fields = {
            "appid": self._said["appid"],
            "body": f"tip pp{number:06d}",
            "mch_id": self._said["mchid"],
            "nonce_str": f"{number:032d}",
            "notify_url": self._notify_url,
            "out_trade_no": f"bench{number:09d}",
            "product_id": "1",
            "sign_type": "HMAC-SHA256",
            "spbill_create_ip": "127.0.0.1",
            "total_fee": "990",
            "trade_type": "NATIVE",
        }
        return self._xml("/pay/unifiedorder", fields)

    def asked(self, number: int) -> bytes:
        """A question of the XML API about that order."""
        fields = {
            "appid": self._said["appid"],
            "mch_id": self._said["mchid"],
            "nonce_str": f"{number:032d}",
            "out_trade_no": f"bench{number:09d}",
            "sign_type": "HMAC-SHA256",
        }
        return self._xml("/pay/orderquery", fields)

    def _xml(self, path: str, fields: Mapping[str, str]) -> bytes:
        key = self._said["apiv2_key"]
        text = "&".join(f"{name}={fields[name]}" for name in sorted(fields)) + f"&key={key}"
        sign = hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest().upper()
        inner = "".join(f"<{name}>{value}</{name}>" for name, value in {**fields, "sign": sign}.items())
        return _post(path, f"<xml>{inner}</xml>".encode(), "Content-Type: text/xml\r\n")


def _post(path: str, body: bytes, more: str) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\n{more}Connection: keep-alive\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("ascii") + body


def judge_native(answer: bytes) -> str:
    """Whether an answer brings a code to scan: ok, or how it begins."""
    return "ok" if answer.startswith(b"HTTP/1.1 200") and b'"code_url"' in answer else answer[-300:].decode("latin-1")


def judge_xml(answer: bytes) -> str:
    """Whether any call of the XML API was a success."""
    good = b"<result_code><![CDATA[SUCCESS]]></result_code>" in answer
    return "ok" if good else answer[-300:].decode("latin-1")


def judge_unified(answer: bytes) -> str:
    """The same of XML."""
    good = b"<result_code><![CDATA[SUCCESS]]></result_code>" in answer and b"code_url" in answer
    return "ok" if good else answer[-300:].decode("latin-1")
