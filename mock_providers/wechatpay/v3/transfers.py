"""
Transfers of today (商家转账): a bill for each payee, who confirms it in the wallet.

Facts: wechatpay/transfer-bills
"""

from collections.abc import Mapping
from functools import partial

from mock_providers.core.books.payouts import Payout, PayoutState
from mock_providers.core.money import Fen
from mock_providers.wechatpay.desk import ASKED_SERIAL, PROVIDER_NAME, Desk
from mock_providers.wechatpay.times import rfc3339
from mock_providers.wechatpay.v3 import answers, cases, notify, secrets
from mock_providers.wechatpay.v3.answers import Answer
from mock_providers.wechatpay.v3.fields import ALNUM, NOTIFY_URL, Items, Number, Rules, Text
from mock_providers.wechatpay.v3.orders import Enter, fingerprint_of
from mock_providers.wechatpay.v3.visit import Api, Clues, Visit

_BASE = "/v3/fund-app/mch-transfer/transfer-bills"
_DAY_S = 86_400.0
_NAME_FORBIDDEN_BELOW_FEN, _NAME_REQUIRED_FROM_FEN = 30, 200_000
_RULES = Rules(
    Text(("appid",), "商户AppID", 1, 32, required=True),
    Text(("out_bill_no",), "商户单号", 1, 32, ALNUM, required=True),
    Text(("transfer_scene_id",), "转账场景ID", 1, 36, required=True),
    Text(("openid",), "收款用户OpenID", 1, 64, required=True),
    Text(("user_name",), "收款用户姓名", 0, 1024),
    Number(("transfer_amount",), "转账金额", 1, required=True),
    Text(("transfer_remark",), "转账备注", 1, 32, required=True),
    Text(("notify_url",), "通知地址", 0, 256, NOTIFY_URL),
    Text(("user_recv_perception",), "用户收款感知", 0, 64),
    Items(
        ("transfer_scene_report_infos",),
        "转账场景报备信息",
        Rules(
            Text(("info_type",), "信息类型", 1, 15, required=True),
            Text(("info_content",), "信息内容", 1, 32, required=True),
        ),
    ),
)
# What the notes of a payout say while the book still holds it as on its way, and when it ended otherwise than well.
_STATE = "state"
_WAITING, _CANCELLED = "WAIT_USER_CONFIRM", "CANCELLED"
_WORDS: Mapping[PayoutState, str] = {
    PayoutState.PROCESSING: "PROCESSING",
    PayoutState.SUCCEEDED: "SUCCESS",
    PayoutState.FAILED: "FAIL",
    PayoutState.RETURNED: "FAIL",
}
# What timers are set for.
_DUE = "v3.transfer"


