"""Alipay's requests, signed beforehand: written for the bench from the facts, with no line of the simulator."""

import base64
import json
from pathlib import Path
from urllib.parse import quote_plus

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key


class Requests:
    """Signs for one application."""

    def __init__(self, credentials: Path, *, notify_url: str = "http://127.0.0.1:9/notify") -> None:
        self._notify_url = notify_url
        folder = credentials / "alipay"
        key = load_pem_private_key((folder / "app_private_key.pkcs8.pem").read_bytes(), password=None)
        assert isinstance(key, RSAPrivateKey)
        self._key = key
        self._app_id = (folder / "app_id").read_text().strip()

    def precreate(self, number: int) -> bytes:
        """A distinct order, as the official Python SDK would write it."""
        content = {"out_trade_no": f"bench{number:09d}", "subject": f"tip pp{number:06d}", "total_amount": "9.90"}
        return self._post("alipay.trade.precreate", content)

    def query(self, number: int) -> bytes:
        """How the order of that number stands."""
        return self._post("alipay.trade.query", {"out_trade_no": f"bench{number:09d}"})

    def _post(self, method: str, content: object) -> bytes:
        common = {
            "app_id": self._app_id,
            "charset": "utf-8",
            "format": "json",
            "method": method,
            "notify_url": self._notify_url,
            "sign_type": "RSA2",
            "timestamp": "2026-01-02 03:04:05",
            "version": "1.0",
        }
        content_text = json.dumps(content, separators=(",", ":"))
        text = "&".join(f"{name}={value}" for name, value in sorted({**common, "biz_content": content_text}.items()))
        sign = base64.b64encode(self._key.sign(text.encode(), PKCS1v15(), SHA256())).decode()
        query = "&".join(f"{name}={quote_plus(value)}" for name, value in {**common, "sign": sign}.items())
        body = f"biz_content={quote_plus(content_text)}".encode()
        head = (
            f"POST /gateway.do?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            "Content-Type: application/x-www-form-urlencoded;charset=utf-8\r\nUser-Agent: bench\r\n"
            f"Cache-Control: no-cache\r\nConnection: Keep-Alive\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode("ascii") + body


def judge(answer: bytes) -> str:
    """Whether an answer is a success: ok, or the code that it is not."""
    if b'"code":"10000"' in answer:
        return "ok"
    return answer.rpartition(b'"sub_code":"')[2].partition(b'"')[0].decode("latin-1") or "no answer of Alipay's"
