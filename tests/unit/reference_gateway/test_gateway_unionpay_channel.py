"""The UnionPay channel against a server that answers as it is told."""

import asyncio
import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from reference_gateway.channels.port import EndState, OpeningState, RefundState, TradeState
from reference_gateway.domain.money import Fen
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused, ChannelUnavailable
from tests.contract.samples import refund
from tests.cross.known_answers import private_key
from tests.unit.reference_gateway import unionpay_desk as desk
from tests.unit.reference_gateway.unionpay_desk import ASK, ORDER, Seen, echo, run, saying, signed, standing

GOOD_QR = {"qrCode": "https://qr.95516.com/00010001/1"}
REFUND = refund(1, out_request_no="R00000001", created_at=desk.NOW + timedelta(seconds=7))


def create(own):
    return own.pay(ORDER, ASK)


def test_a_qr_code_is_asked_for_in_the_vendors_words():
    seen: Seen = []
    opening = run(saying(**GOOD_QR), create, seen=seen)
    assert (opening.state, opening.params) == (OpeningState.READY, {"qr_code": GOOD_QR["qrCode"]})
    (path, sent) = seen[0]
    signature, text = sent.pop("signature"), "&".join(f"{name}={sent[name]}" for name in sorted(sent))
    assert path == "/gateway/api/backTransReq.do"
    assert signature == desk.signed({**sent, "signPubKeyCert": None}, key="app")["signature"]
    assert text == (
        "accessType=0&backUrl=http://127.0.0.1:8000/notify/unionpay_rsa&bizType=000000&certId=69903319369&channelType=08"
        "&currencyCode=156&encoding=UTF-8&merId=777290058110048&orderDesc=打赏 pp000001&orderId=G00000001"
        "&payTimeout=20261123121500&reqReserved=打赏 pp000001&signMethod=01&txnAmt=100&txnSubType=07"
        "&txnTime=20261123120000&txnType=01&version=5.1.0"
    )


@pytest.mark.parametrize(
    ("product", "path", "types", "params"),
    [
        ("qr", "/gateway/api/backTransReq.do", ("07", "05"), {"qr_code": "x"}),
        ("app", "/gateway/api/appTransReq.do", ("01", "01"), {"tn": "611854042060710157601"}),
    ],
)
def test_products_and_their_preauthorisations_go_to_their_doors(product, path, types, params):
    seen: Seen = []
    answer = saying(qrCode="x", tn="611854042060710157601")
    order = replace(ORDER, product=product)
    for pay in (lambda own: own.pay(order, ASK), lambda own: own.preauth(order, ASK)):
        assert run(answer, pay, seen=seen).params == params
    told = [(where, sent["txnType"], sent["txnSubType"]) for where, sent in seen]
    assert told == [(path, "01", types[0]), (path, "02", types[1])]


@pytest.mark.parametrize(("product", "channel_type"), [("page", "07"), ("wap", "08")])
def test_a_form_posts_itself_and_asks_nobody(product, channel_type):
    order = replace(ORDER, product=product, subject='"><script>alert(1)</script>&')
    page = asyncio.run(desk.unstarted("https://gateway.95516.com").pay(order, ASK)).params["form_html"]
    assert 'action="https://gateway.95516.com/gateway/api/frontTransReq.do" method="post"' in page
    assert f'name="channelType" value="{channel_type}"' in page
    assert 'name="frontUrl" value="http://127.0.0.1/done"' in page
    assert "<script>alert" not in page
    assert '<button type="submit">' in page
    assert 'document.getElementById("pay_form").submit()' in page


def test_without_a_way_back_a_form_is_refused():
    order = replace(ORDER, product="page")
    with pytest.raises(ChannelRefused) as caught:
        asyncio.run(desk.unstarted().pay(order, replace(ASK, return_url="")))
    assert caught.value.reason == "return_url_needed"


def test_the_same_payment_opened_again_is_the_same_transaction():
    seen: Seen = []

    async def twice(own):
        await create(own)
        await create(own)

    run(saying(**GOOD_QR), twice, seen=seen)
    assert seen[0] == seen[1]


def test_a_product_that_is_not_there_is_refused():
    for product in ("jsapi", "h5", "barcode"):
        order = replace(ORDER, product=product)
        with pytest.raises(ChannelRefused) as caught:
            asyncio.run(desk.unstarted().pay(order, ASK))
        assert caught.value.reason == "unsupported"


