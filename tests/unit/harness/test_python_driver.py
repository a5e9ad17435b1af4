"""
A driver as a Python class: what is wrong with it is said in words, and what it answers is believed only when it fits.
"""

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from harness.cli import run as payproof
from harness.errors import ConfigError, DriverError, GatewaySilentError
from harness.sut.contract import Ability, NewPayment, Outcome, Payment, Reply
from harness.sut.python_driver import Setup, load_class, made

SETUP = Setup(providers={}, credentials=Path("keys"), sink_url="", run_dir=Path())
WANTED = NewPayment(merchant_order_no="pp000001-x", amount_fen=990, subject="tea")
HERE = "tests.unit.harness.test_python_driver"


def payment(status="PENDING", **more):
    return Payment(
        id="1", merchant_order_no="pp000001-x", out_trade_no="", channel="alipay", amount_fen=990, status=status,
        refund_status="NONE", refunded_fen=None, **more,
    )  # fmt: skip


class Plain:
    """The least that a driver can be."""

    name = "plain"
    channels = ("alipay",)
    answer: Any = Reply(outcome=Outcome.OK, value=payment())

    def __init__(self, setup: Setup) -> None:
        self.setup = setup

    async def close(self) -> None: ...

    async def create(self, payment: NewPayment) -> Reply[Payment]:
        del payment
        return cast("Reply[Payment]", self.answer)

    async def get(self, payment_id: str) -> Reply[Payment]:
        del payment_id
        return cast("Reply[Payment]", self.answer)


class Mute:
    name = "mute"
    channels = ("alipay",)

    async def create(self, payment): ...


class Misspelt(Plain):
    channels = ("alipai",)


class Frail(Plain):
    def __init__(self, setup: Setup) -> None:
        raise KeyError("PORT")


not_a_class = 7


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Mute", "has no `async def get`"),
        ("not_a_class", "is no class, but int"),
        ("Absent", "cannot be imported"),
    ],
)
def test_what_is_no_driver_is_refused_in_words(name: str, said: str):
    with pytest.raises(ConfigError, match=said):
        load_class(f"{HERE}:{name}")


def test_a_wrong_channel_is_told_with_the_closest_word():
    with pytest.raises(DriverError, match="no such channel 'alipai'") as refused:
        made(load_class(f"{HERE}:Misspelt"), SETUP)

    assert refused.value.hint == "did you mean alipay?"


def test_a_class_that_cannot_be_made_says_why():
    with pytest.raises(DriverError, match=r"Frail\(setup\) failed: KeyError: 'PORT'"):
        made(load_class(f"{HERE}:Frail"), SETUP)


def test_what_it_has_methods_for_it_can_do():
    class Able(Plain):
        async def refund(self): ...

        async def close_payment(self): ...

        def read_webhook(self, body): ...

    assert made(Plain, SETUP).abilities == {Ability.CREATE, Ability.GET, Ability.EXPORT}
    assert made(Able, SETUP).abilities >= {Ability.REFUND, Ability.WEBHOOKS, Ability.CLOSE}
    assert Ability.CLOSE not in made(Plain, SETUP).abilities


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"id": 1}, "Plain.create gave dict, and should give a Reply"),
        (Reply(outcome=Outcome.OK, value=7), "gave a Reply of int, and should give one of Payment"),
        (Reply(outcome=Outcome.OK, value=payment("paid")), "says 'paid', which is no state of ours"),
    ],
)
def test_an_answer_that_does_not_fit_is_the_drivers_mistake(answer: object, said: str, monkeypatch):
    monkeypatch.setattr(Plain, "answer", answer)

    with pytest.raises(DriverError, match=said):
        asyncio.run(made(Plain, SETUP).create(WANTED))


def test_a_broken_connection_is_unknown_and_never_a_refusal(monkeypatch):
    async def torn(self, payment_id):
        raise ConnectionResetError

    monkeypatch.setattr(Plain, "get", torn)

    assert asyncio.run(made(Plain, SETUP).get("1")).outcome is Outcome.UNKNOWN


def test_what_was_made_is_exported_and_silence_is_no_end(monkeypatch):
    async def exported(gateway):
        await gateway.create(WANTED)
        return [one async for one in gateway.export()]

    assert [one.id for one in asyncio.run(exported(made(Plain, SETUP)))] == ["1"]

    async def torn(self, payment_id):
        raise ConnectionResetError

    monkeypatch.setattr(Plain, "get", torn)
    with pytest.raises(GatewaySilentError):
        asyncio.run(exported(made(Plain, SETUP)))


def test_the_command_says_it_and_ends_with_2(tmp_path, capsys: pytest.CaptureFixture[str]):
    assert payproof(["check", "--gateway", f"{HERE}:Mute", "--home", str(tmp_path)]) == 2

    said = capsys.readouterr().err
    assert "has no `async def get`" in said
    assert "write-a-driver-in-python.md" in said
