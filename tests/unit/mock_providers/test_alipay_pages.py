"""
Payments that a browser or a phone brings: into the cashier, and back with parameters that the merchant can verify.
"""

import json
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from mock_providers.core.books.book import cashier_token
from mock_providers.core.wire.journal import RawRequest
from mock_providers.core.wire.reply import WireReply
from tests.unit.mock_providers.alipay_desk import NOTIFY_URL, Desk, post

pytestmark = pytest.mark.asyncio

PAGE, WAP, APP = (f"alipay.trade.{name}.pay" for name in ("page", "wap", "app"))
RETURN_URL = "http://127.0.0.1:9/back?lang=zh"
RETURN_ORDER = [
    "charset", "out_trade_no", "method", "total_amount", "sign", "trade_no", "auth_app_id", "version", "app_id",
    "sign_type", "seller_id", "timestamp",
]  # fmt: skip


def form(desk: Desk, method: str = PAGE, *, order: str = "o1", **more) -> dict[str, str]:
    business = {"out_trade_no": order, "total_amount": "1.23", "subject": "tip pp000001", **more}
    return desk.merchant.signed(method, business, notify_url=NOTIFY_URL, return_url=RETURN_URL)


def visited(desk: Desk, params: dict[str, str], *, http_method: str = "POST") -> WireReply:
    request = post(params)
    if http_method == "GET":
        request = RawRequest("GET", f"/gateway.do?{urlencode(params)}", (), b"")
    call = desk.read(request)
    assert call.page
    return call.perform()


def page_of(reply: WireReply) -> str:
    headers = dict(reply.headers)
    assert (reply.status, headers["Content-Type"]) == (200, "text/html;charset=GBK")
    return reply.body.decode("gbk")


@pytest.mark.parametrize("http_method", ["GET", "POST"])
@pytest.mark.parametrize(("method", "product"), [(PAGE, "page"), (WAP, "wap"), (APP, "app")])
async def test_a_browser_is_sent_to_the_cashier_and_the_trade_waits(desk, http_method, method, product):
    assert desk.query()["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    reply = visited(desk, form(desk, method), http_method=http_method)
    trade = desk.trade()
    assert (reply.status, dict(reply.headers)["Location"]) == (302, f"/_cashier/{cashier_token(trade)}")
    assert (desk.query()["trade_status"], trade.opening.product) == ("WAIT_BUYER_PAY", product)
    assert (trade.opening.expires_at - trade.opening.created_at).days == 15


async def test_the_same_form_goes_on_with_the_same_trade(desk):
    first = visited(desk, form(desk))
    assert visited(desk, form(desk)).headers == first.headers
    assert desk.trade().seq == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sign": "AAAA"}, "invalid-signature"),
        ({"app_id": "2021000000000000"}, "invalid-app-id"),
        ({"charset": "utf-7"}, "invalid-charset"),
    ],
)
async def test_a_refusal_is_a_page_with_the_code_and_no_prefix(desk, change, code):
    page = page_of(visited(desk, form(desk) | change))
    assert f"<code>{code}</code>" in page
    assert '"out_trade_no"' not in page
    assert desk.query()["sub_code"] == "ACQ.TRADE_NOT_EXIST"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"total_amount": "9.99"}, "ACQ.CONTEXT_INCONSISTENT"),
        ({"total_amount": "x"}, "ACQ.INVALID_PARAMETER"),
        ({"subject": "<script>alert(1)</script>", "out_trade_no": "a b"}, "ACQ.INVALID_PARAMETER"),
    ],
)
async def test_an_order_that_cannot_be_opened_is_a_page_too(desk, more, code):
    visited(desk, form(desk))
    page = page_of(visited(desk, form(desk, **more)))
    assert f"<code>{code}</code>" in page
    assert "<script>" not in page


async def test_a_paid_order_shows_an_error(desk):
    visited(desk, form(desk))
    desk.buyer("pay")
    assert "ACQ.TRADE_HAS_SUCCESS" in page_of(visited(desk, form(desk)))


@pytest.mark.parametrize(("method", "told"), [(PAGE, PAGE), (WAP, WAP)])
async def test_the_way_back_is_signed_like_a_notify_in_the_captured_order(desk, method, told):
    visited(desk, form(desk, method))
    desk.buyer("pay")
    departure = desk.provider.departure(desk.trade())
    assert departure is not None
    assert departure.url.startswith(RETURN_URL + "&charset=")
    pairs = parse_qsl(urlsplit(departure.url).query)[1:]
    fields = dict(pairs)
    assert [name for name, _ in pairs] == RETURN_ORDER
    assert fields["method"] == f"{told}.return"
    assert not {"trade_status", "passback_params"} & set(fields)
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name not in {"sign", "sign_type"})
    desk.merchant.verify(text.encode(), fields["sign"])


@pytest.mark.parametrize(("method", "where"), [(WAP, "http://127.0.0.1:9/quit"), (PAGE, None)])
async def test_who_gives_up_is_sent_back_unsigned_where_the_merchant_said_so(desk, method, where):
    visited(desk, form(desk, method, **({"quit_url": where} if where else {})))
    desk.buyer("cancel")
    departure = desk.provider.departure(desk.trade())
    assert (departure.url if departure else None) == where


async def test_who_named_no_way_back_has_none(desk):
    desk.precreate()
    desk.buyer("pay")
    assert desk.provider.departure(desk.trade()) is None


@pytest.mark.parametrize(("action", "status"), [("pay", "9000"), ("insufficient_balance", "4000"), ("cancel", "6001")])
async def test_the_phone_hands_the_result_to_the_merchants_app(desk, action, status):
    trade = desk.provider.cashier_link(urlencode(form(desk, APP)))
    assert trade is desk.trade()
    desk.buyer(action)
    where = desk.provider.departure(trade).url
    reply = desk.read(RawRequest("GET", where, (), b"")).perform()
    told = json.loads(reply.body)
    assert told["resultStatus"] == status
    if status == "9000":
        inner, _, rest = told["result"].removeprefix('{"alipay_trade_app_pay_response":').partition(',"sign":"')
        desk.merchant.verify(inner.encode(), rest.partition('"')[0])
        assert json.loads(inner).items() >= {"out_trade_no": "o1", "total_amount": "1.23", "code": "10000"}.items()
        assert json.loads(told["result"])["sign_type"] == "RSA2"
    else:
        assert told["result"] == ""


async def test_a_text_that_is_not_signed_opens_nothing(desk):
    assert desk.provider.cashier_link(urlencode(form(desk, APP) | {"sign": "AAAA"})) is None
    assert desk.query()["sub_code"] == "ACQ.TRADE_NOT_EXIST"


async def test_only_app_payments_have_a_result_on_the_phone(desk):
    trade = desk.paid()
    reply = desk.read(RawRequest("GET", f"/_alipay/phone/{cashier_token(trade)}", (), b"")).perform()
    assert "ACQ.TRADE_NOT_EXIST" in page_of(reply)


async def test_notifies_of_pages_carry_what_was_attached(desk):
    visited(desk, form(desk, passback_params="a%3d1", body="b"))
    desk.buyer("pay")
    assert desk.published.notices[-1].fields.items() >= {"passback_params": "a%3d1", "body": "b"}.items()
