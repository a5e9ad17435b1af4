"""
A channel's daily bill, in our words: one row for each payment and each refund of a Beijing day.

Facts: alipay/bills
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from reference_gateway.domain.money import NOTHING_FEN, Fen

BillKind = Literal["payment", "refund"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BillRow:
    """
    One row; amounts are positive, and a fee is negative where it was given back.

    `refund_no` is our out_request_no on refunds, else empty.
    """

    kind: BillKind
    out_trade_no: str
    channel_trade_no: str
    amount_fen: Fen
    at: datetime
    refund_no: str = ""
    fee_fen: Fen = NOTHING_FEN

    @property
    def number(self) -> str:
        """Our own number of what the row is about."""
        return self.refund_no if self.kind == "refund" else self.out_trade_no
