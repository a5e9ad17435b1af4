"""A payout: money sent to somebody, its number at the channel constant for ever, so that repeating cannot pay twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reference_gateway.domain.money import Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """*payee_id* is the payee in the channel's own naming: an openid, a login id; *payee_name* may be empty."""

    id: str
    app_id: str
    merchant_payout_no: str
    out_payout_no: str
    channel: str
    amount_fen: Fen
    payee_id: str
    payee_name: str
    remark: str
    created_at: datetime
