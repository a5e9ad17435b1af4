"""
Virtual goods and their stock: reserved with the order, deducted when it is paid, returned when it ends unpaid.

A good's three counts and the state of each order's reservation change together, so every unit is in one place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from reference_gateway.domain.money import Fen


class StockStatus(StrEnum):
    RESERVED = "RESERVED"
    DEDUCTED = "DEDUCTED"
    RETURNED = "RETURNED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Good:
    """`available`, `reserved` and `sold` are never below zero."""

    id: str
    app_id: str
    name: str
    price_fen: Fen
    available: int
    created_at: datetime
    reserved: int = 0
    sold: int = 0

    def reserve(self, quantity: int) -> Good:
        return replace(self, available=self.available - quantity, reserved=self.reserved + quantity)

    def settle(self, quantity: int, to: StockStatus) -> Good:
        """Take a reservation to its end: deducted, or returned."""
        if to is StockStatus.DEDUCTED:
            return replace(self, reserved=self.reserved - quantity, sold=self.sold + quantity)
        return replace(self, reserved=self.reserved - quantity, available=self.available + quantity)


@dataclass(frozen=True, slots=True)
class StockOrder:
    """What an order reserved; *status* leaves RESERVED once."""

    payment_id: str
    good_id: str
    quantity: int
    status: StockStatus = StockStatus.RESERVED


@dataclass(frozen=True, slots=True)
class LogisticsRow:
    """That and how goods were sent; one for each payment."""

    payment_id: str
    carrier: str
    tracking_no: str
    shipped_at: datetime
