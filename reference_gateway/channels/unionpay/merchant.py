"""
Who we are at UnionPay and where UnionPay is; the fields that every message has, and UnionPay's way to write a moment.

Facts: unionpay/endpoints, unionpay/fields, unionpay/times
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import StrEnum

from reference_gateway.channels.unionpay.signing import Signing
from reference_gateway.domain.payment import Payment

BEIJING = timezone(timedelta(hours=8))
VERSION = "5.1.0"
ENCODING = "UTF-8"
CURRENCY = "156"


class Door(StrEnum):
    """The addresses that we use, by what is sent there."""

    FRONT = "/gateway/api/frontTransReq.do"
    APP = "/gateway/api/appTransReq.do"
    BACK = "/gateway/api/backTransReq.do"
    QUERY = "/gateway/api/queryTrans.do"


@dataclass(frozen=True, slots=True)
class UnionPayMerchant:
    """
    *file_url* is where reconciliation files are; empty where there are none. *front_url* is where browsers go whose
    payment names no address of its own.
    """

    url: str
    file_url: str
    mer_id: str
    signing: Signing
    front_url: str = ""

    def common(self, txn_type: str, sub_type: str, biz_type: str) -> dict[str, str]:
        """The fields of every request, unsigned."""
        fields = {
            "version": VERSION,
            "encoding": ENCODING,
            "signMethod": self.signing.method,
            "txnType": txn_type,
            "txnSubType": sub_type,
            "bizType": biz_type,
            "accessType": "0",
            "merId": self.mer_id,
        }
        return {**fields, "certId": self.signing.cert_id} if self.signing.cert_id else fields


def txn_time(at: datetime) -> str:
    """
    Spell a moment in Beijing time.

    Facts: unionpay/times
    """
    return at.astimezone(BEIJING).strftime("%Y%m%d%H%M%S")


def named(payment: Payment) -> dict[str, str]:
    """The two fields that name a payment for ever: its number and the moment of its creation."""
    return {"orderId": payment.out_trade_no, "txnTime": txn_time(payment.created_at)}
