"""
The table of codes: complete against the facts page, and every code of every call's enum on demand, with what it carries.
"""

import json
import re
from pathlib import Path

import pytest

from mock_providers.alipay import codes
from mock_providers.alipay.methods import METHODS
from mock_providers.core.plans import AnswerShape
from tests.unit.mock_providers.alipay_desk import NOTIFY_URL, Desk, post

pytestmark = pytest.mark.asyncio

PAGE = (Path(__file__).parents[3] / "docs" / "protocols" / "alipay.md").read_text(encoding="utf-8")
ZEROS = {"buyer_pay_amount": "0.00", "invoice_amount": "0.00", "point_amount": "0.00", "receipt_amount": "0.00"}
EXTRA = {
    "alipay.trade.pay": ZEROS,
    "alipay.trade.precreate": ZEROS,
    "alipay.trade.create": ZEROS,
    "alipay.trade.query": ZEROS,
    "alipay.trade.refund": {"refund_fee": "0.00", "send_back_fee": "0.00"},
    "alipay.trade.refund.apply": {"refund_fee": "0.00", "send_back_fee": "0.00"},
    "alipay.trade.cancel": {"retry_flag": "N"},
}
ORDER = {
    "out_trade_no": "o1", "total_amount": "1.23", "subject": "tip pp000001", "auth_code": "280000000000000001",
    "buyer_id": "2088000000000001", "refund_amount": "0.23", "out_request_no": "r1", "bill_type": "trade",
    "bill_date": "2026-01-01", "out_biz_no": "b1", "trans_amount": "1.00", "product_code": "TRANS_ACCOUNT_NO_PWD",
    "biz_scene": "DIRECT_TRANSFER", "payee_info": {"identity": "2088000000000009", "identity_type": "ALIPAY_USER_ID"},
}  # fmt: skip
CALLS = [name for name, method in METHODS.items() if method.call in codes.table().calls and not method.page]


def section(anchor: str) -> str:
    start = PAGE.index(f'<a id="alipay/{anchor}"></a>')
    return PAGE[start : PAGE.index("<a id=", start + 1)]


def refused(desk: Desk, method: str, word: str, *, work: bool = False) -> dict:
    """
    What a call is told when a fault asks for a refusal; the call must be admitted.
    """
    certified = json.loads((desk.merchant.directory / "credentials.json").read_text())["alipay"]
    serials = {name: certified[name] for name in ("app_cert_sn", "alipay_root_cert_sn")}
    call = desk.read(post(desk.merchant.signed(method, ORDER, notify_url=NOTIFY_URL, **serials)))
    assert call.faultable
    body = call.perform(AnswerShape(refuse=word, work=work)).body
    return dict(json.loads(body)[method.replace(".", "_") + "_response"])


async def test_the_table_has_every_code_of_the_facts_page_and_no_other():
    named = set(re.findall(r"`((?:ACQ|AQC)\.[A-Z_]+)`", section("business-codes")))
    named |= set(re.findall(r"`([A-Z_]{8,})`", section("transfer-codes")))
    bills = {*re.findall(r"`([A-Z_]+)`", section("bills").partition("Errors:")[2])}
    assert named | bills | {"TRADE_NOT_EXIST", "NO_ORDER_PERMISSION"} == set(codes.table().business)


async def test_the_table_has_every_sub_code_of_the_gateway():
    text = section("gateway-codes")
    rows = [line.split("|") for line in text.splitlines() if re.match(r"\| `\d{5}`", line)]
    for _, code, _, subs, _ in rows:
        for sub in re.findall(r"`((?:isv|isp|aop)\.[a-zA-Z_.-]+|[a-z]+-[a-z-]+)`", subs):
            assert codes.table().gateway[sub][0] == code.strip(" `"), sub
    assert {code for code, _ in codes.table().gateway.values()} < set(codes.table().msgs)


