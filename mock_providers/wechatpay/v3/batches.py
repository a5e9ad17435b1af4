"""
Transfers in batches (商家转账到零钱), the older way: many payees at once, each a detail with a fate of its own.

A detail is a payout in the book; the batch is what its details have in common.

Facts: wechatpay/transfer-batches
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import orjson

from mock_providers.core.books.payouts import Payout, PayoutState
from mock_providers.core.money import Fen
from mock_providers.wechatpay.desk import ASKED_SERIAL, PROVIDER_NAME, Desk
from mock_providers.wechatpay.times import rfc3339
from mock_providers.wechatpay.v3 import answers, cases, notify, secrets
from mock_providers.wechatpay.v3.answers import Answer
from mock_providers.wechatpay.v3.fields import ALNUM, NOTIFY_URL, Items, Number, Rules, Text, bad_parameter
from mock_providers.wechatpay.v3.orders import Enter, fingerprint_of
from mock_providers.wechatpay.v3.visit import Api, Clues, Visit

_BASE = "/v3/transfer/batches"
_DETAILS_MAX = 1000
_DETAIL_RULES = Rules(
    Text(("out_detail_no",), "商家明细单号", 1, 32, ALNUM, required=True),
    Number(("transfer_amount",), "转账金额", 1, required=True),
    Text(("transfer_remark",), "转账备注", 1, 32, required=True),
    Text(("openid",), "收款用户openid", 1, 64, required=True),
    Text(("user_name",), "收款用户姓名", 0, 1024),
)
_RULES = Rules(
    Text(("appid",), "商户appid", 1, 32, required=True),
    Text(("out_batch_no",), "商家批次单号", 1, 32, ALNUM, required=True),
    Text(("batch_name",), "批次名称", 1, 32, required=True),
    Text(("batch_remark",), "批次备注", 1, 32, required=True),
    Number(("total_amount",), "转账总金额", 1, required=True),
    Number(("total_num",), "转账总笔数", 1, _DETAILS_MAX, required=True),
    Items(("transfer_detail_list",), "转账明细列表", _DETAIL_RULES, 1, _DETAILS_MAX, required=True),
    Text(("transfer_scene_id",), "转账场景ID", 0, 36),
    Text(("notify_url",), "通知地址", 0, 256, NOTIFY_URL),
)
_WORDS: Mapping[PayoutState, str] = {
    PayoutState.PROCESSING: "PROCESSING",
    PayoutState.SUCCEEDED: "SUCCESS",
    PayoutState.FAILED: "FAIL",
    PayoutState.RETURNED: "FAIL",
}
# How long a batch takes, in schedule seconds.
_BATCH_S = 3.0
# What timers are set for.
_DUE = "v3.batch"


class Batches:
    """The APIs about batches."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        desk.timers.serve(_DUE, self._due)

    def create(self, visit: Visit) -> Answer:
        """Accept a batch, or recognise one."""
        _RULES.check(visit.body)
        refusal = self._refusal(visit) or cases.refusal(visit.case, "transfer")
        if refusal is not None:
            return refusal
        details = self._batch(visit.merchant.mchid, visit.body["out_batch_no"])
        if details:
            if details[0].details["fingerprint"] != fingerprint_of("batch", visit.body):
                return answers.refused("ALREADY_EXISTS")
            return answers.ok(_accepted(details))
        return answers.ok(_accepted(self._open(visit)))

    def _refusal(self, visit: Visit) -> Answer | None:
        body = visit.body
        if body["appid"] != visit.merchant.app_id:
            return answers.refused("APPID_MCHID_NOT_MATCH")
        wanted = body["transfer_detail_list"]
        for detail in wanted:
            self._name(visit, detail)
        numbers = {detail["out_detail_no"] for detail in wanted}
        sums = sum(detail["transfer_amount"] for detail in wanted), len(numbers)
        if sums != (body["total_amount"], body["total_num"]) or len(wanted) != len(numbers):
            return answers.refused("PARAM_ERROR", "转账总金额或总笔数与明细不一致")
        return None

    def _name(self, visit: Visit, detail: Mapping[str, Any]) -> str:
        return secrets.opened(self._desk.keys, visit, detail.get(secrets.USER_NAME), secrets.USER_NAME)

    def _open(self, visit: Visit) -> list[Payout]:
        body, mchid = visit.body, visit.merchant.mchid
        common = {
            "api": "batches",
            "appid": body["appid"],
            "batch": body["out_batch_no"],
            "batch_id": f"1030{self._desk.numbers.of_kind('batch', 30, mchid, body['out_batch_no'])}",
            "batch_name": body["batch_name"],
            "batch_remark": body["batch_remark"],
            "notify_url": body.get("notify_url") or "",
            ASKED_SERIAL: visit.serial,
            "fingerprint": fingerprint_of("batch", body),
        }
        details = [self._detail(visit, detail, common) for detail in body["transfer_detail_list"]]
        self._desk.timers.after(_BATCH_S, _DUE, merchant_id=mchid, batch=body["out_batch_no"])
        return details

    def _detail(self, visit: Visit, detail: Mapping[str, Any], common: Mapping[str, str]) -> Payout:
        mchid, number = visit.merchant.mchid, detail["out_detail_no"]
        return self._desk.book.payouts.open(
            Payout(
                provider=PROVIDER_NAME,
                merchant_id=mchid,
                out_biz_no=_in_batch(common["batch"], number),
                order_no=f"1040{self._desk.numbers.of_kind('detail', 30, mchid, common['batch'], number)}",
                amount_fen=Fen(detail["transfer_amount"]),
                payee=detail["openid"],
                asked_at=visit.now,
                label=visit.label,
                details={
                    **common,
                    "out_detail_no": number,
                    "remark": detail["transfer_remark"],
                    secrets.USER_NAME: self._name(visit, detail),
                },
            )
        )

    def _due(self, mchid: str, about: Mapping[str, str]) -> None:
        details = self._batch(mchid, about["batch"])
        waiting = [one for one in details if one.state is PayoutState.PROCESSING]
        for one in waiting:
            self._desk.book.payouts.settle(one, PayoutState.SUCCEEDED, now=self._desk.now())
        if waiting:
            self._tell(details)

    def _tell(self, details: list[Payout]) -> None:
        first = details[0]
        if not first.details["notify_url"]:
            return
        said = batch_object(details)
        names = (
            "out_batch_no",
            "batch_id",
            "batch_status",
            "total_num",
            "total_amount",
            "success_amount",
            "success_num",
        )
        resource = {name: said[name] for name in (*names, "success_num", "fail_amount", "fail_num", "update_time")}
        self._desk.world.notices.publish(
            notify.plain_notice(
                self._desk,
                {"mchid": first.merchant_id, **resource},
                order=(first.merchant_id, first.details["batch"], first.label),
                event="transfer",
                url=first.details["notify_url"],
                context={
                    ASKED_SERIAL: first.details[ASKED_SERIAL],
                    "event_type": "MCHTRANSFER.BATCH.FINISHED",
                    "original_type": "mch_payment",
                    "summary": "商家转账批次完成通知",
                },
            )
        )

    def _batch(self, mchid: str, number: str) -> list[Payout]:
        return self._details_where(mchid, "batch", number)

    def _details_where(self, mchid: str, name: str, value: str) -> list[Payout]:
        mine = (one for one in self._desk.book.payouts if one.provider == PROVIDER_NAME and one.merchant_id == mchid)
        return [one for one in mine if one.details.get("api") == "batches" and one.details[name] == value]

    def query(self, name: str, visit: Visit) -> Answer:
        """
        A batch, and its details if they are wanted.

        Args:
            name: batch or batch_id.
        """
        details = self._details_where(visit.merchant.mchid, name, visit.path["number"])
        if not details:
            return answers.refused("NOT_FOUND")
        said: dict[str, object] = {"transfer_batch": batch_object(details)}
        if visit.parameters.get("need_query_detail") == "true":
            said |= _page(details, visit.parameters)
        return answers.ok(said)

    def query_detail(self, name: str, visit: Visit) -> Answer:
        """
        One detail.

        Args:
            name: batch or batch_id.
        """
        details = self._details_where(visit.merchant.mchid, name, visit.path["number"])
        wanted = visit.path["detail"]
        by_id = name == "batch_id"
        found = next(
            (one for one in details if (one.order_no if by_id else one.details["out_detail_no"]) == wanted), None
        )
        if found is None:
            return answers.refused("NOT_FOUND")
        return answers.ok(detail_object(found) | secrets.told_name(visit, found))


