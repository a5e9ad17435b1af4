"""
UnionPay's reconciliation file, to the letter, as each client takes it apart.
"""

import zipfile
import zlib
from base64 import b64decode
from datetime import date, timedelta
from io import BytesIO

import pytest

from mock_providers.core.books.planted import Difference, DifferenceKind
from tests.unit.mock_providers.unionpay_desk import NOW, Desk

pytestmark = pytest.mark.asyncio

_A_DAY_S = timedelta(hours=22).total_seconds()  # 09:04 in Beijing, the next day
# As the demos slice a line: 1-based start and length of each column. Facts: unionpay/file-columns
COLUMNS = {
    "code": (1, 3),
    "acquirer": (5, 11),
    "forwarder": (17, 11),
    "traceNo": (29, 6),
    "traceTime": (36, 10),
    "account": (47, 19),
    "txnAmt": (67, 12),
    "queryId": (88, 21),
    "orderId": (113, 32),
    "card": (146, 2),
    "origTraceNo": (149, 6),
    "origTraceTime": (156, 10),
    "fee": (167, 13),
    "settle": (181, 13),
    "txnType": (216, 2),
    "txnSubType": (219, 2),
    "bizType": (222, 6),
    "origQryId": (272, 21),
    "merId": (294, 15),
    "subMerId": (312, 15),
    "subAmount": (361, 13),
    "net": (375, 13),
    "termId": (389, 8),
    "reserved": (398, 32),
    "discount": (431, 13),
    "instalments": (472, 2),
    "medium": (475, 1),
    "rest": (477, 131),
}


def asked(desk, **more):
    fields = {"txnType": "76", "txnSubType": "01", "bizType": "000000", "txnTime": NOW, "fileType": "00", **more}
    return desk.ask("file", {"settleDate": "0102", **fields})


def members(answer) -> dict[str, str]:
    content = zlib.decompress(b64decode(answer["fileContent"], validate=True))
    with zipfile.ZipFile(BytesIO(content)) as archive:
        return {name: archive.read(name).decode("gbk") for name in archive.namelist()}


def rows(answer) -> list[dict[str, str]]:
    text = next(text for name, text in members(answer).items() if name[11:14] == "ZM_")
    assert text == "" or text.endswith("\r\n")
    lines = text.split("\r\n")[:-1]
    assert all(len(line) == len(line.encode("gbk")) == 607 for line in lines)
    return [{name: line[at - 1 : at - 1 + size] for name, (at, size) in COLUMNS.items()} for line in lines]


async def settled(credentials_dir, **switches) -> Desk:
    desk = Desk(credentials_dir, **switches)
    paid = desk.consume(txnAmt="476800", reqReserved="tip pp000001")["queryId"]
    desk.back("04", "refund01", origQryId=paid, txnAmt="100")
    await desk.schedule.advance(_A_DAY_S)
    return desk


async def test_a_payments_line_has_every_column_in_its_place(credentials_dir):
    desk = await settled(credentials_dir)
    payment, refund = rows(asked(desk))
    number = desk.trade().trade_no or ""
    assert payment["code"] == "S56"
    assert (payment["txnAmt"], payment["fee"], payment["settle"]) == ("000000476800", "D000000002861", "C000000473939")
    assert (payment["queryId"], payment["traceNo"], payment["traceTime"]) == (
        number, number[14:20], "0102110405",
    )  # fmt: skip
    assert (payment["orderId"], payment["merId"]) == ("order001".ljust(32), desk.merchant.mer_id)
    assert (payment["account"], payment["reserved"]) == ("6221********0000".ljust(19), "tip pp000001".ljust(32))
    assert (payment["subMerId"], payment["discount"]) == ("0" * 15, " 000000000000")
    assert (payment["origTraceNo"], payment["origQryId"], payment["rest"]) == (" " * 6, " " * 21, " " * 131)
    assert (refund["txnType"], refund["origQryId"], refund["settle"]) == ("04", number, "D000000000100")
    assert (refund["origTraceNo"], refund["origTraceTime"]) == (number[14:20], "0102110405")


async def test_the_members_have_the_names_that_clients_look_for(credentials_dir):
    desk = await settled(credentials_dir)
    answer = asked(desk)
    mer_id = desk.merchant.mer_id
    found = members(answer)
    assert list(found) == [f"INN26010288ZM_{mer_id}", f"INN26010288ZME_{mer_id}", f"RD201026010288_{mer_id}"]
    assert found[f"INN26010288ZME_{mer_id}"] == ""
    summary = found[f"RD201026010288_{mer_id}"]
    assert "消费 1 0.00 4768.00 28.61 0.00 0.00 4739.39" in summary
    assert "退货 1 1.00 0.00 0.00 0.00 1.00 0.00" in summary
    assert (answer["fileType"], answer["settleDate"], answer["respCode"]) == ("00", "0102", "00")


