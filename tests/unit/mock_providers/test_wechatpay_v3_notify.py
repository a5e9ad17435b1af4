"""
API v3's notifies: what is told, how it is sealed, what each kind of lie looks like, and what ends the ladder.
"""

import json

import pytest

from mock_providers.core.plans import Kind, PlannedDelivery, Seal
from mock_providers.core.wire.journal import RawResponse
from tests.unit.mock_providers.desks import T0
from tests.unit.mock_providers.wechatpay_v3_desk import V3Desk

pytestmark = pytest.mark.asyncio


async def test_a_payment_is_told_once_with_the_object_of_the_query(v3_desk: V3Desk):
    v3_desk.paid(attach="房间 7")

    resource = v3_desk.merchant.opened(v3_desk.notify())

    assert len(v3_desk.published.notices) == 1
    assert resource == v3_desk.query()[1]
    assert resource["attach"] == "房间 7"


async def test_failed_and_abandoned_tries_are_not_told(v3_desk: V3Desk):
    v3_desk.create()
    for action in ("insufficient_balance", "wrong_password", "cancel"):
        v3_desk.buyer(action)

    assert v3_desk.published.notices == []


async def test_the_envelope_names_the_event(v3_desk: V3Desk):
    v3_desk.paid()

    outgoing = v3_desk.notify()
    envelope = json.loads(outgoing.body)

    assert (envelope["event_type"], envelope["resource_type"]) == ("TRANSACTION.SUCCESS", "encrypt-resource")
    assert envelope["resource"]["original_type"] == envelope["resource"]["associated_data"] == "transaction"
    assert len(envelope["id"]) == 36
    assert len(envelope["resource"]["nonce"]) == 12
    assert dict(outgoing.headers)["User-Agent"] == "Mozilla/4.0"
    assert outgoing.string_to_sign.endswith(outgoing.body.decode() + "\n")


async def test_a_resend_keeps_its_id_and_nothing_else(v3_desk: V3Desk):
    v3_desk.paid()
    notice = v3_desk.published.notices[0]
    first = v3_desk.notify()
    later = v3_desk.provider.render(notice, PlannedDelivery(Kind.TRUE), stamp_at=T0.replace(second=20))

    assert json.loads(first.body)["id"] == json.loads(later.body)["id"]
    for name in ("Wechatpay-Nonce", "Wechatpay-Signature", "Wechatpay-Timestamp"):
        assert dict(first.headers)[name] != dict(later.headers)[name]
    v3_desk.merchant.verify(dict(later.headers), later.body)


@pytest.mark.parametrize(
    "planned", [{"seal": Seal.FOREIGN}, {"seal": Seal.DAMAGED}, {"kind": Kind.PROBE, "seal": Seal.FOREIGN}]
)
async def test_a_bad_seal_does_not_verify_and_all_else_looks_real(v3_desk: V3Desk, planned):
    v3_desk.paid()

    outgoing = v3_desk.notify(**planned)
    headers = dict(outgoing.headers)

    assert not v3_desk.merchant.genuine(headers, outgoing.body)
    assert len(headers["Wechatpay-Signature"]) == 344
    assert headers["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/") is ("kind" in planned)
    assert json.loads(v3_desk.merchant.decrypt(json.loads(outgoing.body)["resource"])) == v3_desk.query()[1]


async def test_without_a_seal_no_header_of_the_vendors_is_left(v3_desk: V3Desk):
    v3_desk.paid()

    assert not [name for name, _ in v3_desk.notify(seal=Seal.NONE).headers if name.startswith("Wechatpay")]


@pytest.mark.parametrize(
    ("planned", "field"),
    [
        ({"add_fen": 100}, "amount"),
        ({"add_fen": -200}, "amount"),
        ({"wrong": frozenset({"merchant"})}, "mchid"),
        ({"wrong": frozenset({"app"})}, "appid"),
        ({"wrong": frozenset({"order"})}, "out_trade_no"),
    ],
)
async def test_a_lie_inside_a_good_envelope_has_an_id_of_its_own(v3_desk: V3Desk, planned, field):
    v3_desk.paid()
    truth = v3_desk.query()[1]

    outgoing = v3_desk.notify(kind=Kind.TAMPERED, fault="tampered", **planned)
    resource = v3_desk.merchant.opened(outgoing)

    assert {name for name in truth if truth[name] != resource[name]} == {field}
    assert len(str(resource[field])) == len(str(truth[field]))
    assert json.loads(outgoing.body)["id"] != v3_desk.published.notices[0].notify_id


async def test_unknown_fields_are_inside_and_outside_and_signed(v3_desk: V3Desk):
    v3_desk.paid()

    outgoing = v3_desk.notify(extra_fields=2)

    assert "future_field_2" in v3_desk.merchant.opened(outgoing)
    assert "future_field_2" in json.loads(outgoing.body)


async def test_a_stale_stamp_lies_back_and_is_signed(v3_desk: V3Desk):
    v3_desk.paid()

    outgoing = v3_desk.notify(kind=Kind.REPLAYED, stale_s=3600.0)

    v3_desk.merchant.verify(dict(outgoing.headers), outgoing.body)
    assert int(dict(outgoing.headers)["Wechatpay-Timestamp"]) == int(T0.timestamp()) - 3600


async def test_another_charset_is_announced_and_signed_as_bytes(v3_desk: V3Desk):
    v3_desk.paid()

    outgoing = v3_desk.notify(charset="gbk")

    v3_desk.merchant.verify(dict(outgoing.headers), outgoing.body)
    assert json.loads(outgoing.body.decode("gbk"))["summary"] == "支付成功"
    assert dict(outgoing.headers)["Content-Type"] == "application/json; charset=gbk"


async def test_while_switching_both_keys_sign_notifies(make_v3_desk):
    desk = make_v3_desk(platform="switching", switching_share=0.5)
    serials = set()
    for number in range(20):
        desk.paid(f"order{number}")
        outgoing = desk.notify()
        desk.merchant.opened(outgoing)
        serials.add(dict(outgoing.headers)["Wechatpay-Serial"][:11])

    assert len(serials) == 2
    assert "PUB_KEY_ID_" in serials


@pytest.mark.parametrize(
    ("status", "body", "over"),
    [
        (200, b"", True),
        (204, b"", True),
        (200, b'{"code":"FAIL"}', True),
        (201, b"", False),
        (302, b"", False),
        (400, b"", False),
        (500, b'{"code":"SUCCESS"}', False),
    ],
)
async def test_the_status_alone_ends_the_ladder(v3_desk: V3Desk, status, body, over):
    v3_desk.paid()

    assert v3_desk.provider.acknowledged(v3_desk.published.notices[0], RawResponse(status, (), body)) is over


async def test_the_ladder_has_sixteen_rungs_in_24_hours_and_4_minutes(v3_desk: V3Desk):
    v3_desk.paid()

    ladder = v3_desk.provider.ladder(v3_desk.published.notices[0])

    rungs_s = [0, 15, 30, 60, 240, 840, 2040, 3840, 5640, 7440, 11_040, 21_840, 32_640, 43_440, 65_040, 86_640]
    assert list(ladder.offsets_s) == rungs_s
    assert ladder.answer_timeout_s == 5.0
