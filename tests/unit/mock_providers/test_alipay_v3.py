"""
OpenAPI v3 does what gateway v2 does, says it in its own way, and signs exactly what it sends.
"""

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate

from mock_providers.alipay.v3.paths import PATHS, path_of
from mock_providers.core.plans import PLAIN_SHAPE, AnswerShape, Seal
from mock_providers.core.wire.reply import WireReply
from tests.unit.mock_providers.alipay_desk import NOTIFY_URL, Desk
from tests.unit.mock_providers.v3_merchant import NOW_MS, Request, V3Merchant

PRECREATE = {"out_trade_no": "o1", "total_amount": "1.23", "subject": "tip pp000001", "notify_url": NOTIFY_URL}


@pytest.fixture
def merchant(credentials_dir: Path) -> V3Merchant:
    return V3Merchant(credentials_dir)


def answer(desk: Desk, merchant: V3Merchant, request: Request, *, shape: AnswerShape = PLAIN_SHAPE) -> WireReply:
    return desk.read(request.sent(merchant)).perform(shape)


def post(desk: Desk, merchant: V3Merchant, method: str, body: object) -> WireReply:
    return answer(desk, merchant, Request(path=path_of(method), body=body))


@pytest.mark.asyncio
async def test_a_payment_goes_all_the_way_round(desk: Desk, merchant: V3Merchant):
    made = merchant.opened(post(desk, merchant, "alipay.trade.precreate", PRECREATE))
    assert made["qr_code"].startswith("https://qr.alipay.com/bax")
    assert desk.provider.channel_of(desk.trade()) == "alipay_v3"
    desk.buyer("pay")
    assert [notice.url for notice in desk.published.notices] == [NOTIFY_URL]
    paid = merchant.opened(answer(desk, merchant, Request()))
    assert (paid["trade_status"], paid["total_amount"]) == ("TRADE_SUCCESS", "1.23")
    assert {"code", "msg", "sign"}.isdisjoint(paid)
    part = {"out_trade_no": "o1", "refund_amount": "0.23", "out_request_no": "r1"}
    refunds = [merchant.opened(post(desk, merchant, "alipay.trade.refund", part)) for _ in range(2)]
    assert [one["fund_change"] for one in refunds] == ["Y", "N"]
    asked = {"out_trade_no": "o1", "out_request_no": "r1"}
    known = merchant.opened(post(desk, merchant, "alipay.trade.fastpay.refund.query", asked))
    assert known["refund_status"] == "REFUND_SUCCESS"


@pytest.mark.asyncio
async def test_a_refusal_is_code_message_and_a_list_of_links(desk: Desk, merchant: V3Merchant):
    reply = answer(desk, merchant, Request(body={"out_trade_no": "never-heard-of"}))
    told = merchant.opened(reply)
    assert (reply.status, told["code"], told["message"]) == (400, "ACQ.TRADE_NOT_EXIST", "交易不存在")
    assert set(told) == {"code", "message", "links"}
    assert [set(link) for link in told["links"]] == [{"link", "desc"}]
    assert dict(reply.headers)["Content-Type"] == "application/json;charset=UTF-8"


@pytest.mark.asyncio
async def test_the_journal_has_the_texts_and_the_method(desk: Desk, merchant: V3Merchant):
    call = desk.read(Request().sent(merchant))
    assert (call.api, call.order, call.signature_ok) == ("alipay.trade.query", "o1", True)
    assert call.string_to_sign is not None
    assert call.string_to_sign.endswith('\nPOST\n/v3/alipay/trade/query\n{"out_trade_no": "o1"}\n')
    reply = call.perform()
    assert reply.string_to_sign is not None
    assert reply.string_to_sign.endswith(f"\n{reply.body.decode()}\n")


@pytest.mark.asyncio
async def test_a_barcode_that_waits_for_a_password_has_no_time_of_payment(desk: Desk, merchant: V3Merchant):
    business = PRECREATE | {"total_amount": "5000.00", "auth_code": "28763443825664394", "scene": "bar_code"}
    reply = post(desk, merchant, "alipay.trade.pay", business)
    told = merchant.opened(reply)
    assert (reply.status, "gmt_payment" in told, told["out_trade_no"]) == (200, False, "o1")


@pytest.mark.asyncio
async def test_a_refund_that_was_applied_for_arrives_later(desk: Desk, merchant: V3Merchant):
    desk.paid()
    part = {"out_trade_no": "o1", "refund_amount": "0.23", "out_request_no": "r1"}
    first = merchant.opened(post(desk, merchant, "alipay.trade.refund.apply", part))
    assert (first["refund_status"], first["refund_amount"]) == ("REFUND_PROCESSING", "0.23")
    await desk.schedule.advance(60)
    again = merchant.opened(post(desk, merchant, "alipay.trade.refund.apply", part))
    assert (again["refund_status"], desk.trade().refunded_fen) == ("REFUND_SUCCESS", 23)
    other = post(desk, merchant, "alipay.trade.refund.apply", part | {"refund_amount": "0.24"})
    assert json.loads(other.body)["code"] == "ACQ.DISCORDANT_REPEAT_REQUEST"


