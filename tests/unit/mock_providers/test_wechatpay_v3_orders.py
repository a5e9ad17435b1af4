"""
Orders over API v3: create, create again, query, close, and what the buyer's doings make of them.
"""

from typing import Any

import pytest

from mock_providers.core.books.book import TradeState
from mock_providers.errors import BookRefused
from tests.unit.mock_providers.wechatpay_v3_desk import OPENID, V3Desk

pytestmark = pytest.mark.asyncio

H5_SCENE = {"payer_client_ip": "127.0.0.1", "h5_info": {"type": "Wap"}}
MORE: dict[str, dict[str, Any]] = {
    "native": {},
    "app": {},
    "jsapi": {"payer": {"openid": OPENID}},
    "h5": {"scene_info": H5_SCENE},
}


@pytest.mark.parametrize(
    ("product", "field", "beginning"),
    [
        ("native", "code_url", "weixin://wxpay/bizpayurl?pr="),
        ("app", "prepay_id", "wx"),
        ("jsapi", "prepay_id", "wx"),
        ("h5", "h5_url", "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx"),
    ],
)
async def test_each_product_brings_what_its_buyer_opens(v3_desk: V3Desk, product, field, beginning):
    status, said = v3_desk.create(product=product, **MORE[product])

    assert (status, list(said)) == (200, [field])
    assert said[field].startswith(beginning)
    opened = v3_desk.provider.cashier_link(said[field]) if product in {"native", "h5"} else v3_desk.trade()
    assert opened is v3_desk.trade()
    assert opened.state is TradeState.WAITING


async def test_a_prepay_id_has_36_characters_and_a_transaction_id_28(v3_desk: V3Desk):
    _, said = v3_desk.create(product="app")
    v3_desk.buyer("pay")

    assert len(said["prepay_id"]) == 36
    transaction_id = v3_desk.query()[1]["transaction_id"]
    assert transaction_id[:4] == "4200"
    assert (len(transaction_id), transaction_id.isdigit()) == (28, True)


async def test_an_unpaid_order_has_no_transaction_id(v3_desk: V3Desk):
    v3_desk.create(attach="room 7")

    status, said = v3_desk.query()

    assert status == 200
    assert said["trade_state"] == "NOTPAY"
    assert said["attach"] == "room 7"
    assert not {"transaction_id", "trade_type", "success_time", "payer"} & said.keys()
    hidden = v3_desk.trade().trade_no
    target = f"/v3/pay/transactions/id/{hidden}?mchid={v3_desk.merchant.mchid}"
    assert v3_desk.call("GET", target) == (404, {"code": "ORDER_NOT_EXIST", "message": "订单不存在"})


async def test_a_paid_order_is_found_by_both_numbers(v3_desk: V3Desk):
    v3_desk.paid(product="jsapi", payer={"openid": OPENID})

    status, said = v3_desk.query()

    assert (status, said["trade_state"], said["trade_type"]) == (200, "SUCCESS", "JSAPI")
    assert said["success_time"] == "2026-01-02T11:04:05+08:00"
    assert said["payer"] == {"openid": OPENID}
    assert said["amount"] == {"total": 123, "currency": "CNY", "payer_total": 123, "payer_currency": "CNY"}
    target = f"/v3/pay/transactions/id/{said['transaction_id']}?mchid={v3_desk.merchant.mchid}"
    assert v3_desk.call("GET", target) == (200, said)


async def test_the_same_order_again_gives_the_same_link(v3_desk: V3Desk):
    assert v3_desk.create() == v3_desk.create()


@pytest.mark.parametrize(
    "change", [{"description": "other"}, {"amount": {"total": 124}}, {"attach": "x"}, {"product": "app"}]
)
@pytest.mark.parametrize(
    ("style", "status", "code"), [("documented", 403, "OUT_TRADE_NO_USED"), ("field", 400, "INVALID_REQUEST")]
)
async def test_another_order_of_the_same_number_is_refused(make_v3_desk, change, style, status, code):
    desk = make_v3_desk(duplicate_number=style)
    desk.create()

    got, said = desk.create(**change)

    assert (got, said["code"]) == (status, code)
    assert desk.trade().opening.total_fen == 123


async def test_a_paid_number_is_answered_orderpaid_and_a_closed_one_order_closed(v3_desk: V3Desk):
    v3_desk.paid("paid00")
    v3_desk.create("closed")
    v3_desk.close("closed")

    assert v3_desk.create("paid00")[1]["code"] == "ORDERPAID"
    assert v3_desk.create("closed")[1]["code"] == "ORDER_CLOSED"


async def test_close_is_204_and_can_be_repeated(v3_desk: V3Desk):
    v3_desk.create()

    assert [v3_desk.close(), v3_desk.close()] == [(204, None), (204, None)]
    assert v3_desk.query()[1]["trade_state"] == "CLOSED"
    with pytest.raises(BookRefused):
        v3_desk.buyer("pay")


