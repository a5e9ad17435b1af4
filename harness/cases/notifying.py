"""
Notifies: twice, eight times at once, late, lost, overtaken, forged, bent, somebody else's.
"""

from collections.abc import Mapping
from typing import Any

from harness.cases.base import Case, Play
from harness.cases.stage import Stage
from harness.catalog.signature import CERTIFIED, DOWNGRADED, NAMED
from harness.control import BuyerAction
from harness.sut.contract import Ability

DAY_S = 86_400.0
ALWAYS = 1_000_000
COPIES_AT_ONCE, ORDERS = 7, 25
FETCHING_S = 5.0


def met(*faults: tuple[str, Mapping[str, Any]]) -> Play:
    """
    One paid order that meets these faults on its way.
    """

    async def play(stage: Stage) -> None:
        order = await stage.opened()
        for fault, settings in faults:
            await stage.strike(order, fault, **settings)
        await stage.pay(order)

    return play


def lied_to(fault: str, **settings: Any) -> Play:
    """
    A lie in front of the truth, and the truth again two hours later.
    """

    async def play(stage: Stage) -> None:
        order = await stage.opened()
        await stage.strike(order, fault, **settings)
        await stage.strike(order, "duplicate", copies=1, spacing_s=7200)
        await stage.pay(order)

    return play


async def rotated(stage: Stage) -> None:
    """The platform's key changes before it notifies; a gateway may fetch the new one behind its first answer."""
    order = await stage.opened()
    await stage.strike(order, "certificate_rotation")
    await stage.pay(order)
    await stage.taken(order, within_s=FETCHING_S)


async def bent(stage: Stage) -> None:
    """Truly signed notifies over other amounts: a little more, a fen less, ten times as much; and the truth later."""
    for add_fen in (100, 5, -1, 8_910):
        order = await stage.opened()
        await stage.strike(order, "tampered_amount", add_fen=add_fen, signed=True)
        await stage.strike(order, "duplicate", copies=1, spacing_s=7200)
        await stage.pay(order)


async def in_dollars(stage: Stage) -> None:
    """The right number in front of another currency; and the truth later."""
    order = await stage.opened()
    await stage.strike(order, "tampered_amount", add_fen=0, currency="USD", signed=True)
    await stage.strike(order, "duplicate", copies=1, spacing_s=7200)
    await stage.pay(order)


async def told_of_failure(stage: Stage) -> None:
    """The first notify says that it failed, and no question is answered; a day later everything is as it should be."""
    order = await stage.opened()
    await stage.strike(order, "http_error", on="query", status=500, first=ALWAYS)
    await stage.strike(order, "says_failed", first=1)
    await stage.pay(order)
    stage.mark("only-told-of-failure", order)
    await stage.look(order)
    await stage.calm()
    await stage.notify_again(order, after_s=DAY_S)


async def duplicates(stage: Stage) -> None:
    """Twice in a row, and again an hour and three days later."""
    order = await stage.opened()
    await stage.strike(order, "duplicate", copies=2)
    await stage.pay(order)
    await stage.notify_again(order, after_s=3600)
    await stage.notify_again(order, after_s=3 * DAY_S)


async def at_once(stage: Stage) -> None:
    """Eight copies at the same moment, for each of many orders."""

    async def prepare(order: Any) -> None:
        await stage.strike(order, "duplicate", copies=COPIES_AT_ONCE, concurrent=True)

    await stage.crowd(ORDERS, stage.act, mark="notifies-at-once", prepare=prepare)


async def all_lost(stage: Stage) -> None:
    """No notify ever comes; the gateway has to ask."""
    order = await stage.opened()
    await stage.strike(order, "drop_all")
    await stage.pay(order)
    await stage.advance(2 * DAY_S)


async def first_lost(stage: Stage) -> None:
    """The first two rungs are lost."""
    order = await stage.opened()
    await stage.strike(order, "drop", first=2)
    await stage.pay(order)


