"""
The same promise for WeChat Pay, both its APIs: within the budget, whoever asks again as the vendor advises gets through.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.world.virtual_clock import VirtualClock
from harness.world.virtual_loop import VirtualLoop
from tests.chaos import wechatpay_v2_kit, wechatpay_v3_kit
from tests.loopback.sandbox import Received, Sandbox, sandbox
from tests.unit.mock_providers import wechatpay_v2_desk, wechatpay_v3_desk
from tests.unit.mock_providers.wechatpay_v2_desk import Fields, fields_of

FLAKY = Path(__file__).parents[2] / "scenarios" / "profiles" / "flaky.yaml"
T0 = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
# See wechatpay/codepay and row C20 of wechatpay/chaos: ask again after five seconds, up to 45, then give up.
EVERY_S, TRIES_MAX = 5.0, 10
# How old a stamp may be; see wechatpay/notify-headers.
FRESH_S = 300
TRUE = (200, b"")
BROKEN = (aiohttp.ClientError, AssertionError, ValueError, KeyError, SyntaxError)

Ask = Callable[[], Awaitable[dict[str, Any]]]
Good = Callable[[dict[str, Any]], bool]


@dataclass
class Books:
    """
    What a merchant of either API has heard, and how often it had to ask.
    """

    told: dict[str, set[str]] = field(default_factory=dict)
    tries_max: int = 0

    async def insist(self, what: str, ask: Ask, good: Good) -> None:
        """
        Ask until the answer is good; what cannot be believed or read says nothing.
        """
        answer: dict[str, Any] = {}
        for number in range(1, TRIES_MAX + 1):
            with suppress(*BROKEN):
                answer = await ask()
                if good(answer):
                    self.tries_max = max(self.tries_max, number)
                    return
            await asyncio.sleep(EVERY_S)  # noqa: TID251  virtual time
        pytest.fail(f"{what} never got through: the last answer was {answer}")

    def heard(self, order: str, what: str) -> bool:
        if order not in self.told:
            return False
        self.told[order].add(what)
        return True


class V3Counter:
    """
    A merchant of API v3 who believes nothing that is not signed, fresh, theirs and right.
    """

    def __init__(self, box: Sandbox, credentials_dir: Path) -> None:
        self.shop = wechatpay_v3_kit.Shop(box, wechatpay_v3_desk.Merchant(credentials_dir))
        self.books = Books()

    def hear(self, one: Received) -> tuple[int, bytes]:
        merchant, now = self.shop.merchant, self.shop.box.simulator.schedule._stamp.now()
        refused = (401, b'{"code":"FAIL","message":"no"}')
        try:
            late_s = abs(now.timestamp() - int(one.headers["Wechatpay-Timestamp"]))
            if late_s > FRESH_S or not merchant.genuine(one.headers, one.body):
                return refused
            said = orjson.loads(merchant.decrypt(orjson.loads(one.body)["resource"]))
        except (KeyError, ValueError, InvalidTag):
            return refused
        ours = said["mchid"] == merchant.mchid and said.get("appid", merchant.app_id) == merchant.app_id
        right = ours and said["amount"]["total"] == 123
        what = "refund" if "refund_status" in said else "payment"
        return TRUE if right and self.books.heard(said["out_trade_no"], what) else refused

    async def sell(self, number: int, *, by_code: bool) -> None:
        shop, order, label = self.shop, f"order{number:06d}", f"tip pp{number:06d}"
        self.books.told[order] = set()
        if by_code:
            # The last four digits are what becomes of it.
            code = {"auth_code": f"13{number:012d}0000"}
            body = shop.order(order, description=label, payer=code)
            await self.insist("codepay", "POST", "/v3/pay/transactions/codepay", body, "SUCCESS", "ORDERPAID")
        else:
            body = shop.order(order, description=label)
            await self.insist("create", "POST", wechatpay_v3_kit.NATIVE, body, "code_url")
            await shop.buyer("pay", order)
        target = f"/v3/pay/transactions/out-trade-no/{order}?mchid={shop.merchant.mchid}"
        await self.insist("query", "GET", target, None, "SUCCESS")
        refund: dict[str, Any] = {"out_trade_no": order, "out_refund_no": f"r{order}", "reason": label}
        refund |= {"notify_url": shop.box.receiver.url, "amount": {"refund": 23, "total": 123, "currency": "CNY"}}
        await self.insist("refund", "POST", wechatpay_v3_kit.REFUNDS, refund, "PROCESSING", "SUCCESS")

    async def insist(self, what: str, method: str, target: str, body: Any, *good: str) -> None:
        async def ask() -> dict[str, Any]:
            answer = await self.shop.ask(method, target, body)
            assert answer.genuine
            return answer.said

        def fits(said: dict[str, Any]) -> bool:
            return bool({said.get("trade_state"), said.get("status"), said.get("code"), *said} & set(good))

        await self.books.insist(what, ask, fits)


class V2Counter:
    """
    The same merchant over the XML API.
    """

    def __init__(self, box: Sandbox, credentials_dir: Path) -> None:
        self.shop = wechatpay_v2_kit.Shop(box, wechatpay_v2_desk.Merchant(credentials_dir))
        self.books = Books()

    def hear(self, one: Received) -> tuple[int, bytes]:
        merchant, refused = self.shop.merchant, (200, wechatpay_v2_kit.FAIL)
        try:
            said = fields_of(one.body)
            ours = (said["mch_id"], said["appid"]) == (merchant.mchid, merchant.app_id)
            if "req_info" in said:
                inside = merchant.opened(said["req_info"])
                right, order, what = inside["total_fee"] == "123", inside["out_trade_no"], "refund"
            else:
                merchant.verified(one.body)
                right, order, what = said["total_fee"] == "123", said["out_trade_no"], "payment"
        except BROKEN:
            return refused
        return (200, wechatpay_v2_kit.ACK) if ours and right and self.books.heard(order, what) else refused

    async def sell(self, number: int, *, by_code: bool) -> None:
        shop, order, label = self.shop, f"order{number:06d}", f"tip pp{number:06d}"
        self.books.told[order] = set()
        if by_code:
            pay = {
                **wechatpay_v2_desk.MICROPAY,
                "out_trade_no": order,
                "auth_code": f"13{number:012d}0000",
                "body": label,
            }
            await self.insist("micropay", lambda: shop.call("/pay/micropay", pay), paid)
        else:
            await self.insist("unifiedorder", lambda: shop.order(order, body=label), done)
            await shop.buyer("pay", order)
        await self.insist("orderquery", lambda: shop.query(order), lambda one: one.get("trade_state") == "SUCCESS")
        await self.insist("refund", lambda: shop.refund(23, f"r{order}", order), done)

    async def insist(self, what: str, ask: Callable[[], Awaitable[Fields]], good: Good) -> None:
        await self.books.insist(what, ask, good)


def done(answer: dict[str, Any]) -> bool:
    return answer.get("result_code") == "SUCCESS"


def paid(answer: dict[str, Any]) -> bool:
    return done(answer) or answer.get("err_code") == "ORDERPAID"


@pytest.mark.parametrize("counter_of", [V3Counter, V2Counter], ids=["v3", "v2"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32),
    orders=st.lists(
        st.tuples(st.integers(0, 999_999), st.booleans()), min_size=1, max_size=3, unique_by=lambda one: one[0]
    ),
)
def test_under_flaky_whoever_asks_wechat_pay_again_gets_through(credentials_dir, counter_of, seed, orders):
    async def world():
        async with sandbox(
            credentials_dir, clock=VirtualClock(T0), faults_file=FLAKY, seed=seed, schedule_rate=1.0
        ) as box:
            counter = counter_of(box, credentials_dir)
            box.receiver.answer = counter.hear
            async with asyncio.TaskGroup() as group:
                for number, by_code in orders:
                    group.create_task(counter.sell(number, by_code=by_code))
            await box.advance(200_000, until_idle=True)
            return counter.books

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        books = runner.run(world())
    # Payments by code are told to nobody: see wechatpay/codepay and wechatpay/v2-micropay.
    assert books.told == {
        f"order{number:06d}": {"refund"} if by_code else {"payment", "refund"} for number, by_code in orders
    }
    assert books.tries_max <= 2
