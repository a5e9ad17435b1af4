"""Requests to the legacy XML API, from raw bytes to calls."""

from datetime import datetime
from functools import partial

from mock_providers.core.book import Refund, Trade
from mock_providers.core.journal import RawRequest, RawResponse
from mock_providers.core.plans import PLAIN_SHAPE, AnswerShape, PlannedDelivery
from mock_providers.core.provider import Call, Notice, OutgoingNotify
from mock_providers.core.reply import WireReply
from mock_providers.wechatpay.desk import Desk
from mock_providers.wechatpay.refunding import Refunding


class Router:
    """Reads requests and writes notifies in XML."""

    def __init__(self, desk: Desk, *, refunding: Refunding) -> None:
        self._desk = desk
        self._refunding = refunding

    def read(self, request: RawRequest) -> Call:  # noqa: ARG002
        """
        Understand a request.

        Facts: wechatpay/unsigned-refusals
        """
        return Call(
            api="",
            order="",
            label="",
            string_to_sign=None,
            signature_ok=None,
            perform=partial(_nowhere),
            faultable=False,
        )

    def payment(self, trade: Trade) -> Notice | None:  # noqa: ARG002
        """The notice of a payment."""
        return None

    def refund(self, trade: Trade, refund: Refund) -> Notice | None:  # noqa: ARG002
        """The notice of a refund's new state."""
        return None

    def render(self, notice: Notice, delivery: PlannedDelivery, *, stamp_at: datetime) -> OutgoingNotify:
        """Write one delivery."""
        raise AssertionError(f"no notice in XML has been made: {notice.event} {delivery.kind} {stamp_at}")

    def acknowledged(self, response: RawResponse) -> bool:
        """Whether this answer ends the ladder."""
        return response.status == 200 and b"SUCCESS" in response.body


def _nowhere(shape: AnswerShape = PLAIN_SHAPE) -> WireReply:  # noqa: ARG001
    """A path that does not exist."""
    return WireReply(404, (("Content-Type", "text/plain"),), b"")
