"""
Refunds: whole, in parts, too much, at once, and answered badly.
"""

from typing import Any

from harness.cases.base import Case, Play
from harness.cases.stage import Order, Stage
from harness.sut.contract import Ability

HOUR_S = 3600.0
NEEDS = frozenset({Ability.CREATE, Ability.REFUND})


async def _paid(stage: Stage, amount_fen: int = 990) -> Order:
    order = await stage.opened(amount_fen)
    await stage.pay(order)
    await stage.sync(order)
    return order


async def whole(stage: Stage) -> None:
    """All of it, then the same refund again under its own number."""
    order = await _paid(stage)
    await stage.refund(order, order.amount_fen)
    await stage.refund(order, again=True)
    await stage.look(order)


async def part(stage: Stage) -> None:
    """A third, the notice of it, and its number again over another amount."""
    order = await _paid(stage)
    await stage.refund(order, 330)
    await stage.refund_other(order)
    await stage.look(order)


async def parts(stage: Stage) -> None:
    """Three parts that make up the whole, each asked for twice."""
    order = await _paid(stage)
    for amount_fen in (1, 489, 500):
        await stage.refund(order, amount_fen)
        await stage.refund(order, again=True)


async def too_much(stage: Stage) -> None:
    """One fen more than was paid; then a part, and what is no longer there."""
    order = await _paid(stage)
    await stage.refund(order, order.amount_fen + 1)
    await stage.refund(order, 600)
    await stage.refund(order, 391)


async def of_nothing(stage: Stage) -> None:
    """Nobody has paid."""
    order = await stage.opened()
    await stage.refund(order, order.amount_fen)


async def at_once(stage: Stage) -> None:
    """Six of a third each at the same moment, for many orders."""
    for _ in range(15):
        order = await _paid(stage)
        stage.mark("refunds-at-once", order)
        await stage.refund(order, *([330] * 6))


async def one_at_once(stage: Stage) -> None:
    """One refund, eight times at the same moment."""
    for _ in range(5):
        order = await _paid(stage)
        stage.mark("one-refund-at-once", order)
        await stage.refund(order, 400, times=8)


async def notice_first(stage: Stage) -> None:
    """The notice of the refund overtakes the notice of the payment."""
    order = await stage.opened()
    await stage.strike(order, "refund_before_payment", hold_s=HOUR_S)
    await stage.act(order)
    await stage.sync(order)
    await stage.refund(order, 500)
    await stage.advance(2 * HOUR_S)


def answered(fault: str, **settings: Any) -> Play:
    """
    The refund's call meets the fault, and the merchant asks again.
    """

    async def play(stage: Stage) -> None:
        order = await _paid(stage)
        await stage.strike(order, fault, on="refund", **settings)
        await stage.refund(order, 400)
        await stage.refund(order, again=True)
        await stage.advance(HOUR_S)
        await stage.look(order)

    return play


def _answered(name: str, fault: str, **settings: Any) -> Case:
    return Case(
        name=f"refund-{name}",
        covers=(f"refund/{name}-settled", "refund/unknown-same-number"),
        play=answered(fault, **settings),
        needs=NEEDS,
    )


def _case(name: str, play: Play, *covers: str) -> Case:
    return Case(name=f"refund-{name}", covers=covers, play=play, needs=NEEDS)


CASES = (
    _case(
        "whole",
        whole,
        "refund/in-full",
        "refund/books-agree",
        "idempotency/refund-number-once",
        "state/refund-keeps-paid",
    ),
    _case(
        "part",
        part,
        "refund/other-amount-refused",
        "refund/in-part",
        "refund/status-fits",
        "refund/notice-no-payment",
        "refund/notice-acked",
        "money/ledger-net",
        "signature/requests-verify",
    ),
    _case("parts", parts, "refund/in-parts", "refund/status-fits"),
    _case("too-much", too_much, "refund/above-refused", "refund/never-above-paid"),
    _case("of-nothing", of_nothing, "refund/unpaid-refused"),
    _case("at-once", at_once, "refund/at-once-never-above", "concurrency/refunds-at-once"),
    _case("one-at-once", one_at_once, "refund/same-number-at-once"),
    _case("notice-first", notice_first, "refund/notice-before-payment", "order-of-arrival/refund-notice-first"),
    _answered("no-answer", "timeout_after"),
    _answered("cut-before", "timeout_before"),
    _answered("torn", "reset_after"),
    _answered("system-error", "system_error"),
    _answered("server-error", "http_error", status=502, work=True),
    _answered("garbled", "malformed_body"),
    _answered("unsigned", "unsigned"),
    _answered("busy", "busy"),
)
