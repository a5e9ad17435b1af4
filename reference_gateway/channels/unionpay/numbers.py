"""
The numbers that we give transactions beside a payment and its refunds, and how to tell from a number or from
reqReserved which payment a transaction belongs to.

A completion and the undoings of a payment have its number with one letter behind it: there can be one of each, so
repeating the call is recognised by UnionPay. A refund has a number of its own, and carries the payment's in
reqReserved, which comes back in every notify and in the bill.

Facts: unionpay/duplicates, unionpay/reserved, unionpay/transactions
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from reference_gateway.domain.money import Fen
from reference_gateway.domain.payment import Payment

CONSUME, PREAUTH, COMPLETE, REFUND, UNDO, UNDO_PREAUTH, UNDO_COMPLETION = "01", "02", "03", "04", "31", "32", "33"
SUFFIXES: Mapping[str, str] = {COMPLETE: "C", UNDO: "U", UNDO_PREAUTH: "V", UNDO_COMPLETION: "W"}
REFUND_INSTEAD_OF_UNDO = "X"
RESERVED_MAX = 1024
DESCRIPTION_MAX = 32
_OWNER = re.compile(r"([0-9A-Za-z]{1,32})\.([0-9]{1,12})", re.ASCII)
_UNSAFE = re.compile(r"[&={}\[\]\"'\x00-\x1f]")


def number_of(payment: Payment, txn_type: str) -> str:
    """Return the number of the completion or the undoing of a payment."""
    return f"{payment.out_trade_no}{SUFFIXES[txn_type]}"


def owner_of(txn_type: str, order_id: str) -> str:
    """Return the number of the payment that a completion or an undoing belongs to."""
    suffix = SUFFIXES.get(txn_type, "")
    if not suffix or not order_id.endswith(suffix) or len(order_id) == len(suffix):
        raise ValueError(f"{order_id} is no number of ours for a transaction of type {txn_type}")
    return order_id[: -len(suffix)]


def refund_mark(payment: Payment) -> str:
    """What a refund carries, so that whatever is told of it names the payment and what was paid."""
    return f"{payment.out_trade_no}.{payment.amount_fen}"


def read_refund_mark(reserved: str) -> tuple[str, Fen]:
    """
    Return the payment's number and amount.

    Raises:
        ValueError: no refund of ours has said this.
    """
    match = _OWNER.fullmatch(reserved)
    if match is None:
        raise ValueError("the refund does not say which payment it is of")
    return match.group(1), Fen(int(match.group(2)))


def safe_text(text: str, *, most: int) -> str:
    """
    Leave out what UnionPay asks merchants to keep out of free text.

    Facts: unionpay/reserved
    """
    return _UNSAFE.sub(" ", text).strip()[:most].strip()