def _in_batch(batch: str, number: str) -> str:
    """The payout's number in the book, where batches share one space with single transfers."""
    return orjson.dumps([batch, number]).decode()


def _accepted(details: list[Payout]) -> dict[str, object]:
    first = details[0]
    return {
        "out_batch_no": first.details["batch"],
        "batch_id": first.details["batch_id"],
        "create_time": rfc3339(first.asked_at),
        "batch_status": _status_of(details),
    }


def _status_of(details: list[Payout]) -> str:
    over = all(one.state is not PayoutState.PROCESSING for one in details)
    return "FINISHED" if over else "ACCEPTED"


def batch_object(details: list[Payout]) -> dict[str, object]:
    """A batch as queries show it."""
    first = details[0]
    good = [one.amount_fen for one in details if one.state is PayoutState.SUCCEEDED]
    bad = [one.amount_fen for one in details if one.state in {PayoutState.FAILED, PayoutState.RETURNED}]
    return {
        "mchid": first.merchant_id,
        "appid": first.details["appid"],
        "out_batch_no": first.details["batch"],
        "batch_id": first.details["batch_id"],
        "batch_status": _status_of(details),
        "batch_type": "API",
        "batch_name": first.details["batch_name"],
        "batch_remark": first.details["batch_remark"],
        "total_amount": sum(one.amount_fen for one in details),
        "total_num": len(details),
        "create_time": rfc3339(first.asked_at),
        "update_time": rfc3339(max(one.settled_at or one.asked_at for one in details)),
        "success_amount": sum(good),
        "success_num": len(good),
        "fail_amount": sum(bad),
        "fail_num": len(bad),
    }