class Transfers:
    """The APIs about single transfers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        desk.timers.serve(_DUE, self._due)

    def create(self, visit: Visit) -> Answer:
        """Accept a transfer, or recognise one; the payee has a day to confirm it."""
        _RULES.check(visit.body)
        refusal = self._refusal(visit) or cases.refusal(visit.case, "transfer")
        if refusal is not None:
            return refusal
        known = self._payout(visit.merchant.mchid, visit.body["out_bill_no"])
        if known is not None:
            same = known.details["fingerprint"] == fingerprint_of("transfer", visit.body)
            return answers.ok(self._accepted(known)) if same else answers.refused("ALREADY_EXISTS")
        return answers.ok(self._accepted(self._open(visit)))

    def _refusal(self, visit: Visit) -> Answer | None:
        body = visit.body
        if body["appid"] != visit.merchant.app_id:
            return answers.refused("APPID_MCHID_NOT_MATCH")
        named = bool(self._name(visit))
        if named and body["transfer_amount"] < _NAME_FORBIDDEN_BELOW_FEN:
            return answers.refused("PARAM_ERROR", "转账金额低于0.3元时不支持校验用户姓名")
        if not named and body["transfer_amount"] >= _NAME_REQUIRED_FROM_FEN:
            return answers.refused("PARAM_ERROR", "转账金额大于等于2000元时，收款用户姓名必填")  # noqa: RUF001
        return None

    def _name(self, visit: Visit) -> str:
        return secrets.opened(self._desk.keys, visit, visit.body.get(secrets.USER_NAME), secrets.USER_NAME)

    def _open(self, visit: Visit) -> Payout:
        body, mchid = visit.body, visit.merchant.mchid
        number = body["out_bill_no"]
        payout = self._desk.book.payouts.open(
            Payout(
                provider=PROVIDER_NAME,
                merchant_id=mchid,
                out_biz_no=number,
                order_no=f"13{self._desk.numbers.of_kind('transfer', 29, mchid, number)}",
                amount_fen=Fen(body["transfer_amount"]),
                payee=body["openid"],
                asked_at=visit.now,
                label=visit.label,
                details={
                    "api": "transfer-bills",
                    "appid": body["appid"],
                    "remark": body["transfer_remark"],
                    secrets.USER_NAME: self._name(visit),
                    "notify_url": body.get("notify_url") or "",
                    ASKED_SERIAL: visit.serial,
                    "fingerprint": fingerprint_of("transfer", body),
                },
                notes={_STATE: _WAITING},
            )
        )
        after = partial(self._desk.timers.after, merchant_id=mchid, number=number)
        if self._desk.policy.transfer_confirm_s is not None:
            after(self._desk.policy.transfer_confirm_s, _DUE, state=PayoutState.SUCCEEDED)
        after(_DAY_S, _DUE, state=PayoutState.FAILED)
        return payout

    def _due(self, mchid: str, about: Mapping[str, str]) -> None:
        """Confirmed, or a day has passed without."""
        payout = self._payout(mchid, about["number"])
        if payout is not None and payout.state is PayoutState.PROCESSING:
            self._conclude(payout, PayoutState(about["state"]))

    def _conclude(self, payout: Payout, state: PayoutState) -> None:
        payout.notes.pop(_STATE, None)
        if state is PayoutState.FAILED:
            payout.notes["fail_reason"] = "OVERDUE_CLOSE"
        self._desk.book.payouts.settle(payout, state, now=self._desk.now())
        self._tell(payout)

    def _accepted(self, payout: Payout) -> dict[str, object]:
        said: dict[str, object] = {
            "out_bill_no": payout.out_biz_no,
            "transfer_bill_no": payout.order_no,
            "create_time": rfc3339(payout.asked_at),
            "state": state_of(payout),
        }
        if state_of(payout) == _WAITING:
            said["package_info"] = self._desk.world.ids.letters(64, "package", payout.merchant_id, payout.out_biz_no)
        if "fail_reason" in payout.notes:
            said["fail_reason"] = payout.notes["fail_reason"]
        return said

    def query_by_out_bill_no(self, visit: Visit) -> Answer:
        """By the merchant's number."""
        return self._told(visit, self._payout(visit.merchant.mchid, visit.path["number"]))

    def query_by_bill_no(self, visit: Visit) -> Answer:
        """By the platform's number."""
        found = self._desk.book.payouts.by_order_no(PROVIDER_NAME, visit.path["number"])
        mine = found is not None and found.merchant_id == visit.merchant.mchid
        return self._told(visit, found if mine else None)

    @staticmethod
    def _told(visit: Visit, payout: Payout | None) -> Answer:
        if payout is None or payout.details.get("api") != "transfer-bills":
            return answers.refused("NOT_FOUND")
        return answers.ok(bill_object(payout) | secrets.told_name(visit, payout))

    def cancel(self, visit: Visit) -> Answer:
        """The merchant wants it back; what has arrived stays."""
        payout = self._payout(visit.merchant.mchid, visit.path["number"])
        if payout is None:
            return answers.refused("NOT_FOUND")
        if payout.state is PayoutState.SUCCEEDED or payout.notes.get("fail_reason"):
            return answers.refused("INVALID_REQUEST", "当前状态不支持撤销")
        if payout.state is PayoutState.PROCESSING:
            payout.notes[_STATE] = _CANCELLED
            self._desk.book.payouts.settle(payout, PayoutState.FAILED, now=visit.now)
            self._tell(payout)
        return answers.ok(
            {
                "out_bill_no": payout.out_biz_no,
                "transfer_bill_no": payout.order_no,
                "state": state_of(payout),
                "update_time": rfc3339(payout.settled_at or visit.now),
            }
        )

    def _payout(self, mchid: str, number: str) -> Payout | None:
        found = self._desk.book.payouts.by_number(PROVIDER_NAME, mchid, number)
        mine = found is not None and found.details.get("api") == "transfer-bills"
        return found if mine else None

    def _tell(self, payout: Payout) -> None:
        url = payout.details["notify_url"]
        if not url:
            return
        resource = {name: value for name, value in bill_object(payout).items() if name != "appid"}
        self._desk.world.notices.publish(
            notify.plain_notice(
                self._desk,
                resource,
                order=(payout.merchant_id, payout.out_biz_no, payout.label),
                event="transfer",
                url=url,
                about=state_of(payout),
                context={
                    ASKED_SERIAL: payout.details[ASKED_SERIAL],
                    "event_type": "MCHTRANSFER.BILL.FINISHED",
                    "original_type": "mch_payment",
                    "summary": "商家转账单据终态通知",
                },
            )
        )


def state_of(payout: Payout) -> str:
    """
    The vendor's word.

    Facts: wechatpay/transfer-bills
    """
    return payout.notes.get(_STATE) or _WORDS[payout.state]


def bill_object(payout: Payout) -> dict[str, object]:
    """A transfer as queries and notifies show it."""
    said: dict[str, object] = {
        "mch_id": payout.merchant_id,
        "out_bill_no": payout.out_biz_no,
        "transfer_bill_no": payout.order_no,
        "appid": payout.details["appid"],
        "state": state_of(payout),
        "transfer_amount": payout.amount_fen,
        "transfer_remark": payout.details["remark"],
        "openid": payout.payee,
        "create_time": rfc3339(payout.asked_at),
        "update_time": rfc3339(payout.settled_at or payout.asked_at),
    }
    if "fail_reason" in payout.notes:
        said["fail_reason"] = payout.notes["fail_reason"]
    return said


def _asked(clues: Clues) -> str:
    return clues.text("out_bill_no")


def _in_path(clues: Clues) -> str:
    return clues.path.get("number", "")


def _behind(desk: Desk, clues: Clues) -> str:
    found = desk.book.payouts.by_order_no(PROVIDER_NAME, _in_path(clues))
    return "" if found is None else found.out_biz_no


def enter(add: Enter, desk: Desk) -> None:
    """
    The APIs of this module.

    Facts: wechatpay/api-list
    """
    mine = Transfers(desk)
    add("POST", _BASE, Api("v3.transfer", mine.create, _asked, has_body=True))
    by_number = Api("v3.transfer.query", mine.query_by_out_bill_no, _in_path)
    add("GET", f"{_BASE}/out-bill-no/{{number}}", by_number)
    by_bill_no = Api("v3.transfer.query", mine.query_by_bill_no, partial(_behind, desk))
    add("GET", f"{_BASE}/transfer-bill-no/{{number}}", by_bill_no)
    add("POST", f"{_BASE}/out-bill-no/{{number}}/cancel", Api("v3.transfer.cancel", mine.cancel, _in_path))
