"""
Alipay without sockets: a merchant that signs by itself, a provider over a fresh book, and the notices it publishes.

The merchant's half is written here from the facts, so that the simulator's signing never verifies its own mistakes.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from mock_providers.alipay import PROVIDER
from mock_providers.core.books.book import Trade
from mock_providers.core.plans import ReplyPlan
from mock_providers.core.provider import Call
from mock_providers.core.wire.journal import RawRequest
from mock_providers.settings import ProvidersSettings, switches_of
from tests.unit.mock_providers.desks import ProviderDesk

HASHES = {"RSA2": hashes.SHA256(), "RSA": hashes.SHA1()}  # noqa: S303
NOTIFY_URL = "http://127.0.0.1:9/notify/alipay"


@cache
def _private(path: Path) -> RSAPrivateKey:
    key = load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, RSAPrivateKey)
    return key


@cache
def _public(path: Path) -> RSAPublicKey:
    key = load_pem_public_key(path.read_bytes())
    assert isinstance(key, RSAPublicKey)
    return key


@dataclass(frozen=True)
class Merchant:
    """Signs requests and opens answers with the files of the credentials folder only."""

    directory: Path

    @property
    def app_id(self) -> str:
        return (self.directory / "alipay" / "app_id").read_text()

    def signed(self, method: str, business: Any, /, **changes: str | None) -> dict[str, str]:
        """
        A signed set of parameters; a change to None leaves one out before signing.
        """
        params: dict[str, str | None] = {
            "app_id": self.app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": "2026-01-02 11:04:05",
            "version": "1.0",
            "biz_content": business if isinstance(business, str) else json.dumps(business, ensure_ascii=False),
            **changes,
        }
        kept = {name: value for name, value in params.items() if value is not None}
        text = "&".join(f"{name}={kept[name]}" for name in sorted(kept) if kept[name].strip())
        key = _private(self.directory / "alipay" / "app_private_key.pkcs1.pem")
        algorithm = HASHES.get(kept.get("sign_type", ""), HASHES["RSA2"])
        codec = "gbk" if kept.get("charset", "").lower() == "gbk" else "utf-8"
        kept["sign"] = base64.b64encode(key.sign(text.encode(codec), PKCS1v15(), algorithm)).decode()
        return kept

    def verify(self, text: bytes, signature: str, *, sign_type: str = "RSA2") -> None:
        """
        Raises InvalidSignature when the platform did not sign *text*.
        """
        key = _public(self.directory / "alipay" / "alipay_public_key.pem")
        key.verify(base64.b64decode(signature, validate=True), text, PKCS1v15(), HASHES[sign_type])

    def opened(self, body: bytes, key: str, *, codec: str = "utf-8", sign_type: str = "RSA2") -> dict[str, Any]:
        """
        Cut the object out of an answer, verify it as the bytes that came, and return it.
        """
        head, middle = b'{"%b":' % key.encode(), b',"sign":"'
        assert body.startswith(head), body
        inner, _, tail = body.removeprefix(head).rpartition(middle)
        self.verify(inner, tail.removesuffix(b'"}').decode(), sign_type=sign_type)
        return dict(json.loads(inner.decode(codec)))


def post(params: Mapping[str, str], *, codec: str = "utf-8", target: str = "/gateway.do") -> RawRequest:
    body = urlencode(params, encoding=codec).encode()
    charset = params.get("charset", "utf-8")
    return RawRequest(
        "POST", f"{target}?charset={charset}", (("Content-Type", "application/x-www-form-urlencoded"),), body
    )


def _usual(directory: Path) -> Mapping[str, Any]:
    return switches_of(ProvidersSettings(credentials_dir=directory), "alipay")


class Desk(ProviderDesk):
    """Alipay, and a merchant of its."""

    def __init__(self, directory: Path, **switches: Any) -> None:
        self.merchant = Merchant(directory)
        super().__init__(PROVIDER, directory, {**_usual(directory), **switches})

    def demand(self, what: tuple[str, str] | None, *, work: bool) -> None:
        """
        Let one rule stand that refuses (method, code), or none; *work* is done all the same.
        """
        rules: list[dict[str, Any]] = []
        if what is not None:
            rules = [
                {
                    "id": "demanded",
                    "fault": "refuse",
                    "where": {"api": what[0]},
                    "with": {"code": what[1], "work": work},
                }
            ]
        self.faults.replace({"rules": rules})

    def planned(self, call: Call) -> ReplyPlan:
        """
        What the rules make of a call, asked as the server asks.
        """
        return self.faults.plan_reply(
            provider="alipay", label=call.label, order=call.order, api=call.api, merchant=call.merchant
        )

    def call(self, method: str, business: Any, **changes: str | None) -> dict[str, Any]:
        """
        A signed call, answered and verified.
        """
        reply = self.read(post(self.merchant.signed(method, business, **changes))).perform()
        assert reply.status == 200
        return self.merchant.opened(reply.body, method.replace(".", "_") + "_response")

    def precreate(self, order: str = "o1", *, total: Any = "1.23", **more: Any) -> dict[str, Any]:
        business = {"out_trade_no": order, "total_amount": total, "subject": "tip pp000001", **more}
        return self.call("alipay.trade.precreate", business, notify_url=NOTIFY_URL)

    def query(self, order: str = "o1") -> dict[str, Any]:
        return self.call("alipay.trade.query", {"out_trade_no": order})

    def refund(self, amount: Any, *, request_no: str | None = None, order: str = "o1") -> dict[str, Any]:
        business = {"out_trade_no": order, "refund_amount": amount}
        return self.call("alipay.trade.refund", business | ({"out_request_no": request_no} if request_no else {}))

    def paid(self, order: str = "o1", *, total: str = "1.23") -> Trade:
        self.precreate(order, total=total)
        self.buyer("pay", order)
        return self.trade(order)