def test_what_unionpay_has_not_is_absent_and_refused():
    own = desk.unstarted()
    assert not own.supports() & {"close", "transfer", "query_transfer", "jsapi", "h5", "barcode"}
    with pytest.raises(ChannelRefused) as caught:
        asyncio.run(own.close(ORDER))
    assert caught.value.reason == "unsupported"


def damaged(**changes):
    """A good answer, changed after it was signed."""
    return lambda _path, sent: web.Response(body=desk.raw({**signed(echo(sent, **GOOD_QR)), **changes}))


def under(cert, key="platform"):
    return lambda _path, sent: web.Response(body=desk.raw(signed(echo(sent, **GOOD_QR), cert=cert, key=key)))


def hang_up(_path, _sent):
    raise ConnectionResetError


BROKEN = {
    "unsigned": damaged(signature=""),
    "no base64": damaged(signature="no!"),
    "a code changed": damaged(respCode="A6"),
    "a field more": damaged(more="1"),
    "another key": under(None, key="app"),
    "expired": under(desk.certificate(desk.LEAF_NAME, key="platform", ends=desk.NOW - timedelta(days=1))),
    "self-signed": under(
        desk.certificate(desk.LEAF_NAME, key="platform", issuer=desk.LEAF_NAME, issuer_key="platform")
    ),
    "another's name": under(desk.certificate("041@x@somebody@1", key="platform")),
    "another order": saying(**GOOD_QR, orderId="G00000002"),
    "another time": saying(**GOOD_QR, txnTime="20261123120001"),
    "another merchant": saying(**GOOD_QR, merId="777290058110049"),
    "another method": saying(**GOOD_QR, signMethod="11"),
    "an old version": saying(**GOOD_QR, version="5.0.0"),
    "no code": saying(**GOOD_QR, respCode=None),
    "no QR code": saying(),
    "HTTP 400": lambda _path, _sent: web.Response(status=400, text="<html>"),
    "HTTP 502": lambda _path, _sent: web.Response(status=502),
    "HTTP 302": lambda _path, _sent: web.Response(status=302, headers={"Location": "/"}),
    "Invalid request.": lambda _path, _sent: web.Response(text="Invalid request."),
    "nothing": lambda _path, _sent: web.Response(text=""),
    "not UTF-8": lambda _path, _sent: web.Response(body=b"respCode=\xff"),
    "a field twice": lambda _path, _sent: web.Response(text="a=1&a=1"),
    "half": lambda _path, sent: web.Response(body=desk.raw(signed(echo(sent, **GOOD_QR)))[:300]),
    "hung up": hang_up,
}


@pytest.mark.parametrize("why", BROKEN)
def test_what_is_no_verified_answer_is_an_unknown_outcome(why):
    with pytest.raises(ChannelOutcomeUnknown):
        run(BROKEN[why], create)


def test_unknown_fields_are_verified_and_ignored():
    answer = saying(**GOOD_QR, zzz="{a=1&b=2}", qrOther="打赏 +")
    assert run(answer, create).params == {"qr_code": GOOD_QR["qrCode"]}


@pytest.mark.parametrize(
    "code", ["03", "04", "05", "06", "12", "34", "42", "70", "74", "75", "83", "99", "Z9", "A1", ""]
)
def test_codes_that_say_nothing_of_the_money_are_unknown(code):
    with pytest.raises(ChannelOutcomeUnknown):
        run(saying(**GOOD_QR, respCode=code), create)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        *((code, ChannelRefused) for code in ("01", "10", "13", "30", "33", "36", "38", "60", "64", "65", "89")),
        *((code, ChannelUnavailable) for code in ("02", "11", "37", "39")),
    ],
)
def test_codes_that_say_that_nothing_was_done(code, error):
    with pytest.raises(error) as caught:
        run(saying(respCode=code), create)
    assert caught.value.reason == code


def test_no_connection_is_safe_to_repeat():
    async def unreachable():
        own = desk.unstarted()
        with pytest.raises(ChannelUnavailable, match="not started"):
            await create(own)
        await own.start()
        try:
            with pytest.raises(ChannelUnavailable, match="no connection"):
                await create(own)
        finally:
            await own.stop()

    asyncio.run(unreachable())


