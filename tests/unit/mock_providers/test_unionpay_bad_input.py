"""
Bad input: always an answer in the vendor's words, and the book unharmed.
"""

from urllib.parse import quote, urlencode

import pytest
from cryptography import x509

from mock_providers.core.wire.journal import RawRequest
from mock_providers.registry import make_credentials
from tests.cross.unionpay_parsers import official_java
from tests.unit.mock_providers.unionpay_desk import CARD, NOW, PATHS, Desk, post
from tests.unit.mock_providers.unionpay_mutations import Rounds

pytestmark = pytest.mark.asyncio

CONSUME = {
    "txnType": "01",
    "txnSubType": "01",
    "bizType": "000301",
    "orderId": "order001",
    "txnTime": NOW,
    "txnAmt": "100",
    "accNo": CARD,
}
HEADERS = (("Host", "127.0.0.1"), ("Content-Type", "application/x-www-form-urlencoded"))


async def test_a_thousand_mutations_move_no_money_by_accident(credentials_dir):
    told = Rounds(credentials_dir).play(seed=1, count=1000)
    assert told.before_signing == 500
    assert told.admitted_share >= 0.45, told
    assert len(told.codes) > 10, told


def sent(desk: Desk, fields: dict[str, str], *, codec: str = "utf-8") -> dict[str, str]:
    call = desk.read(post(fields, PATHS["back"], codec=codec))
    answer = official_java(call.perform().body.decode("gbk" if fields.get("encoding") == "GBK" else "utf-8"))
    assert not list(desk.book.trades(now=desk.schedule.now()))
    return answer


@pytest.mark.parametrize(("change", "code"), [
    ({"certId": "68759663125"}, "11"),
    ({"certId": ""}, "11"),
    ({"signMethod": "21"}, "11"),
    ({"signMethod": "11"}, "11"),
    ({"signMethod": "99"}, "10"),
    ({"signMethod": ""}, "13"),
    ({"version": "6.0.0"}, "10"),
    ({"version": "5.0.0"}, "11"),
    ({"version": ""}, "13"),
    ({"merId": "777000000000000"}, "31"),
    ({"merId": "700000000000001"}, "31"),
    ({"merId": ""}, "13"),
    ({"signature": ""}, "13"),
    ({"signature": "AAAA"}, "11"),
    ({"signature": "不是"}, "11"),
    ({"encoding": "utf-16"}, "10"),
    ({"encoding": "GBK"}, "11"),
    ({"txnAmt": "1"}, "11"),
])  # fmt: skip
async def test_what_is_changed_after_signing_is_refused(unionpay, change, code):
    signed = unionpay.merchant.signed(CONSUME) | change
    answer = sent(unionpay, {name: value for name, value in signed.items() if value})
    assert answer["respCode"] == code
    usual = {"signMethod", "version"} & change.keys()
    method, version = ("01", "5.1.0") if usual else (signed["signMethod"], signed["version"])
    if change.get("signMethod") in {"11", "21"} or change.get("version") == "5.0.0":
        method, version = signed["signMethod"], signed["version"]
    codec = "gbk" if change.get("encoding") == "GBK" else "utf-8"
    assert unionpay.merchant.verified_as(answer, method=method, version=version, codec=codec)


@pytest.mark.parametrize(
    ("method", "file"), [("01", "acp_test_sign_expired.cer"), ("21", "acp_test_sm2_sign_expired.cer")]
)
async def test_a_merchants_certificate_out_of_date_is_worth_nothing(unionpay, method, file):
    expired = x509.load_pem_x509_certificate(unionpay.merchant.file(file).encode())
    unionpay.method = method
    answer = sent(unionpay, unionpay.merchant.signed({**CONSUME, "certId": str(expired.serial_number)}, method=method))
    assert answer["respMsg"] == "验证签名失败[9100004]"


@pytest.mark.parametrize(("mine", "other"), [("01", "21"), ("21", "01")])
async def test_the_other_familys_certificate_is_worth_nothing(unionpay, mine, other):
    number = unionpay.merchant.cert_id(other)
    assert sent(unionpay, unionpay.merchant.signed({**CONSUME, "certId": number}, method=mine))["respCode"] == "11"


async def test_a_strangers_certificate_is_worth_nothing(unionpay, tmp_path_factory):
    stranger = tmp_path_factory.mktemp("stranger")
    make_credentials(stranger)
    theirs = Desk(stranger).merchant
    assert sent(unionpay, theirs.signed({**CONSUME, "merId": unionpay.merchant.mer_id}))["respCode"] == "11"
    named = {**CONSUME, "merId": unionpay.merchant.mer_id, "certId": unionpay.merchant.cert_id("01")}
    assert sent(unionpay, theirs.signed(named))["respCode"] == "11"


