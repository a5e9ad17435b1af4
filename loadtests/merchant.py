"""
A live platform's side of a tip: the order, the body and the signature, from the merchant API's description alone.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass

from loadtests.settings import LoadSettings

PATH = "/api/v1/payments"


@dataclass(frozen=True, slots=True)
class Tip:
    """One signed request, ready to be sent."""

    order_no: str
    body: bytes
    headers: dict[str, str]


def tip(settings: LoadSettings, number: int, *, timestamp: int) -> Tip:
    """
    Tip *number* of the run; its amount hangs on the seed and its number alone.
    """
    label = f"pp{number:06d}"
    order_no = f"{label}-{settings.run_nonce}"
    drawn = hashlib.blake2b(f"{settings.seed}/{label}".encode(), digest_size=4).digest()
    body = json.dumps(
        {
            "merchant_order_no": order_no,
            "amount_fen": 1 + int.from_bytes(drawn) % 5000,
            "currency": "CNY",
            "subject": f"tip {label}",
            "channel": settings.channel,
            "product": settings.product,
        }
    ).encode()
    nonce = f"{settings.run_nonce}-load-{number:07d}"
    return Tip(order_no, body, _headers(settings, timestamp=str(timestamp), nonce=nonce, body=body))


def _headers(settings: LoadSettings, *, timestamp: str, nonce: str, body: bytes) -> dict[str, str]:
    text = "\n".join(("POST", PATH, timestamp, nonce, hashlib.sha256(body).hexdigest()))
    return {
        "Content-Type": "application/json",
        "X-App-Id": settings.app_id,
        "X-Timestamp": timestamp,
        "X-Nonce": nonce,
        "X-Signature": hmac.new(settings.secret.encode(), text.encode(), hashlib.sha256).hexdigest(),
    }