LONG_AGO = replace(ORDER, expires_at=desk.NOW - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("answer", "before", "after"),
    [
        (standing("00"), TradeState.PAID, TradeState.PAID),
        (standing("A6"), TradeState.PAID, TradeState.PAID),
        (standing("05"), TradeState.WAITING, TradeState.WAITING),
        (standing("03"), TradeState.WAITING, TradeState.WAITING),
        (standing("Z9"), TradeState.WAITING, TradeState.WAITING),
        (standing("12"), TradeState.WAITING, TradeState.WAITING),
        (standing("65"), TradeState.WAITING, TradeState.CLOSED),
        (standing("69"), TradeState.WAITING, TradeState.CLOSED),
        (standing("01"), TradeState.WAITING, TradeState.CLOSED),
        (standing("42"), TradeState.CLOSED, TradeState.CLOSED),
        (saying(respCode="34", txnType="00"), TradeState.MISSING, TradeState.MISSING),
    ],
)
def test_a_query_looks_at_the_transactions_code_and_at_pay_timeout(answer, before, after):
    assert run(answer, lambda own: own.query(ORDER)).state is before
    assert run(answer, lambda own: own.query(LONG_AGO)).state is after


def test_a_query_names_the_payment_as_it_was_opened():
    seen: Seen = []
    report = run(standing("00"), lambda own: own.query(ORDER), seen=seen)
    assert (report.channel_trade_no, report.amount_fen) == ("442401051450467846498", 100)
    (path, sent) = seen[0]
    assert (path, sent["orderId"], sent["txnTime"]) == ("/gateway/api/queryTrans.do", "G00000001", "20261123120000")


@pytest.mark.parametrize(
    "changes",
    [
        {"txnAmt": "1e2"},
        {"txnAmt": None},
        {"txnAmt": "99"},
        {"settleAmt": "1"},
        {"currencyCode": "840"},
        {"queryId": None},
    ],
)
def test_a_payment_that_cannot_be_read_is_unknown(changes):
    with pytest.raises(ChannelOutcomeUnknown):
        run(standing("00", **changes), lambda own: own.query(ORDER))


@pytest.mark.parametrize(("code", "error"), [("37", ChannelUnavailable), ("03", ChannelOutcomeUnknown)])
def test_a_query_that_was_not_answered_says_nothing(code, error):
    with pytest.raises(error):
        run(standing("00", respCode=code), lambda own: own.query(ORDER))


def test_a_refund_carries_its_own_numbers_and_the_payments_name():
    seen: Seen = []
    order = replace(ORDER, channel_trade_no="442401051450467846498")

    async def both(own):
        return [(await own.refund(one, REFUND)).state for one in (order, ORDER)]

    assert run(saying(queryId="Q2"), both, seen=seen) == [RefundState.PROCESSING] * 2
    sent = seen[0][1]
    assert (sent["txnType"], sent["orderId"], sent["txnTime"]) == ("04", "R00000001", "20261123120007")
    assert (sent["txnAmt"], sent["origQryId"], sent["reqReserved"]) == ("40", "442401051450467846498", "G00000001.100")
    assert {key: seen[1][1].get(key) for key in ("origQryId", "origOrderId", "origTxnTime")} == {
        "origQryId": None,
        "origOrderId": "G00000001",
        "origTxnTime": "20261123120000",
    }


def repeated(code: str, **more: str):
    """Say 12 to the refund, and *code* of it to the query."""
    found = standing(code, **{"txnType": "04", "txnAmt": "40", "settleAmt": "40", **more})
    missing = saying(respCode="34")
    return lambda path, sent: (
        echo(sent, respCode="12")
        if path.endswith("backTransReq.do")
        else (missing if code == "34" else found)(path, sent)
    )


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("00", RefundState.SUCCEEDED),
        ("05", RefundState.PROCESSING),
        ("65", RefundState.FAILED),
        ("01", RefundState.FAILED),
    ],
)
def test_a_refund_that_came_before_is_asked_about(code, state):
    assert run(repeated(code), lambda own: own.refund(ORDER, REFUND)).state is state


@pytest.mark.parametrize(
    "answer",
    [repeated("34"), repeated("00", txnAmt="41"), repeated("00", txnType="01"), repeated("00", reqReserved="G2.1")],
)
def test_a_repeated_refund_that_cannot_be_found_is_unknown(answer):
    with pytest.raises(ChannelOutcomeUnknown):
        run(answer, lambda own: own.refund(ORDER, REFUND))


def test_a_refund_that_nobody_knows_is_missing():
    assert run(saying(respCode="34"), lambda own: own.query_refund(ORDER, REFUND)).state is RefundState.MISSING