async def a_day_late(stage: Stage) -> None:
    """The first notify comes after a day."""
    order = await stage.opened()
    await stage.strike(order, "delay", seconds=DAY_S)
    stage.mark("a-day-late", order)
    await stage.pay(order)


async def last_rung(stage: Stage) -> None:
    """Every rung but the ladder's last is lost."""
    order = await stage.opened()
    await stage.strike(order, "drop", first=stage.rungs - 1)
    stage.mark("last-rung", order)
    await stage.pay(order)


async def replayed_after_refund(stage: Stage) -> None:
    """Paid, refunded, and then the old notify again."""
    order = await stage.opened()
    await stage.strike(order, "replayed_notify", after_s=7200)
    await stage.pay(order)
    await stage.refund(order, order.amount_fen)


async def unknown_order(stage: Stage) -> None:
    """A notify about an order that nobody made, beside a true one and an order that nobody pays."""
    order, unpaid = await stage.opened(), await stage.opened()
    await stage.strike(order, "unknown_order")
    stage.mark("unknown-order", order, unpaid)
    await stage.pay(order)


async def many_forgeries(stage: Stage) -> None:
    """A hundred of them, and one true notify."""
    order = await stage.opened()
    for seal in ("foreign", "none", "damaged", "foreign"):
        await stage.strike(order, "forged_signature", seal=seal)
    await stage.strike(order, "duplicate", copies=20, spacing_s=1)
    stage.mark("many-forgeries", order)
    await stage.pay(order)


async def before_the_answer(stage: Stage) -> None:
    """The notify overtakes the answer to the opening."""
    for fault, settings in (("delay", {"seconds": 2}), ("before_response", {"patience_s": 2})):
        order = stage.order()
        await stage.strike(order, fault, on="reply", **settings)
        stage.mark("paid-before-answer", order)
        await stage.open_while(order, BuyerAction.PAY)


async def while_it_asks(stage: Stage) -> None:
    """Notify and query at the same moment, for many orders."""
    await stage.crowd(ORDERS, stage.act, mark="paid-while-asking", beside=stage.sync)


_SYNC = frozenset({Ability.CREATE, Ability.SYNC})
_REFUND = frozenset({Ability.CREATE, Ability.REFUND})
_FORGED = ("signature/forged-never-acked", "signature/forged-never-credited", "signature/true-after-forged")

