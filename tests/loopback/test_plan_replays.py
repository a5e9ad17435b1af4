"""
A run leaves the faults as drawn, and they strike again without the seed; one process or three draw the same.
"""

import asyncio
import json
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography.exceptions import InvalidSignature

from tests.chaos.kit import PRECREATE, QUERY
from tests.loopback.sandbox import sandbox
from tests.loopback.test_providers_process import started
from tests.unit.mock_providers.alipay_desk import Merchant

pytestmark = pytest.mark.asyncio
FLAKY = Path(__file__).parents[2] / "scenarios" / "profiles" / "flaky.yaml"
BROKEN = (aiohttp.ClientError, AssertionError, ValueError, InvalidSignature)
Struck = set[tuple[Any, ...]]


def struck(plan: Path) -> Struck:
    """
    Which faults struck what, out of a run's plan.
    """
    lines = [json.loads(line[4:]) for line in plan.read_text().splitlines() if line.startswith("  - ")]
    return {(one["label"], one["on"], one["api"], one["attempt"], one["rule"], one["fault"]) for one in lines}


async def a_run(credentials_dir: Path, *, faults: Path, plan: Path, seed: int, nonce: str) -> Struck:
    """
    Twenty orders at once, each asked about twice, paid, and told along the whole ladder.
    """
    async with sandbox(credentials_dir, faults_file=faults, plan_file=plan, seed=seed, schedule_rate=1.0) as box:

        async def one(number: int) -> None:
            order, label = f"{nonce}-{number}", f"pp{number:06d}"
            for _ in range(2):
                with suppress(*BROKEN):
                    await box.precreate(order, label=label)
            await box.control("POST", f"/trades/alipay/{order}/buyer", {"action": "pay"})

        await asyncio.gather(*(one(number) for number in range(20)))
        await box.advance(200_000, until_idle=True)
    return struck(plan)


async def test_a_plan_strikes_the_same_orders_again_without_the_seed(credentials_dir, tmp_path):
    first, second = tmp_path / "one.yaml", tmp_path / "two.yaml"
    drawn = await a_run(credentials_dir, faults=FLAKY, plan=first, seed=7, nonce="a")
    again = await a_run(credentials_dir, faults=first, plan=second, seed=8, nonce="b")
    assert len(drawn) > 20
    assert again == drawn
    assert second.read_text().splitlines()[1] == 'plan: "flaky"'


WEATHER = """profile: shards
rules:
  - {id: torn, fault: reset_before, where: {chance: 0.3}}
  - {id: lost, fault: timeout_after, where: {chance: 0.3}}
  - {id: stumbled, fault: system_error, where: {chance: 0.2}}
  - {id: gone, fault: drop, where: {chance: 0.4}}
  - {id: forged, fault: forged_signature, where: {chance: 0.4}}
"""


def written(folder: Path) -> tuple[Path, Path]:
    """
    A folder with the weather in it, and where the plan will be.
    """
    folder.mkdir()
    weather = folder / "weather.yaml"
    weather.write_text(WEATHER)
    return weather, folder / "plan.yaml"


async def over_processes(credentials_dir: Path, folder: Path, *, processes: int) -> Struck:
    """
    Thirty orders, shared out over simulators that write into one plan.
    """
    weather, plan = written(folder)
    flags = ("--faults-file", str(weather), "--plan-file", str(plan), "--seed", "5", "--schedule-rate", "0")
    with ExitStack() as stack:
        children = [
            stack.enter_context(started("--credentials-dir", str(credentials_dir), *flags)) for _ in range(processes)
        ]
        for child in children:
            stack.callback(child.terminate)
        ready = [json.loads(child.stdout.readline()) for child in children if child.stdout is not None]
        async with aiohttp.ClientSession(trust_env=False) as session:
            merchant = Merchant(credentials_dir)
            orders = (_order(session, merchant, ready[n % processes], number=n) for n in range(30))
            await asyncio.gather(*orders)
            for one in ready:
                url = f"{one['control_url']}/control/v1/clock/advance"
                async with session.post(url, json={"seconds": 100_000}) as answer:
                    assert answer.status == 200
    return struck(plan)


async def _order(session: aiohttp.ClientSession, merchant: Merchant, ready: dict[str, str], *, number: int) -> None:
    """
    The same five calls about an order, whatever becomes of them, and a buyer who pays.
    """
    order = {"out_trade_no": f"o{number}"}
    opened = order | {"total_amount": "1.23", "subject": f"tip pp{number:06d}"}
    for method, business in (
        (PRECREATE, opened),
        (PRECREATE, opened),
        (PRECREATE, opened),
        (QUERY, order),
        (QUERY, order),
    ):
        params = merchant.signed(method, business, notify_url="http://127.0.0.1:9/n")
        with suppress(*BROKEN):
            async with session.post(f"{ready['alipay_url']}/gateway.do", data=params) as answer:
                await answer.read()
    url = f"{ready['control_url']}/control/v1/trades/alipay/o{number}/buyer"
    async with session.post(url, json={"action": "pay"}) as answer:
        await answer.read()


async def test_one_process_or_three_draw_the_same(credentials_dir, tmp_path):
    alone = await over_processes(credentials_dir, tmp_path / "one", processes=1)
    shared = await over_processes(credentials_dir, tmp_path / "three", processes=3)
    assert {fault for *_, fault in alone} == {
        "reset_before",
        "timeout_after",
        "system_error",
        "drop",
        "forged_signature",
    }
    assert shared == alone
