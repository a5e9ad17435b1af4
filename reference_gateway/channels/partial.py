"""
What a channel has not, refused: the base of every channel, so that each writes only what its vendor offers.
"""

# ruff: noqa: ARG002 (who refuses needs no arguments)

from __future__ import annotations

from datetime import date
from typing import NoReturn

from reference_gateway.channels.port import (
    EndState,
    Opening,
    PayoutReport,
    PayRequest,
    RefundReport,
    TradeReport,
)
from reference_gateway.domain.bill import BillRow
from reference_gateway.domain.money import Fen
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.payout import Payout
from reference_gateway.domain.refund import Refund
from reference_gateway.errors import ChannelRefused


class PartialChannel:
    """Refuses every operation that a subclass does not bring."""

    name: str

    async def pay(self, payment: Payment, ask: PayRequest) -> Opening:
        self._lacks(f"the product {payment.product}")

    async def query(self, payment: Payment) -> TradeReport:
        self._lacks("queries")

    async def close(self, payment: Payment) -> EndState:
        self._lacks("closing")

    async def reverse(self, payment: Payment) -> EndState:
        self._lacks("reversal")

    async def refund(self, payment: Payment, refund: Refund) -> RefundReport:
        self._lacks("refunds")

    async def query_refund(self, payment: Payment, refund: Refund) -> RefundReport:
        self._lacks("refund queries")

    async def transfer(self, payout: Payout) -> PayoutReport:
        self._lacks("transfers")

    async def query_transfer(self, payout: Payout) -> PayoutReport:
        self._lacks("transfer queries")

    async def preauth(self, payment: Payment, ask: PayRequest) -> Opening:
        self._lacks("pre-authorisation")

    async def capture(self, payment: Payment, amount_fen: Fen) -> TradeReport:
        self._lacks("capture")

    async def download_bill(self, day: date) -> tuple[BillRow, ...]:
        self._lacks("bills")

    def _lacks(self, what: str) -> NoReturn:
        raise ChannelRefused(f"{self.name} has no {what}; see what it supports", code="unsupported")
