"""
The numbers that UnionPay invents: queryId, tn, traceNo, QR codes.

Each is derived from what it is for, so that a run can be repeated; all are opaque to merchants.
"""

from mock_providers.core.ids import Ids


def query_id(ids: Ids, *about: str, txn_time: str, attempt: int = 1) -> str:
    """
    Node, txnTime without the century, trace number, and an 8.

    Args:
        attempt: another number for the same thing, where somebody else has this one already.

    Facts: unionpay/numbers
    """
    digits = ids.digits(8, "query", *about, txn_time, str(attempt))
    return f"{10 + int(digits[:2]) % 90}{txn_time[2:]}{digits[2:]}8"


def trace_of(query: str) -> str:
    """
    The trace number inside a queryId.

    Facts: unionpay/numbers
    """
    return query[14:20]


def tn(ids: Ids, merchant: str, order: str, txn_time: str) -> str:
    """
    21 digits for the app's control.

    Facts: unionpay/numbers
    """
    return "6" + ids.digits(20, "tn", merchant, order, txn_time)


def qr_code(ids: Ids, merchant: str, order: str, txn_time: str) -> str:
    """
    What a buyer scans.

    Facts: unionpay/qr
    """
    return "https://qr.95516.com/00010001/" + ids.digits(31, "qr", merchant, order, txn_time)