@pytest.mark.parametrize("method", CALLS)
async def test_every_code_of_a_calls_enum_can_be_demanded_with_what_it_carries(desk, method):
    for code in codes.table().calls[METHODS[method].call]:
        answer = refused(desk, method, code)
        assert (answer["code"], answer["msg"], answer["sub_code"]) == ("40004", "Business Failed", code)
        assert answer["sub_msg"] == (codes.table().business[code] or code.rpartition(".")[2])
        carried = dict(EXTRA.get(method, {}))
        if "retry_flag" in carried and ("SYSTEM_ERROR" in code or "BALANCE" in code):
            carried["retry_flag"] = "Y"
        assert answer.items() >= carried.items()
        assert answer.get("out_trade_no") == ("o1" if carried else None)
    assert desk.book.page(after=0, limit=9, provider=None, now=desk.schedule.now()) == ([], None)


@pytest.mark.parametrize("sub_code", sorted(codes.table().gateway))
async def test_every_sub_code_of_the_gateway_can_be_demanded(desk, sub_code):
    answer = refused(desk, "alipay.trade.query", sub_code)
    code, text = codes.table().gateway[sub_code]
    assert (answer["code"], answer["msg"], answer["sub_code"]) == (code, codes.table().msgs[code], sub_code)
    assert answer["sub_msg"] == text


WORDS = [
    ("alipay.trade.precreate", "system_error", "40004", "ACQ.SYSTEM_ERROR"),
    ("alipay.trade.cancel", "system_error", "40004", "AQC.SYSTEM_ERROR"),
    ("alipay.data.dataservice.bill.downloadurl.query", "system_error", "20000", "isp.unknow-error"),
    ("alipay.fund.trans.uni.transfer", "system_error", "40004", "SYSTEM_ERROR"),
    ("alipay.trade.refund", "busy", "40005", "isv.app-call-limited"),
    ("alipay.trade.close", "in_process", "40004", "ACQ.SYSTEM_ERROR"),
    ("alipay.trade.pay", "PAYMENT_FAIL", "40004", "ACQ.PAYMENT_FAIL"),
    ("alipay.trade.pay", "ACQ.INVENTED_TOMORROW", "40004", "ACQ.INVENTED_TOMORROW"),
]


@pytest.mark.parametrize(("method", "word", "code", "sub_code"), WORDS)
async def test_each_word_of_a_fault_becomes_the_calls_own_code(desk, method, word, code, sub_code):
    answer = refused(desk, method, word)
    assert (answer["code"], answer["sub_code"]) == (code, sub_code)


async def test_system_error_after_the_work_and_without_it(desk):
    assert refused(desk, "alipay.trade.precreate", "system_error")["sub_code"] == "ACQ.SYSTEM_ERROR"
    assert desk.query()["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    desk.paid()
    assert refused(desk, "alipay.trade.refund", "system_error")["sub_code"] == "ACQ.SYSTEM_ERROR"
    assert desk.trade().refunded_fen == 0
    assert refused(desk, "alipay.trade.refund", "system_error", work=True)["refund_fee"] == "0.00"
    assert desk.trade().refunded_fen == 23


async def test_a_query_in_process_has_not_heard_of_the_payment(desk):
    assert refused(desk, "alipay.trade.query", "in_process")["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    desk.paid()
    answer = refused(desk, "alipay.trade.query", "in_process")
    assert (answer["trade_status"], answer["receipt_amount"]) == ("WAIT_BUYER_PAY", "0.00")
    assert "send_pay_date" not in answer


@pytest.mark.parametrize("work", [True, False])
async def test_a_refund_in_process_moves_nothing_yet(desk, work):
    desk.paid()
    answer = refused(desk, "alipay.trade.refund", "in_process", work=work)
    assert (answer["code"], answer["fund_change"], answer["send_back_fee"]) == ("10000", "N", "0.00")
    unknown = desk.call("alipay.trade.fastpay.refund.query", {"out_trade_no": "o1", "out_request_no": "r1"})
    assert "refund_status" not in unknown
    await desk.schedule.advance(10)
    known = desk.call("alipay.trade.fastpay.refund.query", {"out_trade_no": "o1", "out_request_no": "r1"})
    assert known.get("refund_status") == ("REFUND_SUCCESS" if work else None)
    assert [notice.event for notice in desk.published.notices] == ["payment", "refund"][: 1 + work]
    assert desk.trade().refundable_fen == (100 if work else 123)
    again = desk.refund("0.23", request_no="r1")
    assert again["fund_change"] == ("N" if work else "Y")
