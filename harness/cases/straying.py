"""
What is lawful and rare: odd texts, other spellings, amounts at the edges, the same thing again much later, and one
order in trouble beside one that is not.
"""

from datetime import timedelta

from harness.cases.base import Case, Play
from harness.cases.stage import Stage
from harness.control import BuyerAction
from harness.sut.contract import Ability
from harness.world.base import Move

DAY_S, HOUR_S = 86_400.0, 3_600.0
ALWAYS = 1_000_000
# What forms, templates and comma separated files trip over; each in an order of its own, as a gateway may refuse one.
TEXTS = ("红包 生日快乐", "tip 1+1", "tip 50% %2B", 'tip, "large"', "tip <b>'x'</b>")
# No "empty_field": a well-behaved sender has none, since verifiers differ about them.
NOTIFY_SPELLINGS = ("short_amounts", "percent_spaces", "spaced")
ANSWER_SPELLINGS = ("spaced", "reordered", "escaped_slashes", "braces")
# One more than a float of 32 bits holds, and what is left of as 9.90 yuan where a whole number has 32 bits.
WIDE_FEN = (16_777_217, 4_294_968_286)
CLOCK = frozenset({Move.ADVANCE})
RESTART = frozenset({Move.KILL_GATEWAY, Move.RESTART_GATEWAY})
CREATE = frozenset({Ability.CREATE})
REFUND = CREATE | {Ability.REFUND}
HEARD = CREATE | {Ability.WEBHOOKS}
CLOSE = CREATE | {Ability.CLOSE}
# A refusal that is one, in each vendor's own word.
REFUSALS = {
    "alipay": "ACQ.REASON_TRADE_REFUND_FEE_ERR",
    "alipay_v3": "ACQ.REASON_TRADE_REFUND_FEE_ERR",
    "wechatpay_v3": "USER_ACCOUNT_ABNORMAL",
    "wechatpay_v2": "USER_ACCOUNT_ABNORMAL",
    "unionpay_rsa": "36",
    "unionpay_keyed": "36",
    "unionpay_sm2": "36",
}


async def odd_texts(stage: Stage) -> None:
    """What the buyer reads has letters that somebody may misread."""
    for text in TEXTS:
        order = stage.order(text=text)
        stage.mark("odd-text", order)
        await stage.open(order)
        await stage.pay(order)


async def spelled_notifies(stage: Stage) -> None:
    """The same notify as ever, in each other spelling that its protocol allows."""
    for spelling in NOTIFY_SPELLINGS:
        order = await stage.opened()
        await stage.strike(order, "other_spelling", spelling=spelling)
        await stage.pay(order)


async def spelled_answers(stage: Stage) -> None:
    """Every answer in another lawful spelling, and no notify: the gateway has to understand what it is answered."""
    for spelling in ANSWER_SPELLINGS:
        order = stage.order()
        await stage.strike(order, "drop_all")
        await stage.strike(order, "other_spelling", on="reply", spelling=spelling, first=ALWAYS)
        await stage.open(order)
        await stage.act(order)
        await stage.sync(order)
    await stage.advance(2 * HOUR_S)


async def wide_amounts(stage: Stage) -> None:
    """More than 32 bits hold."""
    for amount_fen in WIDE_FEN:
        order = await stage.opened(amount_fen)
        if order.payment is not None:
            await stage.pay(order)


async def orders_over_nothing(stage: Stage) -> None:
    """Nothing, and less than nothing."""
    for amount_fen in (0, -1):
        await stage.ask(stage.order(amount_fen))


async def refunds_of_nothing(stage: Stage) -> None:
    """The same of a refund, of a payment that has money to give back."""
    order = await stage.opened()
    await stage.pay(order)
    await stage.sync(order)
    for amount_fen in (0, -500):
        await stage.refund(order, amount_fen)
    await stage.look(order)


async def refused_then_anew(stage: Stage) -> None:
    """
    The provider says no to a refund, of one order the whole, of another what is left of it; an hour later the merchant
    asks anew, under another number.
    """
    for part_fen in (0, 300):
        order = await stage.opened()
        await stage.pay(order)
        await stage.sync(order)
        if part_fen:
            await stage.refund(order, part_fen)
        await stage.strike(order, "refuse", on="refund", code=REFUSALS[stage.channel], first=ALWAYS)
        await stage.refund(order, order.amount_fen - part_fen)
        await stage.advance(HOUR_S)
        await stage.calm()
        stage.mark("refund-refused", order)
        await stage.refund(order, order.amount_fen - part_fen)
        await stage.advance(HOUR_S)


async def asked_later(stage: Stage) -> None:
    """The same order ten minutes later, when tokens have expired; then paid, and asked for a day later."""
    order = await stage.opened()
    await stage.advance(600)
    stage.mark("asked-later", order)
    await stage.open(order)
    await stage.pay(order)
    await stage.advance(DAY_S)
    await stage.ask(order)


