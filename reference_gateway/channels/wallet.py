"""
The buyer's balance with us, seen as a channel: nothing is called, for the ledger is its book.

Paying from it is one transaction of the store and stands in `service/live/wallet_pay.py`; what is left for the port is
a refund, whose money moves when its outcome is written down.
"""

from __future__ import annotations

from collections.abc import Mapping

from reference_gateway.channels.partial import PartialChannel
from reference_gateway.channels.port import NotifyReply, RefundReport, RefundState, TradeReport, TradeState
from reference_gateway.domain.accounts import WALLET
from reference_gateway.domain.notice import Notice
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.refund import Refund
from reference_gateway.errors import NotifyRefused

BALANCE = "balance"
"""The one product of this channel."""


class WalletChannel(PartialChannel):
    """Answers for itself; there is nobody to ask."""

    name = WALLET
    reply = NotifyReply(accepted=b"", refused=b"")

    def supports(self) -> frozenset[str]:
        return frozenset({BALANCE, "query", "refund", "query_refund"})

    async def start(self) -> None:
        """Nothing to open."""

    async def stop(self) -> None:
        """Nothing to close."""

    async def query(self, payment: Payment) -> TradeReport:
        """Know nothing that the payment's own row does not say: it was paid, or ended, when it was made."""
        del payment
        return TradeReport(state=TradeState.MISSING)

    async def refund(self, payment: Payment, refund: Refund) -> RefundReport:
        """Agree: the posting that follows is the money."""
        del payment
        return RefundReport(RefundState.SUCCEEDED, refund.out_request_no)

    async def query_refund(self, payment: Payment, refund: Refund) -> RefundReport:
        return await self.refund(payment, refund)

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        del headers, body
        raise NotifyRefused("nobody notifies of balances", code="malformed_notify")
