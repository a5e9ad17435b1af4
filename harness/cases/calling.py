"""
Calls that go wrong: the opening, the query, whatever else is answered.
"""

from typing import Any

from harness.cases.base import Case, Play
from harness.cases.stage import Stage
from harness.catalog.signature import CERTIFIED, DOWNGRADED, NAMED
from harness.channels import PROVIDED
from harness.control import BuyerAction
from harness.sut.contract import Ability

HOUR_S = 3600.0
ALWAYS = 1_000_000


def opening(fault: str, **settings: Any) -> Play:
    """
    The opening meets the fault; whatever stands at the provider in the end is paid.
    """

    async def play(stage: Stage) -> None:
        order = stage.order()
        await stage.strike(order, fault, on="reply", **settings)
        await stage.open(order)
        await stage.sync(order)
        await stage.advance(120)
        await stage.pay(order)

    return play


async def paid_under_each(stage: Stage) -> None:
    """The opening's answer is lost; the buyer pays whatever the order has at the provider in the end."""
    order = stage.order()
    stage.mark("paid-under-each", order)
    await stage.strike(order, "timeout_after", on="reply")
    await stage.open(order)
    await stage.sync(order)
    await stage.advance(120)
    await stage.pay_each(order)
    await stage.advance(HOUR_S)


def query(fault: str, **settings: Any) -> Play:
    """
    The gateway's question meets the fault: about an order that nobody pays, and about a paid one of which no notify
    comes.
    """

    async def play(stage: Stage) -> None:
        unpaid = await stage.opened()
        await stage.strike(unpaid, fault, on="query", **settings)
        await stage.buyer(unpaid, BuyerAction.SCAN)
        await stage.sync(unpaid)
        order = await stage.opened()
        await stage.strike(order, "delay", seconds=HOUR_S)
        await stage.strike(order, fault, on="query", **settings)
        await stage.act(order)
        await stage.sync(order)
        await stage.advance(2 * HOUR_S)

    return play


def answered(fault: str, **settings: Any) -> Play:
    """
    The gateway's questions about a paid order meet the fault, and no notify ever tells it either.

    However often it had asked before; once it has been told to ask, it is answered as ever.
    """

    async def play(stage: Stage) -> None:
        order = await stage.opened()
        await stage.strike(order, "drop_all")
        await stage.strike(order, fault, on="query", first=ALWAYS, **settings)
        await stage.act(order)
        await stage.sync(order)
        await stage.calm()
        await stage.strike(order, "drop_all")
        await stage.advance(2 * HOUR_S)

    return play


def _answered(name: str, fault: str, *, channels: tuple[str, ...] = PROVIDED, under: str = "") -> Case:
    """
    Args:
        under: the requirement's word for it, where several cases share one.
    """
    needs = frozenset({Ability.CREATE, Ability.SYNC})
    covers = (f"signature/answer-{under or name}-not-believed",)
    return Case(name=f"answer-{name}", covers=covers, play=answered(fault), needs=needs, channels=channels)


def _opening(name: str, fault: str, *covers: str, **settings: Any) -> Case:
    return Case(
        name=f"opening-{name}",
        covers=(f"unknown/create-{name}", "unknown/never-a-second-trade", *covers),
        play=opening(fault, **settings),
    )


def _query(name: str, fault: str, *covers: str, **settings: Any) -> Case:
    needs = frozenset({Ability.CREATE, Ability.SYNC})
    return Case(
        name=f"query-{name}", covers=(f"unknown/query-{name}", *covers), play=query(fault, **settings), needs=needs
    )


CASES = (
    _opening("no-answer", "timeout_after"),
    _opening("cut-before", "timeout_before"),
    _opening("torn-after", "reset_after"),
    _opening("torn-before", "reset_before"),
    _opening("server-error", "http_error", status=502, work=True),
    _opening("bad-gateway", "http_error", status=503, work=False),
    _opening("system-error", "system_error"),
    _opening("busy", "busy"),
    _opening("half-answer", "truncated"),
    _opening("garbled", "malformed_body"),
    _opening("late-answer", "delay", seconds=30),
    _opening("dripped", "slow_drip", seconds=60),
    Case(
        name="opening-tampered",
        covers=("signature/answer-tampered-not-believed",),
        play=opening("bad_signature"),
    ),
    Case(name="opening-foreign", covers=("signature/answer-foreign-not-believed",), play=opening("wrong_key")),
    Case(name="opening-unsigned", covers=("signature/answer-unsigned-not-believed",), play=opening("unsigned")),
    Case(
        name="paid-under-each",
        covers=("money/paid-twice",),
        play=paid_under_each,
        channels=("unionpay_rsa", "unionpay_keyed", "unionpay_sm2"),
    ),
    _query("no-answer", "timeout_after"),
    _query("server-error", "http_error", status=500),
    _query("garbled", "malformed_body"),
    _query("tampered", "bad_signature"),
    _answered("tampered", "bad_signature"),
    _answered("foreign", "wrong_key"),
    _answered("unsigned", "unsigned"),
    Case(
        name="answer-about-another",
        covers=("unknown/answer-about-another",),
        play=answered("another_answer", which="order"),
        needs=frozenset({Ability.CREATE, Ability.SYNC}),
    ),
    Case(
        name="answer-other-amount",
        covers=("unknown/answer-other-amount",),
        play=answered("another_answer", which="amount"),
        needs=frozenset({Ability.CREATE, Ability.SYNC}),
    ),
    _answered("weaker", "signature_downgrade", channels=DOWNGRADED),
    _answered("another-name", "wrong_certificate_name", channels=CERTIFIED, under="certificate"),
    _answered("expired", "expired_certificate", channels=CERTIFIED, under="certificate"),
    _answered("foreign-chain", "foreign_chain", channels=NAMED, under="certificate"),
)
