"""
What users may choose about UnionPay, where the facts leave a choice; every choice is a setting `unionpay_<name>`.

The defaults are what production is said to do, or, where nobody knows, what is kindest to a correct merchant.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import time
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Policy:
    """
    Args:
        day_ends: from this time on, in Beijing, a payment is settled on the next day.
        file_ready: when a day's reconciliation file is there, on the day after it.
        file_day_empty: a day without transactions has a file with no rows, where otherwise it has none.
        fee_basis_points: of each payment, kept by the platform.
        order_reuse: "day" refuses an orderId that was used on the same day, "triple" the same orderId and txnTime only.
        refund_days: how long a payment can be refunded.
        preauth_days: how long a pre-authorisation can be completed or undone.
        settles_s: how long an accepted back-type transaction is on its way; meanwhile a query answers 05.
        settles_as: what becomes of it then: "00" or the code of a failure.
        undone: what a query says of a transaction that was answered 03, 04, 05 or 83 and not done.
        late_payment: what a payment after payTimeout is: "00", or "42", which goes back by itself.
        failure_notices: failures of back-type transactions are told, too.
        retry_waits: "newer" repeats a notify after 1, 2, 4 and 5 minutes, "older" after 0, 1, 2 and 4.
        ack_302: a redirect counts as a merchant's good reply.
        card_number: how the payer's card is told: "masked", "encrypted" or "absent".
        leaf: the certificate in force, a good one (current, next) or a bad one (expired, not_yet_valid, wrong_cn,
            self_signed, foreign_chain).
        encryption: the encryption certificate: "current"; "rotated", with the old one still accepted; or "retired".
        query_max: so many queries for one order within a minute are answered, the next ones 37; 0 counts none.
        unknown_fields: "accept" them, signed like the others, or "refuse" them with HTTP 400.
    """

    day_ends: time = time(23)
    file_ready: time = time(9)
    file_day_empty: bool = False
    fee_basis_points: int = 60
    order_reuse: Literal["day", "triple"] = "day"
    refund_days: int = 330
    preauth_days: int = 30
    settles_s: float = 0.0
    settles_as: str = "00"
    undone: Literal["failed", "absent"] = "failed"
    late_payment: Literal["00", "42"] = "00"
    failure_notices: bool = True
    retry_waits: Literal["newer", "older"] = "newer"
    ack_302: bool = False
    card_number: Literal["masked", "encrypted", "absent"] = "masked"
    leaf: str = "current"
    encryption: Literal["current", "rotated", "retired"] = "current"
    query_max: int = 0
    unknown_fields: Literal["accept", "refuse"] = "accept"

    def fee_fen(self, amount_fen: int) -> int:
        """What the platform keeps of *amount_fen*, to the nearest fen, half a fen up."""
        return (amount_fen * self.fee_basis_points + 5_000) // 10_000


def policy_of(switches: Mapping[str, Any]) -> Policy:
    """Take the switches that are the policy's."""
    known = {one.name for one in fields(Policy)}
    return Policy(**{name: value for name, value in switches.items() if name in known})