async def test_gbk_that_says_it_is_utf8_is_refused(unionpay):
    signed = unionpay.merchant.signed({**CONSUME, "orderDesc": "打赏"})
    assert sent(unionpay, signed, codec="gbk")["respCode"] == "11"


async def test_gbk_that_says_so_is_answered_in_gbk(unionpay):
    answer = unionpay.consume(encoding="GBK", reqReserved="打赏")
    assert (answer["respMsg"], answer["reqReserved"]) == ("成功[0000000]", "打赏")


async def test_of_a_name_that_comes_twice_the_first_counts(unionpay):
    body = urlencode(unionpay.merchant.signed(CONSUME))
    assert code_of(unionpay, f"{body}&txnAmt=1") == "00"
    assert unionpay.trade().opening.total_fen == 100
    assert code_of(unionpay, f"txnAmt=1&{body.replace('order001', 'order002')}") == "11"


def code_of(desk: Desk, body: str) -> str:
    reply = desk.read(RawRequest("POST", PATHS["back"], HEADERS, body.encode())).perform()
    return official_java(reply.body.decode())["respCode"]


@pytest.mark.parametrize("space", ["+", "%20"])
async def test_both_spellings_of_a_space_are_read(unionpay, space):
    signed = unionpay.merchant.signed({**CONSUME, "reqReserved": "a b+c%20d 中文"})
    body = "&".join(f"{name}={quote(value, safe='').replace('%20', space)}" for name, value in signed.items())
    reply = unionpay.read(RawRequest("POST", PATHS["back"], HEADERS, body.encode())).perform()
    assert official_java(reply.body.decode())["reqReserved"] == "a b+c%20d 中文"


async def test_empties_may_be_signed_or_dropped_and_blanks_trimmed(unionpay):
    signed_with = unionpay.merchant.signed({**CONSUME, "orderDesc": "", "reqReserved": "x"})
    assert code_of(unionpay, urlencode(signed_with)) == "00"
    dropped = unionpay.merchant.signed({**CONSUME, "orderId": "order002", "reqReserved": "y"})
    assert code_of(unionpay, urlencode({**dropped, "orderDesc": "", "reqReserved": " y "})) == "00"


@pytest.mark.parametrize(("method", "target", "headers", "body", "status"), [
    ("POST", PATHS["back"], HEADERS, b"", 400),
    ("POST", PATHS["back"], (), b"a=1", 400),
    ("POST", PATHS["back"], (("Content-Type", "application/json"),), b"{}", 400),
    ("POST", PATHS["back"], HEADERS, b"a=1&" * 300, 400),
    ("POST", "/gateway/api/unknown.do", HEADERS, b"a=1", 404),
    ("GET", PATHS["back"], (), b"", 405),
])  # fmt: skip
async def test_what_is_no_message_gets_a_page(unionpay, method, target, headers, body, status):
    reply = unionpay.read(RawRequest(method, target, headers, body)).perform()
    assert reply.status == status
    assert b"<html" in reply.body


async def test_a_body_without_fields_is_an_invalid_request(unionpay):
    reply = unionpay.read(RawRequest("POST", PATHS["query"], HEADERS, b"hello")).perform()
    assert (reply.status, reply.body) == (200, b"Invalid request.")


async def test_a_whole_address_as_target_is_understood(unionpay):
    target = f"http://gateway.95516.com{PATHS['back']}"
    reply = unionpay.read(post(unionpay.merchant.signed(CONSUME), target)).perform()
    assert official_java(reply.body.decode())["respCode"] == "00"


async def test_unknown_fields_are_taken_or_refused_as_the_policy_says(credentials_dir):
    for policy, status in (("accept", 200), ("refuse", 400)):
        desk = Desk(credentials_dir, unknown_fields=policy)
        reply = desk.read(post(desk.merchant.signed({**CONSUME, "brandNew": "1"}), PATHS["back"])).perform()
        assert reply.status == status


@pytest.mark.parametrize("value", ["a&b=c", "a=b", "{a", "x\r\ny", "[a"])
async def test_what_would_break_a_raw_answer_is_not_repeated(unionpay, value):
    signed = unionpay.merchant.signed({**CONSUME, "accessType": value})
    answer = official_java(unionpay.read(post(signed, PATHS["back"])).perform().body.decode())
    assert "accessType" not in answer
    assert unionpay.merchant.verified(answer)


@pytest.mark.parametrize("value", ["{a", "a&b=c", "[x&y"])
async def test_a_text_of_the_merchants_that_breaks_parsers_comes_back_by_notify_alone(unionpay, value):
    assert "reqReserved" not in unionpay.consume(reqReserved=value)
    assert "reqReserved" not in unionpay.query()
    assert unionpay.notified()["reqReserved"] == value
