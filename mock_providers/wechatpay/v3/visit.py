"""One admitted call, as an API sees it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mock_providers.core.records import record
from mock_providers.wechatpay.merchants import Merchant
from mock_providers.wechatpay.v3.answers import Answer


@record
class Visit:
    """
    Args:
        path: the variable parts of the path, decoded.
        parameters: the query's, decoded.
        body: empty for calls without one.
        serial: `Wechatpay-Serial`, which names the key that sensitive fields are encrypted for.
        case: the acceptance case that the caller wants to see, "" for none.
        now: schedule time.
        ending: how a fault wants a refund to end: "closed", "abnormal", or "" for the caller's wish.
        stuck_s: how long one that ends abnormally is stuck until somebody helps it along; 0 is for ever.
    """

    merchant: Merchant
    path: Mapping[str, str]
    parameters: Mapping[str, str]
    body: Mapping[str, Any]
    label: str
    serial: str
    case: str
    now: datetime
    ending: str = ""
    stuck_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Clues:
    """What tells which order a call is about, before anything in it was checked."""

    path: Mapping[str, str]
    parameters: Mapping[str, str]
    body: Mapping[str, Any]

    def text(self, name: str) -> str:
        """A text of the body, "" where there is none."""
        found = self.body.get(name)
        return found if isinstance(found, str) else ""


Handler = Callable[[Visit], Answer]
OrderOf = Callable[[Clues], str]


@dataclass(frozen=True, slots=True)
class Api:
    """
    One API.

    Args:
        name: for the journal and for fault rules.
        handler: its business.
        order_of: the merchant's number that a call is about, "" where there is none.
        has_body: whether a JSON body is read.
    """

    name: str
    handler: Handler
    order_of: OrderOf
    has_body: bool = False
