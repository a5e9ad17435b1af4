"""UnionPay's notifies as the gateway reads them: what is believed, of which payment it is, what is refused and why."""

from datetime import timedelta

import pytest

from reference_gateway.domain.notice import NoticeKind
from reference_gateway.errors import NotifyRefused, SignatureRejected
from tests.unit.reference_gateway import unionpay_desk as desk
from tests.unit.reference_gateway.unionpay_desk import notify_body


def parse(body: bytes, signing=None):
    return desk.unstarted(signing=signing).parse_notify({}, body)


def test_a_payment_is_believed_with_its_unknown_fields():
    notice = parse(notify_body())
    assert (notice.channel, notice.kind, notice.out_trade_no) == ("unionpay_rsa", NoticeKind.PAID, "G00000001")
    assert (notice.amount_fen, notice.notify_id, notice.refund_no) == (100, "442401051450467846498", "")
    assert notice.channel_trade_no == notice.notify_id


def test_the_keyed_channel_believes_its_own_key_alone():
    body = notify_body(signMethod="11", signPubKeyCert=None)
    assert parse(body, desk.keyed_signing()).kind is NoticeKind.PAID
    with pytest.raises(SignatureRejected):
        parse(body.replace(b"txnAmt=100", b"txnAmt=900"), desk.keyed_signing())


@pytest.mark.parametrize("query_id", ["201703241011516777928", "9", "Z" * 40])
def test_a_query_id_is_an_opaque_text(query_id):
    assert parse(notify_body(queryId=query_id)).notify_id == query_id


@pytest.mark.parametrize(
    ("changes", "kind", "number"),
    [
        ({"respCode": "A6"}, NoticeKind.PAID, "G00000001"),
        ({"encoding": "GBK"}, NoticeKind.PAID, "G00000001"),
        ({"encoding": "utf-8"}, NoticeKind.PAID, "G00000001"),
        ({"respMsg": "success", "reqReserved": "{a=1&b=2} a b+c%20d"}, NoticeKind.PAID, "G00000001"),
        ({"settleAmt": None, "settleCurrencyCode": None, "settleDate": "1122"}, NoticeKind.PAID, "G00000001"),
        ({"settleAmt": "14", "settleCurrencyCode": "840"}, NoticeKind.PAID, "G00000001"),
        ({"respCode": "65"}, NoticeKind.CLOSED, "G00000001"),
        ({"respCode": "42"}, NoticeKind.CLOSED, "G00000001"),
        ({"respCode": "05"}, NoticeKind.WAITING, "G00000001"),
        ({"respCode": "Z9"}, NoticeKind.WAITING, "G00000001"),
        ({"txnType": "02"}, NoticeKind.WAITING, "G00000001"),
        ({"txnType": "02", "respCode": "01"}, NoticeKind.CLOSED, "G00000001"),
        ({"txnType": "03", "orderId": "G00000001C"}, NoticeKind.PAID, "G00000001"),
        ({"txnType": "03", "orderId": "G00000001C", "respCode": "65"}, NoticeKind.WAITING, "G00000001"),
        ({"txnType": "31", "orderId": "G00000001U"}, NoticeKind.CLOSED, "G00000001"),
        ({"txnType": "32", "orderId": "G00000001V"}, NoticeKind.CLOSED, "G00000001"),
        ({"txnType": "33", "orderId": "G00000001W"}, NoticeKind.CLOSED, "G00000001"),
    ],
)
def test_signed_notifies_are_told_apart(changes, kind, number):
    notice = parse(notify_body(**changes))
    assert (notice.kind, notice.out_trade_no, notice.amount_fen) == (kind, number, 100)


@pytest.mark.parametrize("code", ["00", "65"])
def test_a_refunds_notice_names_the_payment_by_its_mark_and_the_refund_by_its_number(code):
    notice = parse(
        notify_body(
            txnType="04", orderId="R00000001", txnAmt="40", settleAmt="40", reqReserved="G00000001.100", respCode=code
        )
    )
    assert (notice.kind, notice.refund_no) == (NoticeKind.REFUNDED, "R00000001")
    assert (notice.out_trade_no, notice.amount_fen) == ("G00000001", 100)


def leaf(**more):
    return desk.certificate(more.pop("name", desk.LEAF_NAME), key="platform", **more)


REFUSED = {
    "amount changed": (notify_body().replace(b"txnAmt=100", b"txnAmt=900"), SignatureRejected),
    "order changed": (notify_body().replace(b"G00000001", b"G00000002"), SignatureRejected),
    "a field more": (notify_body() + b"&one_more=field", SignatureRejected),
    "a field less": (notify_body().replace(b"unheardOf=a%2Bb+c%2520d&", b""), SignatureRejected),
    "no signature": (notify_body().partition(b"&signature=")[0], SignatureRejected),
    "no certificate": (notify_body(signPubKeyCert=None), SignatureRejected),
    "signed by the merchant": (notify_body(key="app"), SignatureRejected),
    "leaf expired": (notify_body(cert=leaf(ends=desk.NOW - timedelta(days=1))), SignatureRejected),
    "leaf of tomorrow": (notify_body(cert=leaf(begins=desk.NOW + timedelta(days=1))), SignatureRejected),
    "another's name": (notify_body(cert=leaf(name="041@Z@700000000000001:SIGN@1")), SignatureRejected),
    "self-signed": (notify_body(cert=leaf(issuer=desk.LEAF_NAME, issuer_key="platform")), SignatureRejected),
    "foreign chain": (notify_body(cert=leaf(issuer_key="other")), SignatureRejected),
    "old version": (notify_body(version="5.0.0"), SignatureRejected),
    "another method": (notify_body(signMethod="11"), SignatureRejected),
    "empty": (b"", SignatureRejected),
}
MALFORMED = {
    "wrong_merchant": [notify_body(merId="777290058110049"), notify_body(merId=None)],
    "malformed_notify": [
        b"{}",
        b"encoding=koi8-r&a=b",
        notify_body() + b"&orderId=G00000002",
        notify_body(queryId=None),
        notify_body(txnAmt="1e2"),
        notify_body(txnAmt=None),
        notify_body(settleAmt="99"),
        notify_body(currencyCode="840"),
        notify_body(orderId=None),
        notify_body(respCode=None),
        notify_body(txnType="12"),
        notify_body(txnType=None),
        notify_body(txnType="03"),
        notify_body(txnType="31", orderId="U"),
        notify_body(txnType="04", orderId="R1"),
        notify_body(txnType="04", orderId="R1", reqReserved="G1.1x"),
        notify_body(respMsg="\0"),
    ],
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_unionpay_did_not_sign_is_refused(why):
    body, error = REFUSED[why]
    with pytest.raises(error) as caught:
        parse(body)
    assert caught.value.reason == "signature_rejected"


@pytest.mark.parametrize(("code", "body"), [(code, body) for code, bodies in MALFORMED.items() for body in bodies])
def test_what_is_signed_and_makes_no_sense_is_refused(code, body):
    with pytest.raises(NotifyRefused) as caught:
        parse(body)
    assert caught.value.reason == code


def test_the_last_rung_is_believed_for_notifies_have_no_freshness():
    assert parse(notify_body(txnTime="20251123120000", traceTime="1123120000")).kind is NoticeKind.PAID


def test_it_is_acknowledged_in_one_word():
    reply = desk.unstarted().reply
    assert (reply.accepted, reply.content_type) == (b"ok", "text/plain")