class Book:
    """Answers by door and txnType: what is sent is accepted, what is asked for stands as told by its number's tail."""

    def __init__(self, codes, *, sent_codes=None, original="01"):
        self.codes, self.sent_codes, self.original, self.sent = codes, sent_codes or {}, original, []

    def __call__(self, path, sent):
        if path.endswith("backTransReq.do"):
            self.sent.append((sent["txnType"], sent["orderId"], sent.get("origQryId")))
            return echo(sent, respCode=self.sent_codes.get(sent["txnType"], "00"), queryId="Q")
        tail = sent["orderId"][-1] if sent["orderId"][-1].isalpha() else ""
        code = self.codes.get(tail, "34")
        if code == "34":
            return echo(sent, respCode="34")
        kind = {"": self.original, "C": "03", "U": "31", "V": "32", "W": "33", "X": "04"}[tail]
        amount = "80" if tail in {"C", "W"} else "100"
        return standing(code, txnType=kind, txnAmt=amount, settleAmt=amount, queryId=f"Q{tail}")(path, sent)


U, V, W, X, C = (
    ("31", "G00000001U", "Q"),
    ("32", "G00000001V", "Q"),
    ("33", "G00000001W", "QC"),
    ("04", "G00000001X", "Q"),
    ("03", "G00000001C", None),
)
ENDINGS = {
    "not there": (Book({}), EndState.MISSING, []),
    "waiting": (Book({"": "05"}), EndState.WAITING, []),
    "failed, may be tried again": (Book({"": "65"}), EndState.WAITING, []),
    "paid late": (Book({"": "42"}), EndState.CLOSED, []),
    "undone": (Book({"": "00", "U": "00"}), EndState.GIVEN_BACK, [U]),
    "undo on its way": (Book({"": "00", "U": "05"}), EndState.WAITING, [U]),
    "undo not to be seen yet": (Book({"": "00"}), EndState.WAITING, [U]),
    "undone before": (Book({"": "00", "U": "00"}, sent_codes={"31": "12"}), EndState.GIVEN_BACK, [U]),
    "too late to undo": (Book({"": "00", "X": "00"}, sent_codes={"31": "39"}), EndState.GIVEN_BACK, [U, X]),
    "undo refused, refund on its way": (Book({"": "00", "X": "05"}, sent_codes={"31": "35"}), EndState.WAITING, [U, X]),
    "undo failed": (Book({"": "00", "U": "01", "X": "00"}), EndState.GIVEN_BACK, [U, X]),
    "undone yesterday, asked today": (Book({"": "00", "U": "00"}, sent_codes={"31": "39"}), EndState.GIVEN_BACK, [U]),
    "authorised": (Book({"": "00", "V": "00"}, original="02"), EndState.CLOSED, [V]),
    "completed": (Book({"": "00", "C": "00", "V": "00", "W": "00"}, original="02"), EndState.GIVEN_BACK, [W, V]),
    "completing": (Book({"": "00", "C": "05"}, original="02"), EndState.WAITING, []),
    "completed yesterday": (
        Book({"": "00", "C": "00", "X": "00"}, sent_codes={"33": "39"}, original="02"),
        EndState.GIVEN_BACK,
        [W, ("04", "G00000001X", "QC")],
    ),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_a_payment_is_ended_whatever_its_state(name):
    book, state, sent = ENDINGS[name]
    book.sent.clear()
    assert run(book, lambda own: own.reverse(ORDER)) is state
    assert book.sent == sent


@pytest.mark.parametrize(
    ("book", "code"),
    [
        (Book({"": "00"}, sent_codes={"31": "45", "04": "36"}), "36"),
        (Book({"": "00", "X": "65"}, sent_codes={"31": "45"}), "65"),
        (Book({"": "00"}, sent_codes={"32": "35"}, original="02"), "35"),
    ],
)
def test_what_cannot_be_given_back_is_said(book, code):
    with pytest.raises(ChannelRefused) as caught:
        run(book, lambda own: own.reverse(ORDER))
    assert caught.value.reason == code


@pytest.mark.parametrize(
    ("book", "state", "amount_fen"),
    [
        (Book({"": "00", "C": "00"}, original="02"), TradeState.PAID, 80),
        (Book({"": "00", "C": "00"}, sent_codes={"03": "12"}, original="02"), TradeState.PAID, 80),
        (Book({"": "00", "C": "05"}, original="02"), TradeState.WAITING, None),
        (Book({"": "00"}, original="02"), TradeState.WAITING, None),
        (Book({"": "00", "C": "65"}, original="02"), TradeState.CLOSED, None),
    ],
)
def test_a_completion_is_believed_when_it_is_found(book, state, amount_fen):
    report = run(book, lambda own: own.capture(replace(ORDER, channel_trade_no="Q"), Fen(80)))
    assert (report.state, report.amount_fen) == (state, amount_fen)
    assert book.sent == [("03", "G00000001C", "Q")]


def test_a_completion_that_is_refused_is_refused():
    with pytest.raises(ChannelRefused):
        run(Book({}, sent_codes={"03": "36"}), lambda own: own.capture(ORDER, Fen(116)))


def test_what_is_authorised_waits_until_it_is_completed():
    held = run(Book({"": "00"}, original="02"), lambda own: own.query(ORDER))
    assert (held.state, held.channel_trade_no, held.amount_fen) == (TradeState.WAITING, "Q", None)
    completed = run(Book({"": "00", "C": "00"}, original="02"), lambda own: own.query(ORDER))
    assert (completed.state, completed.channel_trade_no, completed.amount_fen) == (TradeState.PAID, "QC", 80)


CARD, PHONE = "6221558812340000", "13552535506"


class KeyUpdates:
    """Answers key updates with the certificates in turn, and openings with a tn or as told."""

    def __init__(self, *certificates, openings=()):
        self.certificates, self.openings, self.updates, self.sent = list(certificates), list(openings), [], []

    def __call__(self, _path, sent):
        if sent["txnType"] != "95":
            self.sent.append(sent)
            return echo(sent, respCode=self.openings.pop(0) if self.openings else "00", tn="T")
        self.updates.append(sent["txnTime"])
        one = self.certificates.pop(0) if self.certificates else None
        return echo(sent, respCode="03") if one is None else echo(sent, encryptPubKeyCert=desk.pem_of(one))


def encryption_certificate(serial):
    return desk.certificate("041@Z2014-11-11@00040000:SIGN@00000001", key="other", serial=serial)


def opened(text: str) -> str:
    return private_key("other").decrypt(base64.b64decode(text), PKCS1v15()).decode()


def paying_by(payer, times=1, wait_s=0.0):
    async def story(own):
        for _ in range(times):
            await own.pay(replace(ORDER, product="app"), replace(ASK, payer_id=payer))
            await own._clock.sleep(wait_s)

    return story


def test_a_card_is_encrypted_to_the_certificate_of_the_day():
    server = KeyUpdates(encryption_certificate(1), encryption_certificate(2))
    run(server, paying_by(CARD, times=3, wait_s=50_000))
    assert [sent["encryptCertId"] for sent in server.sent] == ["1", "1", "2"]
    assert [opened(sent["accNo"]) for sent in server.sent] == [CARD] * 3


def test_a_telephone_number_goes_into_customer_info():
    server = KeyUpdates(encryption_certificate(1))
    run(server, paying_by(PHONE))
    text = base64.b64decode(server.sent[0]["customerInfo"]).decode()
    assert text.startswith("{encryptedInfo=")
    assert opened(text.removeprefix("{encryptedInfo=").removesuffix("}")) == f"phoneNo={PHONE}"


def test_an_update_that_fails_leaves_the_old_certificate_and_is_tried_again():
    server = KeyUpdates(encryption_certificate(1), None, desk.certificate("x", key="other", issuer_key="other"))
    run(server, paying_by(CARD, times=4, wait_s=86_400))
    assert [sent["encryptCertId"] for sent in server.sent] == ["1"] * 4
    assert len(server.updates) == 4


def test_without_a_certificate_sensitive_fields_are_left_out():
    server = KeyUpdates()
    run(server, paying_by(CARD, times=2, wait_s=1))
    assert not any({"accNo", "encryptCertId"} & sent.keys() for sent in server.sent)
    assert len(server.updates) == 1


def test_a_certificate_that_was_retired_is_fetched_anew_and_the_call_repeated():
    server = KeyUpdates(encryption_certificate(1), encryption_certificate(2), openings=["10"])
    run(server, paying_by(CARD))
    assert [sent["encryptCertId"] for sent in server.sent] == ["1", "2"]
    assert server.sent[0]["orderId"] == server.sent[1]["orderId"]


def test_who_signs_with_a_key_encrypts_nothing():
    seen: Seen = []
    run(saying(tn="T"), paying_by(CARD), seen=seen, signing=desk.keyed_signing())
    assert [sent["signMethod"] for _, sent in seen] == ["11"]
    assert not {"accNo", "encryptCertId", "certId"} & seen[0][1].keys()


def test_another_kind_of_payer_is_nobodys_card():
    seen: Seen = []
    run(saying(tn="T"), paying_by("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"), seen=seen)
    assert len(seen) == 1