def detail_object(payout: Payout) -> dict[str, object]:
    """A detail as queries show it."""
    return {
        "mchid": payout.merchant_id,
        "appid": payout.details["appid"],
        "out_batch_no": payout.details["batch"],
        "batch_id": payout.details["batch_id"],
        "out_detail_no": payout.details["out_detail_no"],
        "detail_id": payout.order_no,
        "detail_status": _WORDS[payout.state],
        "transfer_amount": payout.amount_fen,
        "transfer_remark": payout.details["remark"],
        "openid": payout.payee,
        "initiate_time": rfc3339(payout.asked_at),
        "update_time": rfc3339(payout.settled_at or payout.asked_at),
    }


def _page(details: list[Payout], parameters: Mapping[str, str]) -> dict[str, object]:
    """
    Raises:
        FieldRefused: offset or limit is no number.
    """
    offset, limit = _count(parameters, "offset", 0), _count(parameters, "limit", 20)
    wanted = parameters.get("detail_status", "ALL")
    kept = [one for one in details if wanted in {"ALL", _WORDS[one.state]}]
    shown = [
        {
            "detail_id": one.order_no,
            "out_detail_no": one.details["out_detail_no"],
            "detail_status": _WORDS[one.state],
        }
        for one in kept[offset : offset + limit]
    ]
    return {"transfer_detail_list": shown, "offset": offset, "limit": limit}


def _count(parameters: Mapping[str, str], name: str, usual: int) -> int:
    text = parameters.get(name, "")
    if not text:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise bad_parameter(name, text, "必须为数字")
    return int(text)


def _asked(clues: Clues) -> str:
    return clues.text("out_batch_no")


def _in_path(clues: Clues) -> str:
    return clues.path.get("number", "")


def enter(add: Enter, desk: Desk) -> None:
    """
    The APIs of this module.

    Facts: wechatpay/api-list
    """
    mine = Batches(desk)
    add("POST", _BASE, Api("v3.batch", mine.create, _asked, has_body=True))
    for name, word, detail in (("batch_id", "batch-id", "detail-id"), ("batch", "out-batch-no", "out-detail-no")):
        add("GET", f"{_BASE}/{word}/{{number}}", Api("v3.batch.query", partial(mine.query, name), _in_path))
        one = Api("v3.batch.detail", partial(mine.query_detail, name), _in_path)
        add("GET", f"{_BASE}/{word}/{{number}}/details/{detail}/{{detail}}", one)