CASES = (
    Case(
        name="duplicates",
        covers=("idempotency/credited-once", "notify/duplicate-acked", "notify/days-later-again"),
        play=duplicates,
    ),
    Case(name="copies-at-once", covers=("concurrency/notifies-at-once",), play=at_once),
    Case(name="all-lost", covers=("notify/none-came",), play=all_lost),
    Case(name="first-lost", covers=("notify/first-rungs-lost",), play=first_lost),
    Case(name="a-day-late", covers=("notify/a-day-late",), play=a_day_late),
    Case(name="last-rung", covers=("clock/last-rung-accepted",), play=last_rung),
    Case(name="ack-ignored", covers=("idempotency/ack-not-heard",), play=met(("ack_ignored", {"first": 2}))),
    Case(
        name="slow-reader",
        covers=("notify/slow-reader",),
        play=met(("slow_reading", {"seconds": 8}), ("duplicate", {"copies": 1, "spacing_s": 5})),
    ),
    Case(
        name="replayed-after-refund",
        covers=("notify/old-one-again", "security/replay-credits-nothing"),
        play=replayed_after_refund,
        needs=_REFUND,
    ),
    Case(name="forged", covers=_FORGED, play=lied_to("forged_signature")),
    Case(name="unsigned", covers=("signature/unsigned-refused",), play=lied_to("forged_signature", seal="none")),
    Case(
        name="unknown-method",
        covers=("signature/unknown-method-refused",),
        play=lied_to("forged_signature", method="unknown"),
    ),
    Case(name="damaged", covers=("signature/damaged-refused",), play=lied_to("forged_signature", seal="damaged")),
    Case(
        name="misread",
        covers=("security/misread-signature",),
        play=lied_to("forged_signature", seal="damaged", misread="sign_type"),
    ),
    Case(name="wrong-key", covers=("signature/foreign-key-refused",), play=met(("wrong_key", {"first": 1}))),
    Case(
        name="weaker-method",
        covers=("signature/weaker-method-refused",),
        play=met(("signature_downgrade", {"first": 1})),
        channels=DOWNGRADED,
    ),
    Case(
        name="another-name",
        covers=("signature/another-name-refused",),
        play=met(("wrong_certificate_name", {"first": 1})),
        channels=CERTIFIED,
    ),
    Case(
        name="expired-certificate",
        covers=("signature/expired-certificate-refused",),
        play=met(("expired_certificate", {"first": 1})),
        channels=CERTIFIED,
    ),
    Case(
        name="foreign-chain",
        covers=("signature/foreign-chain-refused",),
        play=met(("foreign_chain", {"first": 1})),
        channels=NAMED,
    ),
    Case(name="probe", covers=("signature/probe-refused",), play=lied_to("signature_probe")),
    Case(
        name="tampered",
        covers=("money/tampered-amount-refused", "money/tampered-amount-not-credited"),
        play=bent,
    ),
    Case(
        name="in-dollars",
        covers=("money/other-currency-refused",),
        play=in_dollars,
        channels=("wechatpay_v3", "wechatpay_v2", "unionpay_rsa", "unionpay_keyed", "unionpay_sm2"),
    ),
    Case(
        name="told-of-failure",
        covers=("notify/failed-is-not-paid",),
        play=told_of_failure,
        channels=("alipay", "alipay_v3", "wechatpay_v2", "unionpay_rsa", "unionpay_keyed", "unionpay_sm2"),
    ),
    Case(
        name="cheap-order-trick",
        covers=("security/cheap-order-trick",),
        play=lied_to("tampered_amount", add_fen=99_900, signed=False),
    ),
    Case(
        name="another-merchants",
        covers=("notify/another-merchants",),
        play=lied_to("wrong_recipient", which="merchant"),
    ),
    Case(name="another-apps", covers=("notify/another-apps",), play=lied_to("wrong_recipient", which="app")),
    Case(name="unknown-order", covers=("notify/unknown-order",), play=unknown_order),
    Case(name="many-forgeries", covers=("security/many-forgeries",), play=many_forgeries),
    Case(name="new-fields", covers=("signature/new-fields-accepted",), play=met(("extra_fields", {"count": 2}))),
    Case(
        name="other-charset",
        covers=("signature/other-charset-verified",),
        play=met(("wrong_encoding", {"first": 1})),
        channels=("alipay", "alipay_v3", "unionpay_rsa", "unionpay_keyed", "unionpay_sm2"),
    ),
    Case(
        name="rotated-key",
        covers=("signature/rotated-key-followed",),
        play=rotated,
        channels=("wechatpay_v3",),
    ),
    Case(
        name="stale-stamp",
        covers=("clock/stale-stamp-refused",),
        play=lied_to("stale_timestamp", seconds=7200),
        channels=("wechatpay_v3",),
    ),
    Case(name="small-skew", covers=("clock/small-skew-accepted",), play=met(("clock_skew", {"seconds": -90}))),
    Case(
        name="notify-before-answer",
        covers=("order-of-arrival/notify-before-answer", "order-of-arrival/paid-before-answer"),
        play=before_the_answer,
    ),
    Case(
        name="overtaken",
        covers=("order-of-arrival/later-rung-first",),
        play=met(("reorder", {"behind": 1, "hold_s": 30}), ("duplicate", {"copies": 1, "spacing_s": 5})),
    ),
    Case(name="next-day", covers=("order-of-arrival/across-midnight",), play=met(("settlement_day", {}))),
    Case(
        name="while-it-asks",
        covers=("order-of-arrival/paid-while-asking", "concurrency/notify-and-query-at-once"),
        play=while_it_asks,
        needs=_SYNC,
    ),
)
