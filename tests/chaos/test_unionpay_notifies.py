"""
Rows of UnionPay's chaos table about notifies: how often, in what order, by whose hand, with what in them.
"""

import asyncio
import shutil
import subprocess
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import pytest
import pytest_asyncio
from cryptography import x509

from tests.chaos.unionpay_kit import LADDER_S, NOW, Union, form, sent, union
from tests.cross.unionpay_parsers import official_java
from tests.loopback.sandbox import SUCCESS

pytestmark = pytest.mark.asyncio

_OPENSSL = shutil.which("openssl") or ""


@pytest_asyncio.fixture
async def shop(credentials_dir):
    async with union(credentials_dir) as shop:
        yield shop


@pytest.mark.parametrize("concurrent", [False, True])
async def test_row_1_the_same_notify_several_times(shop: Union, concurrent):
    await shop.box.rule("duplicate", {"on": "notify"}, copies=4, concurrent=concurrent)
    shop.box.receiver.together = 4 if concurrent else 0
    await shop.consume()
    await shop.box.receiver.until(5)
    await shop.box.advance(LADDER_S)
    bodies = {one["body"] for one in await shop.box.journal("out")}
    assert len(bodies) == 1
    assert shop.box.receiver.at_once_max == (4 if concurrent else 1)
    assert shop.merchant.verified(form(bodies.pop()))


async def test_row_2_a_notify_before_the_answer(shop: Union):
    await shop.box.rule("before_response", {"on": "reply", "api": "backTransReq/01"}, patience_s=5)
    await shop.consume()
    entries = (await shop.box.control("GET", "/journal"))["items"]
    assert [(one["direction"], one["api"]) for one in entries] == [("out", "payment"), ("in", "backTransReq/01")]


async def test_row_3_a_notify_that_never_comes(shop: Union):
    await shop.box.rule("drop_all", {"on": "notify"})
    await shop.consume()
    await shop.box.advance(LADDER_S, until_idle=True)
    assert await shop.box.journal("out") == []
    assert (await shop.query())["origRespCode"] == "00"
    await shop.box.advance(86_400)
    assert (await shop.file())["respCode"] == "00"


@pytest.mark.parametrize("fault", ["tampered_amount", "forged_signature"])
async def test_row_11_another_amount_or_another_hand(shop: Union, fault):
    more = {"add_fen": 900, "signed": False} if fault == "tampered_amount" else {}
    await shop.box.rule(fault, {"on": "notify"}, **more)
    await shop.consume()
    await shop.box.receiver.until(2)
    told = await shop.told()
    judged = [
        shop.merchant.verified(one)
        and one["signPubKeyCert"] == shop.merchant.file("acp_test_verify_sign.cer").replace("\n", "\r\n")
        for one in told
    ]
    assert sorted(judged) == [False, True]
    wrong = told[judged.index(False)]
    assert (wrong["txnAmt"] == "1000") == (fault == "tampered_amount")


@pytest.mark.parametrize(("fault", "name", "more"), [
    ("tampered_amount", "txnAmt", {"add_fen": 900, "signed": True}),
    ("wrong_recipient", "merId", {"which": "merchant"}),
    ("unknown_order", "orderId", {}),
])  # fmt: skip
async def test_row_12_signed_rightly_and_not_what_was_ordered(shop: Union, fault, name, more):
    await shop.box.rule(fault, {"on": "notify"}, **more)
    await shop.consume()
    await shop.box.receiver.until(2)
    told = await shop.told()
    assert all(shop.merchant.verified(one) for one in told)
    assert len({one[name] for one in told}) == 2
    assert len({one["queryId"] for one in told}) == 1


@pytest.mark.skipif(not _OPENSSL, reason="there is no openssl command here")
async def test_row_13_the_leaf_has_changed_and_its_chain_is_good(shop: Union, tmp_path):
    await shop.box.rule("certificate_rotation", {"on": "notify", "api": "payment"})
    await shop.consume()
    await shop.box.receiver.until(1)
    (told,) = await shop.told()
    assert shop.merchant.verified(told)
    assert serial(told["signPubKeyCert"]) != serial(shop.merchant.file("acp_test_verify_sign.cer"))
    assert trusted(shop, told["signPubKeyCert"], tmp_path)
    assert subject(told["signPubKeyCert"]).split("@")[2] == "中国银联股份有限公司"


