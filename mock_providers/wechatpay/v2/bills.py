"""
`/pay/downloadbill` and `/pay/downloadfundflow`: the file itself as the answer, and failures in a shape of their own.

Facts: wechatpay/v2-downloadbill
"""

import gzip
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from mock_providers.wechatpay.desk import Desk
from mock_providers.wechatpay.statements import Line, fund_flow_bill, lines_of, trade_bill
from mock_providers.wechatpay.times import day_start
from mock_providers.wechatpay.v2.work import Answer, BillFailure, Download, Work

NO_BILL = BillFailure("No Bill Exist", "20002")
CREATING = BillFailure("Bill Creating", "20003")
BAD_DATE = BillFailure("data format error", "20001")
# Yesterday's is ready at ten; what is older than three months is gone.
_READY = timedelta(days=1, hours=10)
_KEPT = timedelta(days=92)
_DAY = timedelta(days=1)
_KINDS = {"REVOKED": "REFUND", "RECHARGE_REFUND": "REFUND"}


class Bills:
    """The APIs about bills."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def trades(self, work: Work) -> Answer:
        """
        The trades of a day.

        Facts: wechatpay/v2-downloadbill
        """
        asked = work.get("bill_type") or "ALL"
        kind = _KINDS.get(asked, asked)

        def written(lines: Sequence[Line]) -> str:
            return trade_bill(lines, kind=kind)

        keep = _reversed_only if asked == "REVOKED" else _none if asked == "RECHARGE_REFUND" else _all
        return self._file(work, kind, keep, written)

    def fund_flow(self, work: Work) -> Answer:
        """
        How the merchant's money moved on a day; only the basic account is ever touched.

        Facts: wechatpay/v2-downloadbill
        """
        keep = _all if work.fields["account_type"] == "Basic" else _none
        return self._file(work, "ALL", keep, fund_flow_bill)

    def _file(
        self,
        work: Work,
        kind: str,
        keep: Callable[[list[Line]], list[Line]],
        written: Callable[[Sequence[Line]], str],
    ) -> Answer:
        try:
            day = day_start(work.fields["bill_date"])
        except ValueError:
            return BAD_DATE
        problem = _not_there(day, work.now)
        if problem is not None:
            return problem
        lines = keep(lines_of(self._desk, work.merchant.mchid, day, kind=kind))
        if not lines:
            return NO_BILL
        data = written(lines).encode()
        if work.get("tar_type") == "GZIP":
            return Download(gzip.compress(data, mtime=0), "application/x-gzip")
        return Download(data, "text/plain; charset=utf-8")


def _not_there(day: datetime, now: datetime) -> BillFailure | None:
    """
    Facts: wechatpay/v2-downloadbill.
    """
    if now < day + _DAY or now - day > _KEPT:
        return NO_BILL
    return CREATING if now < day + _READY else None


def _all(lines: list[Line]) -> list[Line]:
    return lines


def _none(_: list[Line]) -> list[Line]:
    return []


def _reversed_only(lines: list[Line]) -> list[Line]:
    return [one for one in lines if one.trade.closed_by == "reversed"]
