"""
Which transaction is sent to which address.

Facts: unionpay/endpoints, unionpay/transactions
"""

from collections.abc import Callable
from functools import partial

from mock_providers.unionpay.files import download
from mock_providers.unionpay.givebacks import refund, reverse, undo
from mock_providers.unionpay.keyupdate import key_update
from mock_providers.unionpay.orders import app, front, qr_apply, qr_passive, unified, without_redirect
from mock_providers.unionpay.preauth import complete
from mock_providers.unionpay.query import query
from mock_providers.unionpay.routes import Table
from mock_providers.unionpay.smscode import send_code
from mock_providers.unionpay.work import Answer, Office, Work

_EVERY: dict[tuple[str, str, str], Callable[[Office, Work], Answer]] = {
    ("frontTransReq", "01", "01"): front,
    ("frontTransReq", "01", "03"): front,
    ("frontTransReq", "02", "01"): front,
    ("appTransReq", "01", "01"): app,
    ("appTransReq", "02", "01"): app,
    ("order", "01", "01"): unified,
    ("backTransReq", "01", "01"): without_redirect,
    ("backTransReq", "01", "06"): qr_passive,
    ("backTransReq", "01", "07"): qr_apply,
    ("backTransReq", "02", "04"): qr_passive,
    ("backTransReq", "02", "05"): qr_apply,
    ("backTransReq", "03", "00"): complete,
    ("backTransReq", "04", "00"): refund,
    ("backTransReq", "31", "00"): undo,
    ("backTransReq", "32", "00"): undo,
    ("backTransReq", "33", "00"): undo,
    ("backTransReq", "77", ""): send_code,
    ("backTransReq", "95", "00"): key_update,
    ("backTransReq", "99", "01"): reverse,
    ("queryTrans", "99", "01"): reverse,
    ("queryTrans", "00", "00"): query,
    ("queryTrans", "00", "02"): query,
    ("fileTransfer", "76", "01"): download,
}


def table_of(office: Office) -> Table:
    """The transactions over one platform."""
    return {key: partial(one, office) for key, one in _EVERY.items()}
