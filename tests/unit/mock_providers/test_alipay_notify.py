"""
Notifies as bytes: fields, signature, what stays and what is fresh, and what the lies look like.
"""

from datetime import timedelta
from urllib.parse import parse_qsl

import pytest
from cryptography.exceptions import InvalidSignature

from mock_providers.alipay.notify import LADDER, acknowledged
from mock_providers.core.plans import Kind, PlannedDelivery, Seal
from mock_providers.core.wire.journal import RawResponse
from mock_providers.errors import ConfigurationRefused
from tests.unit.mock_providers.alipay_desk import Desk, post
from tests.unit.mock_providers.desks import T0

pytestmark = pytest.mark.asyncio

TRUE = PlannedDelivery(Kind.TRUE)


def sent(desk: Desk, number: int = -1, *, how: PlannedDelivery = TRUE, later_s: float = 0) -> dict[str, str]:
    """
    The notify as a merchant reads it, its signature verified unless it is a forgery.
    """
    notice = desk.published.notices[number]
    outgoing = desk.provider.render(notice, how, stamp_at=T0 + timedelta(seconds=later_s))
    charset = notice.context["charset"]
    fields = dict(parse_qsl(outgoing.body.decode("ascii"), keep_blank_values=True, encoding=charset))
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name not in {"sign", "sign_type"})
    assert text == outgoing.string_to_sign
    assert all(fields.values())
    desk.merchant.verify(text.encode(charset), fields["sign"], sign_type=fields["sign_type"])
    return fields


def told(desk: Desk, how: PlannedDelivery) -> dict[str, str]:
    """
    A copy as a merchant reads it by its declared charset; its signature must be the platform's.
    """
    outgoing = desk.provider.render(desk.published.notices[-1], how, stamp_at=T0)
    fields = dict(parse_qsl(outgoing.body.decode("ascii"), keep_blank_values=True, encoding=how.charset or "utf-8"))
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name not in {"sign", "sign_type"})
    desk.merchant.verify(text.encode(how.charset or "utf-8"), fields["sign"])
    return fields


async def test_a_payment_notify_tells_the_payment(desk):
    trade = desk.paid()
    fields = sent(desk)
    assert fields.items() >= {
        "app_id": desk.merchant.app_id, "auth_app_id": desk.merchant.app_id, "charset": "utf-8", "version": "1.0",
        "notify_type": "trade_status_sync", "notify_time": "2026-01-02 11:04:05", "sign_type": "RSA2",
        "out_trade_no": "o1", "trade_no": trade.trade_no, "trade_status": "TRADE_SUCCESS", "subject": "tip pp000001",
        "total_amount": "1.23", "receipt_amount": "1.23", "buyer_pay_amount": "1.23", "invoice_amount": "1.23",
        "point_amount": "0.00", "gmt_create": "2026-01-02 11:04:05", "gmt_payment": "2026-01-02 11:04:05",
        "fund_bill_list": '[{"amount":"1.23","fundChannel":"ALIPAYACCOUNT"}]', "seller_id": trade.opening.merchant_id,
    }.items()  # fmt: skip
    assert len(fields["notify_id"]) == 34
    assert fields["notify_id"].startswith("20260102")


async def test_a_part_refunded_is_told_as_success_and_the_whole_as_closed(desk):
    desk.paid()
    desk.refund("0.23", request_no="r1")
    part = sent(desk)
    assert (part["trade_status"], part["refund_fee"], part["out_biz_no"]) == ("TRADE_SUCCESS", "0.23", "r1")
    assert part["gmt_refund"] == "2026-01-02 11:04:05.678"
    assert not {"gmt_close", "receipt_amount", "buyer_pay_amount", "fund_bill_list"} & set(part)
    desk.refund("1.00", request_no="r2")
    rest = sent(desk)
    assert (rest["trade_status"], rest["refund_fee"], rest["out_biz_no"]) == ("TRADE_CLOSED", "1.23", "r2")
    assert rest["gmt_close"] == "2026-01-02 11:04:05"


