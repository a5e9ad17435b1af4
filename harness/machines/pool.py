"""
The faults that a story may draw, the plainest first, so that a story shrinks towards it.

Every one of them is something that a correct gateway survives; what the platform's vendors do only here or there is
drawn only there. It refuses to know what a fault does: that is the simulator's.
"""

from collections.abc import Mapping
from typing import Any

DAY_S = 86_400.0
_ALIPAY = frozenset({"alipay", "alipay_v3"})
_UNIONPAY = frozenset({"unionpay_rsa", "unionpay_keyed", "unionpay_sm2"})
ONLY: Mapping[str, frozenset[str]] = {
    "coupon": _ALIPAY | {"wechatpay_v3", "wechatpay_v2"},
    "says_failed": _ALIPAY | {"wechatpay_v2"} | _UNIONPAY,
    "says_finished": _ALIPAY,
    "says_flawed": _UNIONPAY,
    "certificate_rotation": frozenset({"wechatpay_v3"}),
    "expired_certificate": frozenset({"unionpay_rsa", "unionpay_sm2"}),
    "foreign_chain": frozenset({"wechatpay_v3", "unionpay_rsa", "unionpay_sm2"}),
    "signature_downgrade": frozenset({"alipay", "alipay_v3", "wechatpay_v2", "unionpay_rsa", "unionpay_sm2"}),
    "stale_timestamp": frozenset({"wechatpay_v3"}),
    "wrong_certificate_name": frozenset({"unionpay_rsa", "unionpay_sm2"}),
    "wrong_encoding": frozenset({"alipay", "alipay_v3", "unionpay_rsa", "unionpay_keyed", "unionpay_sm2"}),
}
"""Faults that only these channels have."""

NOTIFY: tuple[Mapping[str, Any], ...] = (
    {"fault": "duplicate", "copies": 1},
    {"fault": "duplicate", "copies": 7, "concurrent": True},
    {"fault": "duplicate", "copies": 1, "spacing_s": 7200},
    {"fault": "delay", "seconds": 30.0},
    {"fault": "delay", "seconds": 2400.0},
    {"fault": "delay", "seconds": DAY_S},
    {"fault": "drop", "first": 1},
    {"fault": "drop", "first": 3},
    {"fault": "drop_all"},
    {"fault": "reorder", "behind": 1, "hold_s": 30.0},
    {"fault": "ack_ignored", "first": 1},
    {"fault": "forged_signature"},
    {"fault": "forged_signature", "seal": "none"},
    {"fault": "forged_signature", "seal": "damaged"},
    {"fault": "forged_signature", "seal": "damaged", "misread": "sign_type"},
    {"fault": "signature_probe"},
    {"fault": "wrong_key", "first": 1},
    {"fault": "tampered_amount", "add_fen": 1, "signed": True},
    {"fault": "tampered_amount", "add_fen": 99_900, "signed": False},
    {"fault": "wrong_recipient", "which": "merchant"},
    {"fault": "wrong_recipient", "which": "app"},
    {"fault": "unknown_order"},
    {"fault": "replayed_notify", "after_s": 7200},
    {"fault": "extra_fields", "count": 2},
    {"fault": "slow_reading", "seconds": 2},
    {"fault": "clock_skew", "seconds": -90},
    {"fault": "settlement_day"},
    {"fault": "wrong_encoding", "first": 1},
    {"fault": "certificate_rotation"},
    {"fault": "stale_timestamp", "seconds": 7200},
    {"fault": "foreign_chain", "first": 1},
    {"fault": "expired_certificate", "first": 1},
    {"fault": "wrong_certificate_name", "first": 1},
    {"fault": "signature_downgrade", "first": 1},
    {"fault": "says_failed", "first": 1},
    {"fault": "says_finished"},
    {"fault": "says_finished", "after_s": 7200},
    {"fault": "says_flawed"},
    {"fault": "coupon", "off_fen": 1},
)
REPLY: tuple[Mapping[str, Any], ...] = (
    {"fault": "delay", "seconds": 2.0},
    {"fault": "timeout_after"},
    {"fault": "timeout_before"},
    {"fault": "reset_after"},
    {"fault": "reset_before"},
    {"fault": "delay", "seconds": 30.0},
    {"fault": "http_error", "status": 502, "work": True},
    {"fault": "http_error", "status": 503, "work": False},
    {"fault": "system_error"},
    {"fault": "busy"},
    {"fault": "truncated"},
    {"fault": "malformed_body"},
    {"fault": "slow_drip", "seconds": 1},
    {"fault": "bad_signature"},
    {"fault": "wrong_key"},
    {"fault": "unsigned"},
    {"fault": "foreign_chain"},
    {"fault": "expired_certificate"},
    {"fault": "wrong_certificate_name"},
    {"fault": "signature_downgrade"},
    {"fault": "another_answer", "which": "order"},
    {"fault": "another_answer", "which": "amount"},
    {"fault": "held_up", "seconds": 3.0},
    {"fault": "says_finished"},
    {"fault": "says_flawed"},
    {"fault": "coupon", "off_fen": 1},
)
FIRST_ANSWER = "reply"
CALLS = ("query", "refund", "refund_query", "close")
"""The calls whose answers are struck, besides the first one about an order."""
KILLS = ("crash", "restart", "down", "up")


def apt(fault: Mapping[str, Any], channel: str) -> bool:
    """
    Whether a channel has this fault.
    """
    return channel in ONLY.get(str(fault["fault"]), {channel})
