"""
Orders, buyers and amounts on a quiet day.
"""

from harness.cases.base import Case
from harness.cases.stage import Stage
from harness.control import BuyerAction
from harness.sut.contract import Ability

ALWAYS = (
    "idempotency/opened-once",
    "money/credited-amount",
    "money/credited-only-when-paid",
    "money/ledger-net",
    "money/order-amount",
    "money/sums-zero",
    "money/trade-number",
    "notify/acked-is-known",
    "notify/nothing-lost",
    "notify/platform-events-distinct",
    "notify/platform-told-amount",
    "notify/platform-told-once",
    "notify/true-is-acked",
    "signature/requests-verify",
    "state/accepted-can-be-paid",
    "state/books-agree",
)


async def plain(stage: Stage) -> None:
    """Open, pay, look twice."""
    order = await stage.opened()
    await stage.pay(order)
    await stage.look(order)
    await stage.look(order)


async def unpaid(stage: Stage) -> None:
    """Opened, scanned and forgotten."""
    order = await stage.opened()
    await stage.sync(order)
    await stage.buyer(order, BuyerAction.SCAN)
    await stage.sync(order)
    await stage.look(order)


async def amounts(stage: Stage) -> None:
    """One fen, a lot, and what floats get wrong; and two orders of that kind that nobody pays."""
    await stage.opened(1_999)
    await stage.opened(10_000_001)
    for amount_fen in (1, 29, 1_999, 8_195, 100_905, 10_000_001):
        await stage.pay(await stage.opened(amount_fen))


async def asked_again(stage: Stage) -> None:
    """The same order with the same body: before paying, and after."""
    order = await stage.opened()
    await stage.open(order, clicks=2)
    await stage.pay(order)
    await stage.open(order)


async def other_body(stage: Stage) -> None:
    """The same number, another amount."""
    order = await stage.opened()
    await stage.open_other(order, amount_fen=order.amount_fen + 1)
    await stage.pay(order)
    await stage.open_other(order, amount_fen=1)


async def failed_attempts(stage: Stage) -> None:
    """No funds and a wrong password; one buyer goes home, the other pays in the end."""
    tired, stubborn = await stage.opened(), await stage.opened()
    for order in (tired, stubborn):
        await stage.buyer(order, BuyerAction.INSUFFICIENT_BALANCE)
        await stage.buyer(order, BuyerAction.WRONG_PASSWORD)
        await stage.sync(order)
    await stage.pay(stubborn)


async def found_by_asking(stage: Stage) -> None:
    """The gateway asks before the notify comes."""
    order = await stage.opened()
    await stage.strike(order, "delay", seconds=600)
    await stage.act(order)
    await stage.sync(order)
    await stage.advance(700)


async def platform_down(stage: Stage) -> None:
    """The platform refuses the first news."""
    order = await stage.opened()
    stage.world.sink.refuse_next(2)
    await stage.pay(order)
    await stage.advance(60)


async def many_buyers(stage: Stage) -> None:
    """Forty at the same moment."""
    await stage.crowd(40, stage.act, mark="many-buyers")


CASES = (
    Case(name="plain", covers=(*ALWAYS, "state/never-back"), play=plain),
    Case(name="unpaid", covers=("state/unpaid-stays-unpaid", "money/credited-only-when-paid"), play=unpaid),
    Case(
        name="amounts",
        covers=(
            "state/opened-as-accepted",
            "money/order-amount",
            "money/one-fen",
            "money/large-amount",
            "money/uneven-amount",
        ),
        play=amounts,
    ),
    Case(
        name="asked-again",
        covers=("idempotency/opened-once", "idempotency/one-trade", "idempotency/asked-after-paid"),
        play=asked_again,
    ),
    Case(name="other-body", covers=("idempotency/other-body-refused",), play=other_body),
    Case(
        name="failed-attempts",
        covers=("state/failed-attempt-unpaid", "state/paid-after-failed-attempt"),
        play=failed_attempts,
    ),
    Case(
        name="found-by-asking",
        covers=("idempotency/query-and-notify",),
        play=found_by_asking,
        needs=frozenset({Ability.CREATE, Ability.SYNC}),
    ),
    Case(
        name="platform-down",
        covers=("notify/platform-told-again", "idempotency/platform-event-repeats"),
        play=platform_down,
        needs=frozenset({Ability.CREATE, Ability.WEBHOOKS}),
    ),
    Case(
        name="many-buyers",
        covers=("concurrency/many-buyers", "notify/platform-events-distinct"),
        play=many_buyers,
    ),
)