async def test_each_event_has_one_id_that_stays_while_time_and_signature_are_fresh(desk):
    desk.paid()
    desk.refund("0.23", request_no="r1")
    first, later = sent(desk, 0), sent(desk, 0, later_s=240)
    changed = {name for name in first if first[name] != later[name]}
    assert changed == {"notify_time", "sign"}
    assert len({sent(desk, number)["notify_id"] for number in (0, 1)}) == 2


async def test_fields_are_frozen_as_of_the_event(desk):
    desk.paid()
    desk.refund("1.23", request_no="r1")
    assert sent(desk, 0)["trade_status"] == "TRADE_SUCCESS"


async def test_a_forgery_says_the_same_under_a_strangers_signature(desk):
    desk.paid()
    true = sent(desk)
    with pytest.raises(InvalidSignature):
        sent(desk, how=PlannedDelivery(Kind.FORGED, seal=Seal.FOREIGN))
    notice = desk.published.notices[0]
    body = desk.provider.render(notice, PlannedDelivery(Kind.FORGED, seal=Seal.FOREIGN), stamp_at=T0).body
    forged = dict(parse_qsl(body.decode()))
    assert {name for name in true if true[name] != forged[name]} == {"sign"}


@pytest.mark.parametrize(("add_fen", "told"), [(100, "2.23"), (-23, "1.00"), (-500, "6.23")])
async def test_tampered_amounts_are_signed_and_differ(desk, add_fen, told):
    desk.paid()
    fields = sent(desk, how=PlannedDelivery(Kind.TAMPERED, add_fen=add_fen))
    assert {fields[name] for name in ("total_amount", "receipt_amount", "buyer_pay_amount")} == {told}
    assert fields["notify_id"] != sent(desk)["notify_id"]


async def test_texts_that_break_canonical_strings_arrive_whole(desk):
    subject = '打赏🌹 +%2B%20&a=b "q" {x} pp000001'
    desk.precreate(subject=subject, body="b&c", passback_params="merchantBizType%3d3C")
    desk.buyer("pay")
    fields = sent(desk)
    assert (fields["subject"], fields["body"]) == (subject, "b&c")
    assert fields["passback_params"] == "merchantBizType%3d3C"


async def test_blank_values_are_never_sent_because_verifiers_disagree_on_them(desk):
    desk.precreate(subject=" ", body="\t", passback_params="")
    desk.buyer("pay")
    assert not {"subject", "body", "passback_params"} & set(sent(desk))


async def test_the_request_decides_charset_and_kind_of_signature(desk):
    business = {"out_trade_no": "o1", "total_amount": "1.23", "subject": "tip"}
    changes = {"charset": "GBK", "sign_type": "RSA", "notify_url": "http://127.0.0.1:9/n"}
    desk.read(post(desk.merchant.signed("alipay.trade.precreate", business, **changes))).perform()
    desk.buyer("pay")
    fields = sent(desk)
    assert (fields["charset"], fields["sign_type"]) == ("GBK", "RSA")


async def test_the_content_type_is_as_malformed_as_the_real_one(desk):
    desk.paid()
    outgoing = desk.provider.render(desk.published.notices[0], TRUE, stamp_at=T0)
    headers = dict(outgoing.headers)
    assert headers["Content-Type"] == "application/x-www-form-urlencoded; text/html; charset=utf-8"


@pytest.mark.parametrize("seal", [Seal.DAMAGED, Seal.FOREIGN])
async def test_a_bad_seal_says_the_same_and_does_not_verify(desk, seal):
    desk.paid()
    true = sent(desk)
    body = desk.provider.render(desk.published.notices[0], PlannedDelivery(Kind.FORGED, seal=seal), stamp_at=T0).body
    bad = dict(parse_qsl(body.decode()))
    assert {name for name in true if true[name] != bad[name]} == {"sign"}
    with pytest.raises(InvalidSignature):
        sent(desk, how=PlannedDelivery(Kind.FORGED, seal=seal))


async def test_without_a_seal_there_is_no_signature(desk):
    desk.paid()
    how = PlannedDelivery(Kind.FORGED, seal=Seal.NONE)
    body = desk.provider.render(desk.published.notices[0], how, stamp_at=T0).body
    assert sent(desk).keys() - dict(parse_qsl(body.decode())).keys() == {"sign"}