@pytest.mark.skipif(not _OPENSSL, reason="there is no openssl command here")
@pytest.mark.parametrize("leaf", ["expired", "not_yet_valid", "wrong_cn", "self_signed", "foreign_chain"])
async def test_row_14_a_leaf_that_must_be_refused(credentials_dir, tmp_path, leaf):
    async with union(credentials_dir, unionpay_leaf=leaf) as shop:
        await shop.consume()
        await shop.box.receiver.until(1)
        (told,) = await shop.told()
    refused_rightly(shop, told, leaf, tmp_path)


# Faults that have single messages bear what the setting has all of them bear.
_BAD_LEAVES = {
    "wrong_key": "self_signed",
    "expired_certificate": "expired",
    "wrong_certificate_name": "wrong_cn",
    "foreign_chain": "foreign_chain",
}


@pytest.mark.skipif(not _OPENSSL, reason="there is no openssl command here")
@pytest.mark.parametrize("fault", _BAD_LEAVES)
async def test_row_14_one_notify_and_one_answer_below_such_a_leaf(shop: Union, tmp_path, fault):
    await shop.struck_once(fault)
    _, body = await shop.raw("back", shop.consumption())
    await shop.box.advance(LADDER_S)
    struck, after = await shop.told()
    for told in (struck, official_java(body.decode())):
        refused_rightly(shop, told, _BAD_LEAVES[fault], tmp_path)
    assert trusted(shop, after["signPubKeyCert"], tmp_path)
    assert {name for name in after if after[name] != struck[name]} == {"signPubKeyCert", "signature"}


def refused_rightly(shop: Union, told: dict[str, str], leaf: str, folder) -> None:
    """
    The signature fits the certificate shown, and everything but one thing is in order.
    """
    pem = told["signPubKeyCert"]
    assert shop.merchant.verified(told)
    assert trusted(shop, pem, folder) == (leaf == "wrong_cn")
    company = subject(pem).split("@")[2]
    assert company == ("700000000000001:SIGN" if leaf == "wrong_cn" else "中国银联股份有限公司")
    dated = datetime.fromtimestamp(1767323045, UTC) < x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc
    assert dated == (leaf != "expired")


def serial(pem: str) -> int:
    return x509.load_pem_x509_certificate(pem.encode()).serial_number


def subject(pem: str) -> str:
    name = x509.load_pem_x509_certificate(pem.encode()).subject
    return str(name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)


def trusted(shop: Union, pem: str, folder) -> bool:
    """
    What PKIX says of the chain and the dates, by openssl.
    """
    (folder / "leaf.pem").write_text(pem)
    files = shop.merchant.directory / "unionpay"
    chain = ["-CAfile", files / "acp_test_root.cer", "-untrusted", files / "acp_test_middle.cer"]
    command = [_OPENSSL, "verify", "-attime", "1767323045", *chain, folder / "leaf.pem"]
    return subprocess.run(command, capture_output=True, check=False, timeout=30).returncode == 0


async def test_row_17_a_notify_in_gbk(shop: Union):
    await shop.box.rule("wrong_encoding", {"on": "notify"}, charset="gbk")
    await shop.consume()
    await shop.box.receiver.until(1)
    (entry,) = await shop.box.journal("out")
    told = form(sent(entry), codec="gbk")
    assert (told["encoding"], told["respMsg"]) == ("GBK", "成功[0000000]")
    assert shop.merchant.verified(told, codec="gbk")
    assert not shop.merchant.verified(form(sent(entry)))


