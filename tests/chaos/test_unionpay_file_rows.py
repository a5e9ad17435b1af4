"""
Rows of UnionPay's chaos table about the reconciliation file, over the wire.
"""

import zipfile
import zlib
from base64 import b64decode
from io import BytesIO

import pytest
import pytest_asyncio

from tests.chaos.unionpay_kit import DAY_S, Union, union

pytestmark = pytest.mark.asyncio

KINDS = {
    "missing_row": 1,
    "extra_row": 3,
    "amount": 2,
    "fee": 2,
    "refund_other_day": 1,
    "empty_bill": 0,
}


@pytest_asyncio.fixture
async def shop(credentials_dir):
    async with union(credentials_dir) as shop:
        yield shop


async def two_rows(shop: Union) -> None:
    paid = await shop.consume()
    await shop.give_back("04", "refund01", paid["queryId"], "40")


async def rows(shop: Union, day: str = "0102") -> list[str]:
    await shop.file(day)
    answer = (await shop.answers("fileTransfer/76"))[-1]
    return unpacked(answer["fileContent"])


def unpacked(content: str) -> list[str]:
    with zipfile.ZipFile(BytesIO(zlib.decompress(b64decode(content, validate=True)))) as archive:
        (name,) = [one for one in archive.namelist() if one[11:14] == "ZM_"]
        return archive.read(name).decode("gbk").splitlines()


async def test_row_33_no_file_until_it_is_ready(shop: Union):
    await two_rows(shop)
    await shop.file()
    await shop.box.advance(DAY_S)
    assert len(await rows(shop)) == 2
    assert [one["respCode"] for one in await shop.answers("fileTransfer/76")] == ["98", "00"]


@pytest.mark.parametrize("kind", KINDS)
async def test_row_33_differences_on_request(shop: Union, kind):
    await two_rows(shop)
    true_amounts = ["000000000100", "000000000040"]
    planted = {
        "provider": "unionpay",
        "merchant_id": shop.merchant.mer_id,
        "day": "2026-01-02",
        "kind": kind,
        "add_fen": 7,
    }
    await shop.box.control("POST", "/bills/planted", planted)
    await shop.box.advance(DAY_S)
    found = await rows(shop)
    assert len(found) == KINDS[kind]
    amounts = [line[66:78] for line in found]
    assert (amounts == true_amounts) == (kind == "fee")
    if kind == "fee":
        assert found[0][166:179] == "D000000000008"
    assert (await shop.query())["txnAmt"] == "100"


@pytest.mark.parametrize(
    ("fault", "more"), [("malformed_body", {}), ("bad_signature", {}), ("http_error", {"status": 500})]
)
async def test_row_33_content_that_cannot_be_believed(shop: Union, fault, more):
    await two_rows(shop)
    await shop.box.advance(DAY_S)
    where = {"on": "reply", "api": "fileTransfer/76", "first": 1}
    await shop.box.control("POST", "/faults/rules", {"id": "r", "fault": fault, "where": where, "with": more})
    fields = {"txnType": "76", "txnSubType": "01", "bizType": "000000", "fileType": "00", "settleDate": "0102"}
    status, body = await shop.raw("file", {**fields, "txnTime": "20260103110405"})
    assert status == more.get("status", 200)
    assert not shop.believes(body)
    assert len(await rows(shop)) == 2


async def test_row_34_a_refund_in_the_file_of_another_day(shop: Union):
    await two_rows(shop)
    planted = {
        "provider": "unionpay",
        "merchant_id": shop.merchant.mer_id,
        "day": "2026-01-02",
        "kind": "refund_other_day",
    }
    await shop.box.control("POST", "/bills/planted", planted)
    await shop.box.advance(2 * DAY_S)
    assert [line[215:217] for line in await rows(shop)] == ["01"]
    assert [line[215:217] for line in await rows(shop, "0103")] == ["04"]
