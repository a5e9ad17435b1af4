"""
Under a budget a client that asks again as the vendor advises gets through: real simulator, real sockets, virtual time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography.exceptions import InvalidSignature
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from harness.world.virtual_clock import VirtualClock
from harness.world.virtual_loop import VirtualLoop
from mock_providers.faults.registry import FAULTS
from mock_providers.faults.rules import load_profile
from tests.chaos.kit import PAY, PRECREATE, QUERY, REFUND, barcode
from tests.loopback.sandbox import SUCCESS, Received, Sandbox, fields, genuine, sandbox

FLAKY = Path(__file__).parents[2] / "scenarios" / "profiles" / "flaky.yaml"
T0 = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
# The vendor's advice, see alipay/pay and alipay/unknown-outcome: ask every five seconds, for a minute, then give up.
EVERY_S, TRIES_MAX = 5.0, 12
PAID = ("TRADE_SUCCESS", "TRADE_FINISHED")
_NOTHING: dict[str, Any] = {}


@dataclass
class Shop:
    """A merchant who believes nothing that is not signed, theirs and right, and asks again as advised."""

    box: Sandbox
    told: dict[str, set[str]] = field(default_factory=dict)
    tries: dict[tuple[str, str], int] = field(default_factory=dict)

    def hear(self, one: Received) -> tuple[int, bytes]:
        entry = {"body": one.body}
        said = fields(entry)
        ours = said["seller_id"], said["app_id"], said["total_amount"]
        seller = self.box.simulator.providers["alipay"].merchants[0]
        order = said["out_trade_no"]
        if not genuine(self.box, entry) or ours != (seller, self.box.merchant.app_id, "1.23") or order not in self.told:
            return 200, b"fail"
        self.told[order].add("refund" if "gmt_refund" in said else "payment")
        return SUCCESS

    async def insist(self, api: str, order: str, ask: Callable[[], Awaitable[dict[str, Any]]], *good: str) -> None:
        """
        Ask until the answer is one of *good*; what cannot be believed or read says nothing.
        """
        for number in range(1, TRIES_MAX + 1):
            self.tries[api, order] = number
            answer = _NOTHING
            with suppress(aiohttp.ClientError, AssertionError, ValueError, InvalidSignature):
                answer = await ask()
            if answer.get("trade_status", answer.get("sub_code", answer.get("code"))) in good:
                return
            await asyncio.sleep(EVERY_S)  # noqa: TID251  virtual time
        pytest.fail(f"{api} of {order} never got through: the last answer was {answer}")

    async def sell(self, order: str, label: str, *, by_barcode: bool) -> None:
        """
        Sell something by QR code or barcode, make sure of it, and pay a part back.
        """
        box = self.box
        self.told[order] = set()
        if by_barcode:
            business = barcode(order, label=label)
            pay = lambda: box.call(PAY, business, notify_url=box.receiver.url)  # noqa: E731
            await self.insist(PAY, order, pay, "10000", "10003", "ACQ.TRADE_HAS_SUCCESS", "ACQ.TRADE_HAS_CLOSE")
        else:
            await self.insist(PRECREATE, order, lambda: box.precreate(order, label=label), "10000")
            await box.control("POST", f"/trades/alipay/{order}/buyer", {"action": "pay"})
        await self.insist(QUERY, order, lambda: box.call(QUERY, {"out_trade_no": order}), *PAID)
        await self.insist(REFUND, order, lambda: box.refund("0.23", "r1", order), "10000")


async def a_day(credentials_dir: Path, profile: Path, *, seed: int, orders: list[tuple[int, bool]]) -> Shop:
    """
    All *orders* at once, and then as long as the ladder goes.
    """
    async with sandbox(
        credentials_dir, clock=VirtualClock(T0), faults_file=profile, seed=seed, schedule_rate=1.0
    ) as box:
        shop = Shop(box)
        box.receiver.answer = shop.hear
        async with asyncio.TaskGroup() as group:
            for number, by_barcode in orders:
                group.create_task(shop.sell(f"o{number}", f"pp{number:06d}", by_barcode=by_barcode))
        # Each of the eight rungs may wait for the next day.
        await box.advance(10 * 86_400, until_idle=True)
        return shop


def gets_through(credentials_dir: Path, profile: Path, *, seed: int, orders: list[tuple[int, bool]]) -> None:
    budget = load_profile(profile).budget
    assert budget is not None
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        shop = runner.run(a_day(credentials_dir, profile, seed=seed, orders=orders))
    assert shop.told == {f"o{number}": {"payment", "refund"} for number, _ in orders}
    assert max(shop.tries.values()) <= budget.replies + 1


some_orders = st.lists(
    st.tuples(st.integers(0, 999_999), st.booleans()), min_size=1, max_size=4, unique_by=lambda one: one[0]
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), orders=some_orders)
def test_under_flaky_whoever_asks_again_gets_through(credentials_dir, seed, orders):
    gets_through(credentials_dir, FLAKY, seed=seed, orders=orders)


NEEDED = {"refuse": {"code": "ACQ.SYSTEM_ERROR"}, "delay": {"seconds": 9}}
# No budget has room for a ladder that is lost whole; what was rolled back was never sold, and a refund that fails was
# never paid back, however often one asks.
ENDED = {"drop_all", "rolled_back", "refund_fails"}
WEATHER = sorted((name, place) for name, fault in FAULTS.items() for place in fault.places if name not in ENDED)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32),
    drawn=st.lists(st.sampled_from(WEATHER), min_size=1, max_size=6, unique=True),
    orders=some_orders,
)
def test_under_any_budgeted_weather_whoever_asks_again_gets_through(credentials_dir, tmp_path, seed, drawn, orders):
    rules = [
        {"id": f"r{number}", "fault": name, "where": {"on": place}, "with": NEEDED.get(name, {})}
        for number, (name, place) in enumerate(drawn)
    ]
    profile = tmp_path / "weather.yaml"
    YAML().dump({"profile": "drawn", "budget": True, "rules": rules}, profile)
    gets_through(credentials_dir, profile, seed=seed, orders=orders)
