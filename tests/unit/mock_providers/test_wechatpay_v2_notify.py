"""
What a fault asks of an answer or of a notify in XML, member by member; and what counts as an acknowledgement.
"""

from datetime import timedelta

import pytest

from mock_providers.core.plans import AnswerShape, Kind, PlannedDelivery, Seal
from mock_providers.core.wire.journal import RawResponse
from tests.unit.mock_providers.wechatpay_v2_desk import (
    ORDER,
    Merchant,
    digest,
    fields_of,
    post,
    xml_of,
)

pytestmark = pytest.mark.asyncio


def genuine(merchant: Merchant, fields: dict[str, str]) -> bool:
    sign_type = "HMAC-SHA256" if len(fields["sign"]) == 64 else "MD5"
    return fields["sign"] == digest(fields, merchant.key, sign_type=sign_type)


@pytest.mark.parametrize("sign_type", [None, "HMAC-SHA256"])
async def test_a_payment_is_told_with_the_orders_own_kind_of_signature(v2_desk, sign_type):
    v2_desk.paid(sign_type=sign_type, attach="room 7", device_info="WEB")
    outgoing = v2_desk.rendered()
    fields = v2_desk.merchant.verified(outgoing.body)
    assert len(fields["sign"]) == (64 if sign_type else 32)
    assert fields.get("sign_type") == sign_type
    assert (fields["return_code"], fields["result_code"], fields["total_fee"]) == ("SUCCESS", "SUCCESS", "123")
    assert (fields["attach"], fields["device_info"], fields["out_trade_no"]) == ("room 7", "WEB", "order-1")
    assert b"<total_fee>123</total_fee>" in outgoing.body
    assert dict(outgoing.headers)["Content-Type"] == "text/xml"
    assert not any(name.endswith("_fee") and not value for name, value in fields.items())


async def test_each_delivery_has_a_nonce_of_its_own_and_the_same_content(v2_desk):
    v2_desk.paid()
    first = fields_of(v2_desk.rendered().body)
    duplicate = PlannedDelivery(Kind.DUPLICATE)
    at = v2_desk.trade().opening.created_at + timedelta(seconds=15)
    later = fields_of(v2_desk.provider.render(v2_desk.notice, duplicate, stamp_at=at).body)
    changed = {name for name in first if first[name] != later[name]}
    assert changed == {"nonce_str", "sign"}


@pytest.mark.parametrize(
    ("planned", "good"),
    [
        ({}, True),
        ({"kind": Kind.DUPLICATE}, True),
        ({"kind": Kind.REPLAYED, "stale_s": 3600.0}, True),
        ({"kind": Kind.TAMPERED, "add_fen": 100}, True),
        ({"kind": Kind.STRAY, "wrong": frozenset({"merchant", "app", "order"})}, True),
        ({"extra_fields": 3}, True),
        ({"kind": Kind.FORGED, "seal": Seal.FOREIGN}, False),
        ({"kind": Kind.FORGED, "seal": Seal.DAMAGED}, False),
        ({"kind": Kind.PROBE}, False),
    ],
)
async def test_every_plan_for_a_payment_is_carried_out(v2_desk, planned, good):
    v2_desk.paid()
    true = fields_of(v2_desk.rendered().body)
    fields = fields_of(v2_desk.rendered(**planned).body)
    assert genuine(v2_desk.merchant, fields) is good
    changed = {name for name in true if fields[name] != true[name]} - {"sign"}
    if planned.get("add_fen"):
        assert (changed, fields["total_fee"]) == ({"total_fee", "cash_fee"}, "223")
    elif planned.get("wrong"):
        assert changed == {"mch_id", "appid", "out_trade_no"}
    else:
        assert changed == set()
    assert len(fields) == len(true) + planned.get("extra_fields", 0)


async def test_an_unsigned_payment_has_no_signature_at_all(v2_desk):
    v2_desk.paid()
    assert "sign" not in fields_of(v2_desk.rendered(kind=Kind.FORGED, seal=Seal.NONE).body)


async def test_another_charset_is_used_for_the_body_and_for_the_signature(v2_desk):
    v2_desk.paid(attach="打赏")
    outgoing = v2_desk.rendered(charset="gbk")
    assert "打赏".encode("gbk") in outgoing.body
    assert dict(outgoing.headers)["Content-Type"] == "text/xml; charset=gbk"