@pytest.mark.asyncio
@pytest.mark.parametrize("seal", [Seal.DAMAGED, Seal.FOREIGN, Seal.WEAKER, Seal.EXPIRED])
async def test_a_bad_seal_does_not_verify(desk: Desk, merchant: V3Merchant, seal: Seal):
    desk.precreate()
    with pytest.raises(InvalidSignature):
        merchant.opened(answer(desk, merchant, Request(), shape=AnswerShape(seal=seal)))


@pytest.mark.asyncio
async def test_an_unsigned_answer_has_no_signature(desk: Desk, merchant: V3Merchant):
    reply = answer(desk, merchant, Request(), shape=AnswerShape(seal=Seal.NONE))
    assert "alipay-signature" not in dict(reply.headers)


@pytest.mark.asyncio
@pytest.mark.parametrize("spelling", ["spaced", "reordered", "escaped_slashes", "braces"])
async def test_another_spelling_is_signed_as_it_is_sent(desk: Desk, merchant: V3Merchant, spelling: str):
    usual = post(desk, merchant, "alipay.trade.precreate", PRECREATE).body
    request = Request(path=path_of("alipay.trade.precreate"), body=PRECREATE)
    reply = answer(desk, merchant, request, shape=AnswerShape(spelling=spelling))
    assert merchant.opened(reply)["out_trade_no"] == "o1"
    assert reply.body != usual


@pytest.mark.asyncio
async def test_a_stale_answer_is_stamped_in_the_past_and_signed(desk: Desk, merchant: V3Merchant):
    reply = answer(desk, merchant, Request(), shape=AnswerShape(stale_s=900))
    merchant.opened(reply)
    assert dict(reply.headers)["alipay-timestamp"] == str(NOW_MS - 900_000)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("word", "status", "code"),
    [
        ("system_error", 400, "ACQ.SYSTEM_ERROR"),
        ("busy", 429, "app-call-limited"),
        ("isp.unknow-error", 500, "unknow-error"),
        ("ACQ.SELLER_BALANCE_NOT_ENOUGH", 400, "ACQ.SELLER_BALANCE_NOT_ENOUGH"),
    ],
)
async def test_a_fault_is_told_in_the_words_of_v3(desk: Desk, merchant: V3Merchant, word: str, status: int, code: str):
    reply = answer(desk, merchant, Request(), shape=AnswerShape(refuse=word))
    assert (reply.status, merchant.opened(reply)["code"]) == (status, code)


@pytest.mark.asyncio
async def test_content_is_encrypted_both_ways_and_a_refusal_is_not(desk: Desk, merchant: V3Merchant):
    secret = (("content-type", "text/plain"), ("alipay-encrypt-type", "AES"), ("alipay-encryption-algm", "AES"))
    ask = Request(headers=secret, body=merchant.encrypted('{"out_trade_no":"o1"}'))
    refused = answer(desk, merchant, ask)
    assert merchant.opened(refused)["code"] == "ACQ.TRADE_NOT_EXIST"
    desk.paid()
    reply = answer(desk, merchant, ask)
    assert merchant.decrypted(reply.body)["trade_status"] == "TRADE_SUCCESS"
    assert dict(reply.headers)["Content-Type"] == "application/json;charset=UTF-8"
    nonsense = answer(desk, merchant, replace(ask, body="bm9uc2Vuc2U="))
    assert merchant.opened(nonsense)["code"] == "decryption-error-unknown"
    other = answer(desk, merchant, replace(ask, headers=(("alipay-encrypt-type", "SM4"),)))
    assert merchant.opened(other)["code"] == "invalid-encrypt-type"


@pytest.mark.asyncio
async def test_certificate_mode_names_the_certificate_that_signed(desk: Desk, merchant: V3Merchant):
    facts = merchant.facts()
    root = (("content-type", "application/json"), ("alipay-root-cert-sn", facts["alipay_root_cert_sn"]))
    certified: dict[str, str | None] = {"app_cert_sn": facts["app_cert_sn"]}
    unnamed = answer(desk, merchant, Request(auth=certified))
    assert merchant.opened(unnamed)["code"] == "ACQ.TRADE_NOT_EXIST"
    reply = answer(desk, merchant, Request(auth=certified, headers=root))
    headers = dict(reply.headers)
    assert headers["alipay-sn"] == facts["alipay_cert_sn"]
    certificate = load_pem_x509_certificate(merchant.text("alipayCertPublicKey_RSA2.crt").encode())
    text = f"{headers['alipay-timestamp']}\n{headers['alipay-nonce']}\n".encode() + reply.body + b"\n"
    public = certificate.public_key()
    public.verify(base64.b64decode(headers["alipay-signature"]), text, PKCS1v15(), SHA256())  # type: ignore[union-attr,call-arg,arg-type]


@pytest.mark.asyncio
async def test_every_path_of_v3_begins_alike_and_belongs_to_this_provider(desk: Desk):
    assert all(path.startswith("/v3/alipay/") and desk.provider.owns_path(path) for path in PATHS)
    assert PATHS["/v3/alipay/trade/refund/apply"] == ("POST", "alipay.trade.refund.apply")
    assert PATHS["/v3/alipay/data/dataservice/bill/downloadurl/query"][0] == "GET"
    assert not desk.provider.owns_path("/v3/pay/transactions/native")
