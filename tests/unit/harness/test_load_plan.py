from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import ConfigError
from harness.load.command import join
from harness.load.plan import LoadPlan
from harness.load.yardstick import Signed, Yardstick, signed
from harness.settings import for_load

TEASHOP = Path(__file__).parents[2] / "gateways" / "teashop" / "driver.yaml"
PLAN = LoadPlan(shape="steady", rate=50, seed=7)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"shape": "stedy"}, "did you mean steady"),
        ({"mix": "alipya=100"}, "did you mean alipay"),
        ({"mix": "wallet=100"}, "wallets would have to be filled first"),
        ({"mix": "alipay"}, "shares are whole numbers"),
        ({"crowd": "tiper=1"}, "did you mean tipper"),
        ({"generator": "lite"}, "did you mean light"),
        ({"generator": "light", "workers": 2}, "--generator locust"),
        ({"generator": "light", "shape": "saw"}, "--crowd tipper=1"),
        ({"gateway": "mine.yaml"}, "no file mine.yaml"),
        ({"gateway": str(TEASHOP), "shape": "saw"}, "--crowd tipper=1"),
        ({"gateway": str(TEASHOP), "web": True}, "in one process"),
        ({"gateway": str(TEASHOP), "crowd": "tipper=1", "gateways": 2}, "multiply what is bundled"),
        ({"gateway": str(TEASHOP), "crowd": "tipper=1", "simulators": 2}, "behind the driver's address"),
        ({"master": True, "join": "10.0.0.1"}, "leave --master or --join out"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_way_out(change, words):
    with pytest.raises(ConfigError) as refused:
        replace(PLAN, **change).check()

    assert words in f"{refused.value} {refused.value.hint}"


def test_the_command_that_does_it_again():
    plan = replace(PLAN, shape="spike", mix="alipay=1,wechatpay_v3=1", workers=2, gateways=3)
    plan.check()

    assert plan.argv == ["load", "spike", "--rate", "50", "--duration", "60", "--mix", "alipay=1,wechatpay_v3=1",
                         "--workers", "2", "--gateways", "3", "--seed", "7"]  # fmt: skip


@pytest.mark.asyncio
async def test_the_yardstick_signs():
    made = await signed(0.05)

    assert made.per_s > 10
    assert 0 < made.cpu_s < 0.05


@pytest.mark.parametrize(("after", "same"), [(1000, True), (951, True), (1049, True), (949, False), (1060, False)])
def test_five_percent_apart_is_another_machine(after, same):
    assert Yardstick(Signed(1000, 0.001), Signed(after, 0.001)).steady is same


@pytest.mark.asyncio
async def test_who_joins_without_knowing_the_master_is_told_where_to_look():
    with pytest.raises(ConfigError) as refused:
        await join(replace(PLAN, join="10.0.0.1"), host="10.0.0.1")

    assert "join.env" in refused.value.hint


def test_a_generators_variables_are_read_by_their_names(monkeypatch):
    monkeypatch.setenv("PAYPROOF_LOAD_SECRET", "s")

    assert for_load() == {"secret": "s"}