@pytest.mark.parametrize(
    "planned",
    [
        {"kind": Kind.FORGED, "seal": Seal.FOREIGN},
        {"kind": Kind.FORGED, "seal": Seal.DAMAGED},
        {"kind": Kind.FORGED, "seal": Seal.NONE},
        {"kind": Kind.PROBE},
    ],
)
async def test_a_forged_refund_does_not_open_with_the_shared_key(v2_desk, planned):
    v2_desk.paid()
    v2_desk.refund("23")
    await v2_desk.later(5)
    fields = fields_of(v2_desk.rendered(**planned).body)
    with pytest.raises(Exception):  # noqa: B017  padding, XML or charset, whichever breaks first
        assert v2_desk.merchant.opened(fields["req_info"])["refund_fee"] == "not reached"
    assert "sign" not in fields


async def test_a_refund_about_somebody_else_opens_and_says_so(v2_desk):
    v2_desk.paid()
    v2_desk.refund("23")
    await v2_desk.later(5)
    true = fields_of(v2_desk.rendered().body)
    other = fields_of(v2_desk.rendered(wrong=frozenset({"merchant", "app", "order"}), add_fen=1, extra_fields=1).body)
    assert other["mch_id"] != true["mch_id"]
    assert other["appid"] != true["appid"]
    inner = v2_desk.merchant.opened(other["req_info"])
    assert (inner["out_trade_no"], inner["refund_fee"], inner["future_field_1"]) == (
        "order-0",
        "24",
        "introduced later",
    )


@pytest.mark.parametrize(
    ("status", "body", "ends"),
    [
        (
            200,
            b"<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>",
            True,
        ),
        (200, b"<xml>\n <return_code>SUCCESS</return_code>\n</xml>", True),
        (200, b"<xml><return_code><![CDATA[FAIL]]></return_code></xml>", False),
        (200, b"SUCCESS", False),
        (200, b"", False),
        (500, b"<xml><return_code><![CDATA[SUCCESS]]></return_code></xml>", False),
        (204, b"", False),
        (200, b'{"code": "SUCCESS"}', False),
    ],
)
async def test_only_xml_that_says_success_ends_the_ladder(v2_desk, status, body, ends):
    v2_desk.paid()
    assert v2_desk.provider.acknowledged(v2_desk.notice, RawResponse(status, (), body)) is ends


@pytest.mark.parametrize(
    ("refuse", "code"),
    [
        ("system_error", "SYSTEMERROR"),
        ("busy", "FREQUENCY_LIMITED"),
        ("in_process", "USERPAYING"),
        ("NOTENOUGH", "NOTENOUGH"),
        ("SOMETHING_NEW", "SOMETHING_NEW"),
    ],
)
@pytest.mark.parametrize("work", [True, False])
async def test_a_refusal_can_be_ordered_with_the_work_done_or_not(v2_desk, refuse, code, work):
    call = v2_desk.read("/pay/unifiedorder", ORDER)
    reply = call.perform(AnswerShape(refuse=refuse, work=work))
    fields = v2_desk.merchant.verified(reply.body)
    assert (fields["return_code"], fields["result_code"], fields["err_code"]) == ("SUCCESS", "FAIL", code)
    known = v2_desk.book.by_order("wechatpay", "order-1", now=v2_desk.schedule.now())
    assert (known is not None) is work


async def test_a_refund_in_process_says_so_in_its_own_word(v2_desk):
    v2_desk.paid()
    fields = {"out_trade_no": "order-1", "out_refund_no": "r", "total_fee": "123", "refund_fee": "1"}
    reply = v2_desk.read("/secapi/pay/refund", fields).perform(AnswerShape(refuse="in_process"))
    assert fields_of(reply.body)["err_code"] == "BIZERR_NEED_RETRY"
    assert v2_desk.trade().refunding_fen == 1


@pytest.mark.parametrize("seal", [Seal.DAMAGED, Seal.FOREIGN])
async def test_an_answer_can_be_sealed_wrongly(v2_desk, seal):
    reply = v2_desk.read("/pay/unifiedorder", ORDER).perform(AnswerShape(seal=seal))
    fields = fields_of(reply.body)
    assert not genuine(v2_desk.merchant, fields)
    assert fields["result_code"] == "SUCCESS"


async def test_an_answer_can_be_left_unsigned_and_has_no_stamp_to_be_stale(v2_desk):
    reply = v2_desk.read("/pay/unifiedorder", ORDER).perform(AnswerShape(seal=Seal.NONE, stale_s=900.0))
    assert "sign" not in fields_of(reply.body)


async def test_calls_refused_at_the_door_spend_no_fault_and_take_no_shape(v2_desk):
    call = v2_desk.provider.read(post("/pay/unifiedorder", xml_of({"mch_id": "1"})))
    assert not call.faultable
    assert fields_of(call.perform(AnswerShape(refuse="busy")).body)["return_code"] == "FAIL"