async def test_row_18_odd_characters_come_back_letter_by_letter(shop: Union):
    for number, text in enumerate(["a b+c%20d 中文", "{a=1&b=2}", "50%=x", "[a&b]", "pp000001"]):
        order = f"order10{number}"
        answer = await shop.consume(order, reqReserved=text)
        assert answer["reqReserved"] == text
        assert (await shop.query(order))["reqReserved"] == text
        await shop.box.receiver.until(number + 1)
    told = await shop.told()
    assert [one["reqReserved"] for one in told] == ["a b+c%20d 中文", "{a=1&b=2}", "50%=x", "[a&b]", "pp000001"]
    assert all(shop.merchant.verified(one) for one in told)


async def test_row_19_an_address_with_a_query_of_its_own(shop: Union):
    await shop.consume(backUrl=f"{shop.box.receiver.url}?room=7&txnAmt=1")
    await shop.box.receiver.until(1)
    (entry,) = await shop.box.journal("out")
    assert entry["request"]["target"].endswith("?room=7&txnAmt=1")
    told = form(sent(entry))
    assert shop.merchant.verified(told)
    assert not shop.merchant.verified({**dict(parse_qsl("room=7&txnAmt=1")), **told})


async def test_row_31_a_merchant_who_answers_otherwise_is_told_again(shop: Union):
    answers = iter([(500, b""), (302, b""), (404, b"ok"), SUCCESS])
    shop.box.receiver.answer = lambda _: next(answers)
    await shop.consume()
    await shop.box.advance(LADDER_S)
    entries = await shop.box.journal("out")
    assert [one["response"]["status"] for one in entries] == [500, 302, 404, 200]
    assert len({one["body"] for one in entries}) == 1


@pytest.mark.parametrize(("waits", "sends"), [("newer", [0, 60, 180, 420, 720]), ("older", [0, 0, 60, 180, 420])])
async def test_row_31_the_two_schedules_that_documents_name(credentials_dir, waits, sends):
    async with union(credentials_dir, unionpay_retry_waits=waits) as shop:
        shop.box.receiver.answer = lambda _: (500, b"")
        await shop.consume()
        await shop.box.advance(LADDER_S)
        entries = await shop.box.journal("out")
    assert [seconds_since(entries[0], one) for one in entries] == sends


def seconds_since(first, entry) -> int:
    moments = [datetime.fromisoformat(one["schedule_at"]) for one in (first, entry)]
    return round((moments[1] - moments[0]).total_seconds())


async def test_row_32_a_refund_is_told_before_the_payment(shop: Union):
    await shop.box.rule("refund_before_payment", {"on": "notify", "api": "payment"})
    paid = await shop.consume()
    await shop.give_back("04", "refund01", paid["queryId"], "40")
    await shop.box.receiver.until(2)
    told = await shop.told()
    assert [one["txnType"] for one in told] == ["04", "01"]
    assert told[0]["origQryId"] == told[1]["queryId"] == paid["queryId"]


async def test_row_38_fields_that_nobody_has_heard_of(shop: Union):
    await shop.box.rule("extra_fields", {"on": "notify"}, count=3)
    await shop.consume()
    await shop.box.receiver.until(1)
    (told,) = await shop.told()
    assert {"newField1", "newField2", "newField3"} <= told.keys()
    assert shop.merchant.verified(told)
    assert not shop.merchant.verified({name: value for name, value in told.items() if name != "newField2"})


async def test_row_40_one_order_of_the_shops_paid_twice(shop: Union):
    for order in ("order001", "order002"):
        await shop.app(order)
        await shop.pays(order)
    await shop.box.receiver.until(2)
    told = await shop.told()
    assert {one["reqReserved"] for one in told} == {"tip pp000001"}
    assert len({one["queryId"] for one in told}) == 2
    refunded = await shop.give_back("04", "refund01", told[1]["queryId"])
    assert refunded["respCode"] == "00"


async def test_rows_1_and_11_nothing_is_lost_on_the_way(shop: Union):
    """
    Ten orders at once: each is told once, with its own numbers.
    """
    await asyncio.gather(*(shop.consume(f"order{number:03d}") for number in range(10)))
    await shop.box.receiver.until(10)
    told = await shop.told()
    assert sorted(one["orderId"] for one in told) == [f"order{number:03d}" for number in range(10)]
    assert {one["txnTime"] for one in told} == {NOW}
