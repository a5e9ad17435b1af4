"""
A live platform's side of the merchant API: who orders what, and the signature, from that API's description alone.

What a visitor is (who, over which channel, for how much) hangs on the seed and its number, never on the order in which
things happen.
"""

import hashlib
import hmac
import itertools
import json
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loadtests.settings import LoadSettings, shares

PAYMENTS = "/api/v1/payments"
AMOUNT_MAX_FEN = 5000
WALLET = "wallet"


@dataclass(frozen=True, slots=True)
class Errand:
    """
    One arrival.

    Args:
        number: from 1, over all workers; the label hangs on it.
        lot: a number of its own, for whatever else is drawn.
        intended_s: when it was to begin, by the clock that only runs forwards.
    """

    number: int
    kind: str
    channel: str
    amount_fen: int
    lot: int
    order_no: str
    intended_s: float

    @property
    def label(self) -> str:
        return f"pp{self.number:06d}"


class Draw:
    """Who comes with which number."""

    def __init__(self, settings: LoadSettings) -> None:
        self._settings = settings
        self._kinds = _Shares(settings.visitors)
        self._channels = _Shares(shares(settings.mix))

    def errand(self, number: int, *, intended_s: float) -> Errand:
        key = f"{self._settings.seed}/pp{number:06d}"
        drawn = hashlib.blake2b(key.encode(), digest_size=16).digest()
        return Errand(
            number=number,
            kind=self._kinds.of(int.from_bytes(drawn[4:8])),
            channel=self._channels.of(int.from_bytes(drawn[8:12])),
            amount_fen=1 + int.from_bytes(drawn[:4]) % AMOUNT_MAX_FEN,
            lot=int.from_bytes(drawn[12:]),
            order_no=f"pp{number:06d}-{self._settings.run_nonce}",
            intended_s=intended_s,
        )


class _Shares:
    def __init__(self, shares_of: Mapping[str, int]) -> None:
        self._names = list(shares_of)
        self._edges = list(itertools.accumulate(shares_of.values()))

    def of(self, drawn: int) -> str:
        return self._names[bisect_right(self._edges, drawn % self._edges[-1])]


@dataclass(frozen=True, slots=True)
class Signed:
    """A request, ready to be sent."""

    body: bytes
    headers: dict[str, str]


class Merchant:
    """
    Signs for the platform.

    Args:
        worker: makes this generator's nonces its own.
    """

    def __init__(self, settings: LoadSettings, *, worker: int = 0) -> None:
        self._app_id = settings.app_id
        self._secret = hmac.new(settings.secret.encode(), digestmod=hashlib.sha256)
        self._prefix = f"{settings.run_nonce}-{worker}-load-"
        self._nonces = itertools.count(1)

    def signed(self, method: str, target: str, *, timestamp: int, body: Mapping[str, Any] | None = None) -> Signed:
        """
        One request; *target* is path and query as on the wire.
        """
        data = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
        nonce = f"{self._prefix}{next(self._nonces):08d}"
        text = f"{method}\n{target}\n{timestamp}\n{nonce}\n{hashlib.sha256(data).hexdigest()}"
        mac = self._secret.copy()
        mac.update(text.encode())
        headers = {
            "X-App-Id": self._app_id,
            "X-Timestamp": str(timestamp),
            "X-Nonce": nonce,
            "X-Signature": mac.hexdigest(),
        }
        if data:
            headers["Content-Type"] = "application/json"
        return Signed(data, headers)


def order(errand: Errand, **more: Any) -> dict[str, Any]:
    """
    The body that opens a payment for *errand*.
    """
    return {
        "merchant_order_no": errand.order_no,
        "amount_fen": errand.amount_fen,
        "currency": "CNY",
        "subject": f"tip {errand.label}",
        "channel": errand.channel,
        "product": "balance" if errand.channel == WALLET else "qr",
        **more,
    }
