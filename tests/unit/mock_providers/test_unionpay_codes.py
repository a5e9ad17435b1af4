"""
Every respCode that UnionPay's documents name can be answered, and says of the money what it says there.
"""

import re

import pytest

from mock_providers.core.books.book import TradeState
from mock_providers.core.plans import AnswerShape, Seal
from mock_providers.unionpay.codes import KNOWN, SUCCESS, UNKNOWN_OUTCOME, result
from tests.unit.mock_providers.unionpay_desk import CARD, NOW, Desk

pytestmark = pytest.mark.asyncio

NAMED = """
00 A6 01 02 03 04 05 06 10 11 12 13 14 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45
60 61 62 63 64 65 66 67 68 69 70 71 72 73 74 75 76 77 78 79 80 81 82 83 84 87 89
90 91 92 93 94 95 96 98 99
"""
CODES = NAMED.split()
CONSUME = {
    "txnType": "01",
    "txnSubType": "01",
    "bizType": "000301",
    "orderId": "order001",
    "txnTime": NOW,
    "txnAmt": "100",
    "accNo": CARD,
    "backUrl": "http://127.0.0.1:9/n",
}


def query(order: str = "order001") -> dict[str, str]:
    return {"txnType": "00", "txnSubType": "00", "bizType": "000000", "orderId": order, "txnTime": NOW}


async def test_all_codes_of_the_documents_are_known_and_no_others():
    assert sorted(CODES) == sorted(KNOWN)
    assert set(SUCCESS) == {"00", "A6"}
    assert set(UNKNOWN_OUTCOME) == {"03", "04", "05", "06", "70", "74", "83"}


@pytest.mark.parametrize("code", [*CODES, "Z9"])
async def test_a_message_is_chinese_text_with_seven_digits(code):
    assert re.fullmatch(r"[^\[\]&=]+\[\d{7}\]", result(code).text)
    assert re.search(r"[\u4e00-\u9fff]", result(code).text)


@pytest.mark.parametrize("code", CODES)
async def test_every_code_can_be_answered_and_the_book_agrees(unionpay, code):
    answer = unionpay.ask("back", CONSUME, AnswerShape(refuse=code, work=False))
    assert (answer["respCode"], answer["respMsg"]) == (code, result(code).text)
    queried = unionpay.ask("query", query())
    found = queried.get("origRespCode", queried["respCode"])
    if code in SUCCESS:
        assert (found, unionpay.trade().state) == (code, TradeState.PAID)
    else:
        assert found == ("01" if code in {"03", "04", "05", "83"} else "34")


@pytest.mark.parametrize("code", sorted(set(CODES) - SUCCESS))
async def test_every_code_can_hide_money_that_moved(unionpay, code):
    answer = unionpay.ask("back", CONSUME, AnswerShape(refuse=code, work=True))
    assert answer["respCode"] == code
    assert "queryId" not in answer
    assert unionpay.ask("query", query())["origRespCode"] == "00"
    assert [notice.event for notice in unionpay.published.notices] == ["payment"]


@pytest.mark.parametrize("code", CODES)
async def test_a_query_speaks_of_itself_or_of_the_transaction(unionpay, code):
    unionpay.consume()
    answer = unionpay.ask("query", query(), AnswerShape(refuse=code, work=False))
    of_transaction = code in {"A6", "01", "03", "04", "05", "30", "33", "38", "42"} or "60" <= code <= "89"
    if of_transaction:
        assert (answer["respCode"], answer["origRespCode"]) == ("00", code)
    else:
        assert (answer["respCode"], "origRespCode" in answer) == (code, False)


@pytest.mark.parametrize(("word", "code"), [("system_error", "03"), ("busy", "06"), ("in_process", "05")])
async def test_the_words_of_all_vendors_have_their_codes_here(unionpay, word, code):
    assert unionpay.ask("back", CONSUME, AnswerShape(refuse=word, work=True))["respCode"] == code


async def test_an_undone_transaction_failed_or_was_never_there(credentials_dir):
    for policy, found in (("failed", "01"), ("absent", "34")):
        desk = Desk(credentials_dir, undone=policy)
        desk.ask("back", CONSUME, AnswerShape(refuse="04", work=False))
        queried = desk.ask("query", query())
        assert queried.get("origRespCode", queried["respCode"]) == found
        assert len(desk.published.notices) == (policy == "failed")


@pytest.mark.parametrize("method", ["01", "11", "12", "21"])
async def test_the_next_certificate_is_as_good_as_the_present_one(unionpay, method):
    unionpay.method = method
    answer = unionpay.ask("back", CONSUME, AnswerShape(seal=Seal.NEXT))
    assert answer["respCode"] == "00"
    if method in {"01", "21"}:
        mark = "sm2_" if method == "21" else ""
        assert answer["signPubKeyCert"] != unionpay.merchant.file(f"acp_test_{mark}verify_sign.cer").replace(
            "\n", "\r\n"
        )
