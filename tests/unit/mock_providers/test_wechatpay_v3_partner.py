"""
Service providers' orders: created, asked about, closed and refunded for a merchant below the one that signs.
"""

import pytest

from tests.unit.mock_providers.wechatpay_v3_desk import OPENID, V3Desk

pytestmark = pytest.mark.asyncio

BASE = "/v3/pay/partner/transactions"
BELOW = "1900000109"
HOME = {"scene_info": {"payer_client_ip": "127.0.0.1", "h5_info": {"type": "Wap"}}}


def order(desk: V3Desk, **changes: object) -> dict[str, object]:
    body = desk.order(appid=None, mchid=None) | {"sp_appid": desk.merchant.app_id, "sp_mchid": desk.merchant.mchid}
    return {name: one for name, one in {**body, "sub_mchid": BELOW, **changes}.items() if one is not None}


def query(desk: V3Desk, *, by: str = "out-trade-no/order1", below: str = BELOW) -> tuple[int, dict]:
    return desk.call("GET", f"{BASE}/{by}?sp_mchid={desk.merchant.mchid}&sub_mchid={below}")


@pytest.mark.parametrize(
    ("product", "more", "field"),
    [
        ("native", {}, "code_url"),
        ("app", {}, "prepay_id"),
        ("h5", HOME, "h5_url"),
        ("jsapi", {"payer": {"sp_openid": OPENID}}, "prepay_id"),
        ("jsapi", {"sub_appid": "wxsub", "payer": {"sub_openid": "oSub"}}, "prepay_id"),
    ],
)
async def test_an_order_is_made_and_told_under_both_numbers(v3_desk, product, more, field):
    status, said = v3_desk.call("POST", f"{BASE}/{product}", order(v3_desk, **more))
    assert (status, list(said)) == (200, [field])
    told = query(v3_desk)[1]
    assert (told["sp_mchid"], told["sub_mchid"], told["trade_state"]) == (v3_desk.merchant.mchid, BELOW, "NOTPAY")
    assert told.get("sub_appid") == more.get("sub_appid")
    assert not {"mchid", "appid", "payer"} & told.keys()


async def test_a_payment_is_told_with_both_numbers_and_both_openids(v3_desk):
    more = {"sub_appid": "wxsub", "payer": {"sp_openid": OPENID, "sub_openid": "oSub"}}
    v3_desk.call("POST", f"{BASE}/jsapi", order(v3_desk, **more))
    v3_desk.buyer("pay")
    resource = v3_desk.merchant.opened(v3_desk.notify())
    assert resource == query(v3_desk, by=f"id/{resource['transaction_id']}")[1]
    assert resource["payer"] == {"sp_openid": OPENID, "sub_openid": "oSub"}
    assert (resource["sp_appid"], resource["sub_appid"]) == (v3_desk.merchant.app_id, "wxsub")
    assert "mchid" not in resource


async def test_a_refund_names_the_merchant_below(v3_desk):
    v3_desk.call("POST", f"{BASE}/native", order(v3_desk))
    v3_desk.buyer("pay")
    assert v3_desk.refund(23)[1]["code"] == "RESOURCE_NOT_EXISTS"
    assert v3_desk.refund(23, sub_mchid="1900000110")[1]["code"] == "RESOURCE_NOT_EXISTS"
    assert v3_desk.refund(23, sub_mchid=BELOW)[1]["status"] == "PROCESSING"
    await v3_desk.schedule.advance(5)
    target = "/v3/refund/domestic/refunds/refund1"
    assert v3_desk.call("GET", f"{target}?sub_mchid={BELOW}")[1]["status"] == "SUCCESS"
    assert v3_desk.call("GET", target)[1]["code"] == "RESOURCE_NOT_EXISTS"
    told = v3_desk.merchant.opened(v3_desk.notify())
    assert (told["sp_mchid"], told["sub_mchid"], "mchid" in told) == (v3_desk.merchant.mchid, BELOW, False)


async def test_a_close_says_both_numbers(v3_desk):
    v3_desk.call("POST", f"{BASE}/native", order(v3_desk))
    target, both = f"{BASE}/out-trade-no/order1/close", {"sp_mchid": v3_desk.merchant.mchid, "sub_mchid": BELOW}
    assert v3_desk.call("POST", target, {"sub_mchid": BELOW})[1]["code"] == "PARAM_ERROR"
    assert v3_desk.call("POST", target, both | {"sub_mchid": "1900000110"}) == (204, None)
    assert query(v3_desk)[1]["trade_state"] == "NOTPAY", "a stranger's order is not closed"
    assert v3_desk.close() == (204, None)
    assert query(v3_desk)[1]["trade_state"] == "NOTPAY", "nor is it by the path of merchants of their own"
    assert v3_desk.call("POST", target, both) == (204, None)
    assert query(v3_desk)[1]["trade_state"] == "CLOSED"


@pytest.mark.parametrize(
    ("product", "changes", "code"),
    [
        ("native", {"sub_mchid": None}, "PARAM_ERROR"),
        ("native", {"sp_appid": "wx0"}, "APPID_MCHID_NOT_MATCH"),
        ("native", {"sp_mchid": "1900000110"}, "PARAM_ERROR"),
        ("jsapi", {"payer": {}}, "PARAM_ERROR"),
        ("jsapi", {"payer": {"sub_openid": "oSub"}}, "PARAM_ERROR"),
        ("native", {"amount": {"total": 1, "currency": "USD"}}, "PARAM_ERROR"),
    ],
)
async def test_what_is_wrong_with_an_order_has_its_code(v3_desk, product, changes, code):
    assert v3_desk.call("POST", f"{BASE}/{product}", order(v3_desk, **changes))[1]["code"] == code
    assert v3_desk.book.page(after=0, limit=1, provider=None, now=v3_desk.schedule.now()) == ([], None)


async def test_orders_of_different_houses_do_not_know_each_other(v3_desk):
    v3_desk.call("POST", f"{BASE}/native", order(v3_desk))
    assert v3_desk.query()[1]["code"] == "ORDER_NOT_EXIST"
    assert query(v3_desk, below="1900000110")[1]["code"] == "ORDER_NOT_EXIST"
    assert query(v3_desk, by="out-trade-no/nobody")[1]["code"] == "ORDER_NOT_EXIST"
    v3_desk.create("order2")
    assert query(v3_desk, by="out-trade-no/order2")[1]["code"] == "ORDER_NOT_EXIST"
    other = v3_desk.call("POST", f"{BASE}/native", order(v3_desk, sub_mchid="1900000110"))
    assert other[1]["code"] == "OUT_TRADE_NO_USED"