async def test_a_probe_is_a_strangers_signature_and_nothing_else(desk):
    desk.paid()
    notice = desk.published.notices[0]
    forged = desk.provider.render(notice, PlannedDelivery(Kind.FORGED, seal=Seal.FOREIGN), stamp_at=T0)
    assert desk.provider.render(notice, PlannedDelivery(Kind.PROBE), stamp_at=T0) == forged


@pytest.mark.parametrize(
    ("how", "changed"),
    [
        (PlannedDelivery(Kind.STRAY, wrong=frozenset({"merchant"})), {"seller_id", "notify_id"}),
        (PlannedDelivery(Kind.STRAY, wrong=frozenset({"app"})), {"app_id", "auth_app_id", "notify_id"}),
        (PlannedDelivery(Kind.STRAY, wrong=frozenset({"order"})), {"out_trade_no", "trade_no", "notify_id"}),
        (PlannedDelivery(Kind.REPLAYED, stale_s=3600), {"notify_time"}),
        (PlannedDelivery(Kind.TRUE, extra_fields=2), {"new_field_1", "new_field_2"}),
        (PlannedDelivery(Kind.TRUE, charset="GBK"), {"charset"}),
    ],
    ids=["merchant", "app", "order", "stale", "unknown-fields", "charset"],
)
async def test_a_copy_that_lies_is_truly_signed_and_differs_in_just_that(desk, how, changed):
    desk.paid()
    true, other = sent(desk), told(desk, how)
    assert {name for name in true.keys() | other.keys() if true.get(name) != other.get(name)} == changed | {"sign"}


async def test_two_lies_have_two_ids(desk):
    desk.paid()
    lies = (PlannedDelivery(Kind.TAMPERED, add_fen=add) for add in (1, 2, 100))
    assert len({told(desk, how)["notify_id"] for how in (TRUE, *lies)}) == 4


async def test_blanks_around_the_acknowledgement_are_a_matter_of_choice():
    answer = RawResponse(200, (), b" success\r\n")
    assert [acknowledged(answer, may_have_blanks=choice) for choice in (False, True)] == [False, True]


async def test_immediate_resends_come_before_the_ladder(credentials_dir):
    desk = Desk(credentials_dir, notify_resends_at_once=3)
    desk.paid()
    offsets = desk.provider.ladder(desk.published.notices[0]).offsets_s
    assert (offsets[:5], len(offsets)) == ((0.0, 0.0, 0.0, 0.0, 240.0), 11)
    await desk.schedule.stop()


@pytest.mark.parametrize(
    ("switches", "meant"),
    [
        ({"notify_events": frozenset({"wap/closed"})}, "wap/close"),
        ({"notify_events": frozenset({"payments"})}, "payment"),
        ({"products_not_signed": frozenset({"barcodes"})}, "barcode"),
    ],
)
async def test_a_misspelt_word_is_refused_with_the_closest_one(credentials_dir, switches, meant):
    with pytest.raises(ConfigurationRefused, match=f"Did you mean '{meant}'"):
        Desk(credentials_dir, **switches)


async def test_the_ladder_has_eight_rungs_over_a_day():
    hours = [offset / 3600 for offset in LADDER.offsets_s]
    assert hours == pytest.approx([0, 4 / 60, 14 / 60, 0.4, 1.4, 3.4, 9.4, 24.4])
    assert 5 <= LADDER.answer_timeout_s <= 10


@pytest.mark.parametrize(
    ("status", "body", "ends"),
    [
        (200, b"success", True), (200, b"SUCCESS", False), (200, b'"success"', False), (200, b"success\n", False),
        (201, b"success", False), (302, b"success", False), (500, b"success", False), (200, b"", False),
        (200, b"\xef\xbb\xbfsuccess", False),
    ],
)  # fmt: skip
async def test_only_seven_characters_acknowledge(status, body, ends):
    assert acknowledged(RawResponse(status, (), body)) is ends