async def refund_later(stage: Stage) -> None:
    """A refund of a part under its own number again: ten minutes later, and days later."""
    order = await stage.opened()
    await stage.pay(order)
    await stage.sync(order)
    await stage.refund(order, 400)
    for wait_s in (600, 3 * DAY_S):
        await stage.advance(wait_s)
        stage.mark("refund-asked-later", order)
        await stage.refund(order, again=True)


async def after_a_restart(stage: Stage) -> None:
    """The order again, and its refund again, each with another process."""
    order = await stage.opened()
    stage.mark("killed-asked-again", order)
    await stage.kill()
    await stage.restart()
    await stage.open(order)
    await stage.pay(order)
    await stage.sync(order)
    await stage.refund(order, 400)
    await stage.kill()
    await stage.restart()
    await stage.refund(order, again=True)
    await stage.open(order)


async def platform_long_down(stage: Stage) -> None:
    """The platform refuses the news six times, in each way in which something that is down may answer."""
    order = await stage.opened()
    stage.mark("platform-long-down", order)
    stage.world.sink.refuse_next(6, statuses=(404, 302, 500, 400, 503, 502))
    await stage.pay(order)
    await stage.advance(DAY_S)


async def one_refused(stage: Stage) -> None:
    """The platform takes no news of one order, and everything else."""
    unlucky = await stage.opened()
    stage.world.sink.refuse_order(unlucky.number)
    await stage.pay(unlucky)
    await stage.advance(60)
    for _ in range(3):
        order = await stage.opened()
        by = stage.world.clock.now() + timedelta(seconds=HOUR_S)
        stage.history.fact("mark", order=order.number, name="beside-a-refused", by=by.isoformat())
        await stage.pay(order)
    await stage.advance(HOUR_S)
    stage.world.sink.take_all()


async def one_unanswered(stage: Stage) -> None:
    """No question about one order is answered; no notify comes, neither of it nor of the others."""
    stuck = await stage.opened()
    others = [await stage.opened() for _ in range(3)]
    await stage.strike(stuck, "http_error", on="query", status=500, first=ALWAYS)
    for order in (stuck, *others):
        await stage.strike(order, "drop_all")
        await stage.act(order)
    await stage.advance(DAY_S)
    for order in others:
        stage.mark("beside-a-stuck", order)
        await stage.look(order)
    await stage.calm()


async def late_and_answered_badly(stage: Stage) -> None:
    """Money that comes too late goes back, though the call that gives it back meets this and that."""
    for fault in ("timeout_before", "timeout_after", "system_error"):
        order = await stage.opened()
        await stage.buyer(order, BuyerAction.SCAN)
        await stage.close(order)
        await stage.strike(order, fault, on="refund")
        stage.mark("late-refund", order)
        await stage.advance(HOUR_S)
        await stage.buyer(order, BuyerAction.PAY_LATE)
        await stage.notify_again(order, after_s=HOUR_S)
        await stage.advance(DAY_S)


def _case(name: str, play: Play, *covers: str, needs: frozenset[Ability] = CREATE, clock: bool = False) -> Case:
    return Case(name=name, covers=covers, play=play, needs=needs, moves=CLOCK if clock else frozenset())


CASES = (
    _case("odd-texts", odd_texts, "notify/odd-text"),
    _case("spelled-notifies", spelled_notifies, "signature/other-spelling-accepted"),
    Case(
        name="spelled-answers",
        covers=("signature/answer-spelling-understood",),
        play=spelled_answers,
        channels=("alipay", "alipay_v3", "wechatpay_v3", "unionpay_rsa", "unionpay_keyed", "unionpay_sm2"),
        needs=CREATE | {Ability.SYNC},
        moves=CLOCK,
    ),
    _case("wide-amounts", wide_amounts, "money/wide-amount"),
    _case("orders-over-nothing", orders_over_nothing, "money/nothing-refused"),
    _case("refunds-of-nothing", refunds_of_nothing, "refund/nothing-refused", needs=REFUND),
    _case("refund-refused", refused_then_anew, "refund/refused-then-anew", needs=REFUND, clock=True),
    _case("asked-later", asked_later, "idempotency/asked-later", clock=True),
    _case("refund-asked-later", refund_later, "idempotency/refund-asked-later", needs=REFUND, clock=True),
    Case(
        name="asked-after-a-restart",
        covers=("crash/asked-again",),
        play=after_a_restart,
        needs=REFUND,
        moves=RESTART,
    ),
    _case("platform-long-down", platform_long_down, "notify/platform-long-down", needs=HEARD, clock=True),
    _case("one-refused", one_refused, "notify/platform-one-not-all", needs=HEARD, clock=True),
    _case("one-unanswered", one_unanswered, "unknown/one-not-all", clock=True),
    _case("late-refund", late_and_answered_badly, "close/late-refund-settled", needs=CLOSE, clock=True),
)
