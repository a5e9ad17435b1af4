"""
Bills: asked for, made, and fetched from an address that lives for a while.

A file is written when it is asked for, and kept until its address has expired, so that its hash stays true.
"""

import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from mock_providers.wechatpay.desk import Desk
from mock_providers.wechatpay.statements import Line, fund_flow_bill, lines_of, trade_bill
from mock_providers.wechatpay.times import BEIJING, day_start
from mock_providers.wechatpay.v3 import answers, cases
from mock_providers.wechatpay.v3.answers import Answer
from mock_providers.wechatpay.v3.fields import bad_parameter, parameter
from mock_providers.wechatpay.v3.orders import Enter
from mock_providers.wechatpay.v3.visit import Api, Clues, Visit

_DOWNLOAD_PATH = "/v3/billdownload/file"
_DAY = timedelta(days=1)
# See wechatpay/bill-request.
_READY = timedelta(days=1, hours=10)
_KEPT = timedelta(days=92)
_FILES_MAX = 256

Write = Callable[[Sequence[Line]], str]


@dataclass(frozen=True, slots=True)
class BillFile:
    """A bill that waits to be fetched, compressed or not."""

    mchid: str
    data: bytes
    content_type: str
    expires_at: datetime


class Bills:
    """The APIs about bills."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._files: OrderedDict[str, BillFile] = OrderedDict()
        self._count = 0

    def trades(self, visit: Visit) -> Answer:
        """
        The trades of a day.

        Facts: wechatpay/bill-request
        """
        kind = _choice(visit.parameters, "bill_type", ("ALL", "SUCCESS", "REFUND"))
        return self._made(visit, partial(_trade_bill, kind), kind=kind)

    def fund_flow(self, visit: Visit) -> Answer:
        """
        How the merchant's money moved on a day; only the basic account is ever touched.

        Facts: wechatpay/bill-request
        """
        account = _choice(visit.parameters, "account_type", ("BASIC", "OPERATION", "FEES"))
        return self._made(visit, fund_flow_bill, kind="ALL" if account == "BASIC" else "NONE")

    def _made(self, visit: Visit, write: Write, *, kind: str) -> Answer:
        """
        Facts: wechatpay/bill-request, wechatpay/bill-download.
        """
        text = parameter(visit.parameters, "bill_date", "账单日期")
        zipped = _choice(visit.parameters, "tar_type", ("", "GZIP")) == "GZIP"
        try:
            day = day_start(text)
        except ValueError:
            raise bad_parameter("bill_date", text, "格式应为yyyy-MM-dd") from None
        refusal = cases.refusal(visit.case, "bill") or _not_there(day, visit.now)
        if refusal is not None:
            return refusal
        lines = lines_of(self._desk, visit.merchant.mchid, day, kind=kind) if kind != "NONE" else []
        if not lines:
            return answers.refused("NO_STATEMENT_EXIST")
        data = write(lines).encode()
        token = self._keep(visit, gzip.compress(data, mtime=0) if zipped else data, zipped=zipped)
        return answers.ok(
            {
                "hash_type": "SHA1",
                "hash_value": hashlib.sha1(data, usedforsecurity=False).hexdigest(),
                "download_url": f"{self._desk.policy.download_base_url}{_DOWNLOAD_PATH}?token={token}",
            }
        )

    def _keep(self, visit: Visit, data: bytes, *, zipped: bool) -> str:
        self._count += 1
        token = self._desk.world.ids.letters(40, "bill", visit.merchant.mchid, str(self._count))
        self._files[token] = BillFile(
            visit.merchant.mchid,
            data,
            # One SDK knows compressed files by this type only. Facts: wechatpay/bill-download
            "application/x-gzip" if zipped else "text/plain; charset=utf-8",
            visit.now + timedelta(seconds=self._desk.policy.bill_link_s),
        )
        while len(self._files) > _FILES_MAX:
            self._files.popitem(last=False)
        return token

    def download(self, visit: Visit) -> Answer:
        """
        The file itself, which nobody signs.

        Facts: wechatpay/bill-download
        """
        found = self._files.get(parameter(visit.parameters, "token", "下载凭证"))
        if found is None or visit.now >= found.expires_at:
            return answers.refused("INVALID_REQUEST", "下载链接已失效，请重新获取")  # noqa: RUF001
        if found.mchid != visit.merchant.mchid:
            return answers.refused("NO_AUTH")
        return Answer(200, found.data, content_type=found.content_type, signed=False)


def _trade_bill(kind: str, lines: Sequence[Line]) -> str:
    return trade_bill(lines, kind=kind)


def _choice(parameters: Mapping[str, str], name: str, words: tuple[str, ...]) -> str:
    """
    Raises:
        FieldRefused: none of *words*, of which the first is the usual one.
    """
    word = parameters.get(name, "") or words[0]
    if word not in words:
        raise bad_parameter(name, word, f"取值应为{'、'.join(filter(None, words))}")
    return word


def _not_there(day: datetime, now: datetime) -> Answer | None:
    """
    Facts: wechatpay/bill-request.
    """
    today = now.astimezone(BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
    if day >= today or today - day > _KEPT:
        raise bad_parameter("bill_date", f"{day:%Y-%m-%d}", "只能下载三个月内且今日之前的账单")
    return answers.refused("STATEMENT_CREATING") if now < day + _READY else None


def _no_order(clues: Clues) -> str:  # noqa: ARG001  a bill is about many
    return ""


def enter(add: Enter, desk: Desk) -> None:
    """
    The APIs of this module.

    Facts: wechatpay/api-list
    """
    mine = Bills(desk)
    add("GET", "/v3/bill/tradebill", Api("v3.bill.trade", mine.trades, _no_order))
    add("GET", "/v3/bill/fundflowbill", Api("v3.bill.fundflow", mine.fund_flow, _no_order))
    add("GET", _DOWNLOAD_PATH, Api("v3.bill.download", mine.download, _no_order))