async def test_the_file_is_there_from_nine_in_the_morning_on(unionpay):
    unionpay.consume()
    assert asked(unionpay)["respMsg"][:5] == "文件不存在"
    await unionpay.schedule.advance(_A_DAY_S - 300)
    assert asked(unionpay)["respCode"] == "98"
    await unionpay.schedule.advance(300)
    assert asked(unionpay)["respCode"] == "00"


async def test_a_day_without_transactions_has_no_file_or_an_empty_one(credentials_dir):
    desk = await settled(credentials_dir)
    assert asked(desk, settleDate="0101")["respCode"] == "98"
    generous = await settled(credentials_dir, file_day_empty=True)
    assert rows(asked(generous, settleDate="0101")) == []


@pytest.mark.parametrize(("more", "code"), [
    ({"settleDate": "1332"}, "10"),
    ({"settleDate": "0230"}, "10"),
    ({"settleDate": None}, "13"),
    ({"fileType": None}, "13"),
    ({"fileType": "01"}, "10"),
])  # fmt: skip
async def test_a_request_that_makes_no_sense(unionpay, more, code):
    assert asked(unionpay, **more)["respCode"] == code


async def test_the_night_belongs_to_the_next_day(unionpay):
    unionpay.consume(txnAmt="1")
    await unionpay.schedule.advance(timedelta(hours=11, minutes=57).total_seconds())  # 23:01
    unionpay.consume(order="order002", txnAmt="2", txnTime="20260102230105")
    assert unionpay.query("order002", txnTime="20260102230105")["settleDate"] == "0103"
    await unionpay.schedule.advance(timedelta(days=2).total_seconds())
    assert [row["txnAmt"] for row in rows(asked(unionpay))] == ["000000000001"]
    assert [row["txnAmt"] for row in rows(asked(unionpay, settleDate="0103"))] == ["000000000002"]


async def test_pre_authorisations_are_nobodys_money_and_completions_are(unionpay):
    held = unionpay.held(amount="500")
    unionpay.back("03", "comp0001", origQryId=held, txnAmt="400")
    await unionpay.schedule.advance(_A_DAY_S)
    assert [(row["txnType"], row["txnAmt"]) for row in rows(asked(unionpay))] == [("03", "000000000400")]


async def test_anybody_may_try_with_the_testers_number(credentials_dir):
    desk = await settled(credentials_dir)
    answer = asked(desk, merId="700000000000001", settleDate="0119")
    assert [row["merId"] for row in rows(answer)] == ["700000000000001"] * 2
    assert asked(Desk(credentials_dir), merId="700000000000001", settleDate="0119")["respCode"] == "98"
    assert desk.query(merId="700000000000001")["respCode"] == "31"


PLANTED = {
    DifferenceKind.MISSING_ROW: ["000000000100"],
    DifferenceKind.EXTRA_ROW: ["000000476800", "000000476800", "000000000100"],
    DifferenceKind.AMOUNT: ["000000476805", "000000000100"],
    DifferenceKind.FEE: ["000000476800", "000000000100"],
    DifferenceKind.REFUND_OTHER_DAY: ["000000476800"],
    DifferenceKind.EMPTY_BILL: [],
}


@pytest.mark.parametrize("kind", PLANTED)
async def test_planted_differences_stand_in_the_file_and_nowhere_else(credentials_dir, kind):
    desk = await settled(credentials_dir)
    day = date(2026, 1, 2)
    desk.book.planted.add(Difference("unionpay", desk.merchant.mer_id, day, kind, add_fen=5))
    found = rows(asked(desk))
    assert [row["txnAmt"] for row in found] == PLANTED[kind]
    if kind is DifferenceKind.FEE:
        assert found[0]["fee"] == "D000000002866"
    if kind is DifferenceKind.REFUND_OTHER_DAY:
        await desk.schedule.advance(_A_DAY_S * 2)
        assert [row["txnType"] for row in rows(asked(desk, settleDate="0103"))] == ["04"]
    if kind is DifferenceKind.EXTRA_ROW:
        assert len({row["queryId"] for row in found}) == 3
    assert desk.query()["txnAmt"] == "476800"
