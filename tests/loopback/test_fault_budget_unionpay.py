"""
The same promise for UnionPay: within the budget, whoever asks again as the vendor advises gets through.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.world.virtual_clock import VirtualClock
from harness.world.virtual_loop import VirtualLoop
from tests.chaos.unionpay_kit import Union, form
from tests.loopback.sandbox import Received, sandbox
from tests.unit.mock_providers.unionpay_desk import Merchant

FLAKY = Path(__file__).parents[2] / "scenarios" / "profiles" / "flaky.yaml"
T0 = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
# See unionpay/query-plan: five queries, the second to the fifth after 2, 4, 8 and 16 s.
PLAN_S = (0, 1, 2, 4, 8, 16)

Ask = Callable[[], Awaitable[dict[str, str]]]


@dataclass
class Shop:
    """A merchant who believes nothing that is not signed, theirs and right, and asks again as advised."""

    union: Union
    told: dict[str, int] = field(default_factory=dict)
    tries_max: int = 0

    def hear(self, one: Received) -> tuple[int, bytes]:
        said = form(one.body)
        order = said.get("orderId", "")
        true = self._signed(said) and said["merId"] == self.union.merchant.mer_id
        if not true or order not in self.told or said["txnAmt"] not in {"100", "50"}:
            return 500, b"no"
        self.told[order] += 1
        return 200, b"ok"

    def _signed(self, said: dict[str, str]) -> bool:
        try:
            return self.union.merchant.verified(said)
        except (KeyError, ValueError):
            return False

    async def insist(self, what: str, ask: Ask, good: Callable[[dict[str, str]], bool]) -> dict[str, str]:
        answer: dict[str, str] = {}
        for number, wait_s in enumerate(PLAN_S, start=1):
            await asyncio.sleep(wait_s)  # noqa: TID251  virtual time
            with suppress(aiohttp.ClientError, AssertionError, ValueError, KeyError):
                answer = await ask()
                if good(answer):
                    self.tries_max = max(self.tries_max, number)
                    return answer
        pytest.fail(f"{what} never got through: the last answer was {answer}")

    async def sell(self, number: int) -> None:
        union, order, back = self.union, f"order{number:06d}", f"refund{number:06d}"
        label = f"tip pp{number:06d}"
        self.told |= {order: 0, back: 0}
        await self.insist(
            "the consumption",
            lambda: union.consume(order, reqReserved=label),
            lambda answer: answer["respCode"] in {"00", "03", "05", "12"},
        )
        paid = await self.insist(
            "the query", lambda: union.query(order), lambda answer: answer.get("origRespCode") == "00"
        )
        await self.insist(
            "the refund",
            lambda: union.give_back("04", back, paid["queryId"], "50", reqReserved=label),
            lambda answer: answer["respCode"] in {"00", "12"},
        )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32),
    numbers=st.lists(st.integers(0, 999_999), min_size=1, max_size=3, unique=True),
)
def test_under_flaky_whoever_asks_unionpay_again_gets_through(credentials_dir, seed, numbers):
    async def world() -> Shop:
        async with sandbox(
            credentials_dir, clock=VirtualClock(T0), faults_file=FLAKY, seed=seed, schedule_rate=1.0
        ) as box:
            shop = Shop(Union(box, Merchant(credentials_dir)))
            box.receiver.answer = shop.hear
            async with asyncio.TaskGroup() as group:
                for number in numbers:
                    group.create_task(shop.sell(number))
            await box.advance(200_000, until_idle=True)
            return shop

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        shop = runner.run(world())
    assert all(shop.told.values()), shop.told
    assert shop.tries_max <= 2