async def test_an_answer_without_a_body_has_its_content_type_all_the_same(v3_desk: V3Desk):
    v3_desk.create()

    target = "/v3/pay/transactions/out-trade-no/order1/close"
    reply = v3_desk.ask("POST", target, {"mchid": v3_desk.merchant.mchid})
    assert (reply.status, reply.body) == (204, b"")
    assert dict(reply.headers)["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(("switch", "status"), [("accepted", 204), ("refused", 404)])
async def test_closing_what_nobody_made_is_as_the_switch_says(make_v3_desk, switch, status):
    assert make_v3_desk(unknown_close=switch).close("nobody")[0] == status


async def test_a_paid_order_is_not_closed(v3_desk: V3Desk):
    v3_desk.paid()

    status, said = v3_desk.close()

    assert (status, said["code"]) == (400, "ORDERPAID")
    assert v3_desk.query()[1]["trade_state"] == "SUCCESS"


async def test_time_expire_keeps_the_buyer_out_and_closes_nothing(v3_desk: V3Desk):
    v3_desk.create(time_expire="2026-01-02T11:14:05+08:00")
    await v3_desk.schedule.advance(601)

    with pytest.raises(BookRefused, match="takes no payment"):
        v3_desk.buyer("pay")
    assert v3_desk.query()[1]["trade_state"] == "NOTPAY"


async def test_a_time_expire_in_the_past_becomes_one_minute(v3_desk: V3Desk):
    v3_desk.create(time_expire="2020-01-01T00:00:00+08:00")
    await v3_desk.schedule.advance(59)

    v3_desk.buyer("pay")

    assert v3_desk.query()[1]["trade_state"] == "SUCCESS"


async def test_an_order_that_nobody_pays_closes_after_seven_days(v3_desk: V3Desk):
    v3_desk.create()
    await v3_desk.schedule.advance(7 * 86_400 - 1)
    assert v3_desk.query()[1]["trade_state"] == "NOTPAY"
    await v3_desk.schedule.advance(1)
    assert v3_desk.query()[1]["trade_state"] == "CLOSED"


async def test_an_expired_link_opens_nothing_until_the_order_is_sent_again(v3_desk: V3Desk):
    link = v3_desk.create()[1]["code_url"]
    await v3_desk.schedule.advance(7201)

    with pytest.raises(BookRefused, match="expired"):
        v3_desk.provider.cashier_link(link)
    again = v3_desk.create()[1]["code_url"]
    assert v3_desk.provider.cashier_link(again) is v3_desk.trade()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"out_trade_no": "abc"}, "小于最小值 6"),
        ({"out_trade_no": "order 1"}, r"^[0-9a-zA-Z_\-\|\*]+$"),
        ({"description": None}, "“/body/description”"),
        ({"amount": {"total": 0}}, "值低于最小值 1"),
        ({"amount": {"total": "1"}}, "需要数值"),
        ({"amount": {"total": 1.0}}, "需要数值"),
        ({"amount": {"total": True}}, "需要数值"),
        ({"amount": {"total": 1, "currency": "USD"}}, "货币"),
        ({"notify_url": "http://127.0.0.1:9009/n?a=1"}, "“/body/notify_url”"),
        ({"notify_url": "ftp://127.0.0.1/n"}, "“/body/notify_url”"),
        ({"time_expire": "tomorrow"}, "time_expire"),
        ({"time_expire": "2026-02-02T11:04:05+08:00"}, "time_expire"),
        ({"detail": {"goods_detail": [{"merchant_goods_id": "a"}]}}, "/goods_detail/0/quantity"),
        ({"product": "jsapi"}, "“/body/payer”"),
        ({"product": "h5"}, "“/body/scene_info”"),
        ({"mchid": "1900000109"}, "商户号"),
    ],
)
async def test_a_field_that_cannot_be_taken_is_named(v3_desk: V3Desk, change, told):
    status, said = v3_desk.create(**change)

    assert (status, said["code"]) == (400, "PARAM_ERROR")
    assert told in said["message"]
    assert v3_desk.book.page(after=0, limit=1, provider=None, now=v3_desk.schedule.now()) == ([], None)


async def test_an_app_of_somebody_else_is_refused(v3_desk: V3Desk):
    assert v3_desk.create(appid="wx0123456789abcdef")[1]["code"] == "APPID_MCHID_NOT_MATCH"


async def test_a_query_names_its_merchant(v3_desk: V3Desk):
    v3_desk.create()
    path = "/v3/pay/transactions/out-trade-no/order1"

    status, said = v3_desk.call("GET", path)

    assert (status, said["detail"]) == (400, {"location": "uri_template", "value": ""})
    assert v3_desk.call("GET", f"{path}?mchid=1900000109")[1]["code"] == "PARAM_ERROR"
