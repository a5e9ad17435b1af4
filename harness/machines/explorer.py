"""
The rule machine: Hypothesis thinks of stories, a player lives them, and what is broken is raised, so that it shrinks.

A step is one rule. It refuses to know how a move is made, and what becomes of a story that broke.
"""

from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from harness.history import History
from harness.machines.moves import Move, Story
from harness.machines.player import Player
from harness.machines.pool import CALLS, FIRST_ANSWER, NOTIFY, REPLY, apt
from harness.verdict import Finding, FindingError
from harness.world.base import World

Value = TypeVar("Value")
Fault = Mapping[str, Any]
# A kill comes this many turns of the loop after what it meets, at most; a notify is booked after some thirty.
TURNS_MAX = 60
PAST_EXPIRY_S = 1_000.0
# More orders make a story longer and no stranger.
ORDERS_MAX = 10

# Orders are counted back from the newest, so that a story shrinks towards one.
backs = st.sampled_from((0, 0, 0, 1, 1, 2, 3, 4))
amounts_fen = st.integers(1, 100_000)
spans_s = st.sampled_from((1.0, 5.0, 60.0, 240.0, PAST_EXPIRY_S, 3_600.0, 90_000.0))
notify_faults = st.lists(st.sampled_from(NOTIFY), max_size=2)
openings = st.none() | st.sampled_from(REPLY)
channels = st.runner().flatmap(lambda machine: st.sampled_from(type(machine).ground.channels))
# What may meet the buyer's paying, or anything else.
besides = st.sampled_from(("sync", "close", "crash", "pay", "refund", "open_again", "copy"))


# What else a copy is told.
LIES: Mapping[str, Mapping[str, Any]] = {"forge": {"seal": "foreign"}, "tamper": {"add_fen": 1}}
# A rule that opens an order needs room for it.
room = precondition(lambda self: self.orders < ORDERS_MAX)


class Ground(Protocol):
    """Where stories are lived: it opens a world for each, or lends the one that there is."""

    channels: tuple[str, ...]
    patience_s: float

    def run(self, work: Coroutine[Any, Any, Value]) -> Value: ...

    def begin(self, turns: Sequence[int]) -> World: ...

    def end(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """
    One story that was lived.

    Args:
        steps: rules; a rule may make more than one move.
        exchanging: how many of them had the gateway asked, calling or notified.
        findings: what it broke.
        settled: whether the dust settled; a story that broke in the middle was not waited for.
    """

    story: Story
    steps: int
    exchanging: int
    history: History
    paid: int
    findings: tuple[Finding, ...] = ()
    settled: bool = True


class Explorer(RuleBasedStateMachine):
    """
    Make a subclass with `ground`, `hear` and `seed`, and run it as any Hypothesis state machine.
    """

    ground: Ground
    seed: int = 1

    def __init__(self) -> None:
        super().__init__()
        self._moves: list[Move] = []
        self._channels: list[str] = []
        self._turns: tuple[int, ...] = (1,)
        self._steps = self._exchanging = 0
        self._over = False
        self._player: Player | None = None

    @classmethod
    def hear(cls, lived: Lived) -> None:
        """
        Told of every story, also of those that Hypothesis tries while it shrinks one.
        """
        raise NotImplementedError

    @property
    def orders(self) -> int:
        """
        How many the story has.
        """
        return len(self._channels)

    @initialize(
        turns=st.lists(st.integers(0, 3), min_size=1, max_size=4),
        channel=channels,
        amount_fen=amounts_fen,
        fault=openings,
    )
    def begin(self, turns: list[int], channel: str, amount_fen: int, fault: Fault | None) -> None:
        self._turns = tuple(turns)
        world = type(self).ground.begin(turns)
        self._player = Player(world, history=History(world.clock, real=world.clock))
        self._live(self._opening(channel, amount_fen, fault=fault))

    # Orders and their buyers

    @room
    @rule(channel=channels, amount_fen=amounts_fen, fault=openings, clicks=st.sampled_from((1, 1, 1, 2, 3)))
    def open(self, channel: str, amount_fen: int, fault: Fault | None, clicks: int) -> None:
        self._live(self._opening(channel, amount_fen, fault=fault, clicks=clicks))

    @room
    @rule(channel=channels, amount_fen=amounts_fen, fault=openings)
    def pay_before_the_answer(self, channel: str, amount_fen: int, fault: Fault | None) -> None:
        """The buyer is faster than the provider's answer to the gateway."""
        slow = {"fault": "delay", "seconds": 2.0} if fault is None else fault
        self._live(self._opening(channel, amount_fen, fault=slow, paid=True))

    @room
    @rule(
        channel=channels, amount_fen=amounts_fen, faults=notify_faults, beside=besides, turns=st.integers(0, TURNS_MAX)
    )
    def pay_while(self, channel: str, amount_fen: int, faults: list[Fault], beside: str, turns: int) -> None:
        """The gateway hears of the money while something else happens to it."""
        opening = self._opening(channel, amount_fen)
        order = self.orders
        met = self._at_once(_about(order, "pay"), _beside(order, beside, turns))
        self._live(opening, *self._strikes(order, faults), met)

    @room
    @rule(channel=channels, amount_fen=amounts_fen, ended=st.sampled_from(("expiry", "close")))
    def pay_too_late(self, channel: str, amount_fen: int, ended: str) -> None:
        """The money was on its way when the order ended."""
        opening = self._opening(channel, amount_fen)
        order = self.orders
        end = Move(what="advance", told={"seconds": PAST_EXPIRY_S}) if ended == "expiry" else _about(order, ended)
        self._live(opening, _about(order, "scan"), end, _about(order, "pay_late"))

    @rule(back=backs, faults=notify_faults)
    def pay(self, back: int, faults: list[Fault]) -> None:
        order = self._order(back, bought=False)
        self._live(*self._strikes(order, faults), _about(order, "pay"))

    @rule(
        back=backs,
        how=st.sampled_from(("pay_twice", "scan", "cancel", "wrong_password", "insufficient_balance", "pay_late")),
    )
    def buy_otherwise(self, back: int, how: str) -> None:
        self._live(_about(self._order(back, bought=False), how))

    # What the platform asks for

    @rule(back=backs, how=st.sampled_from(("open_again", "open_other")), clicks=st.integers(1, 3))
    def ask_again(self, back: int, how: str, clicks: int) -> None:
        told = {"clicks": clicks} if how == "open_again" and clicks > 1 else {}
        self._live(_about(self._order(back), how, **told))

    @rule(back=backs, how=st.sampled_from(("sync", "look")), fault=openings)
    def ask_about(self, back: int, how: str, fault: Fault | None) -> None:
        order = self._order(back)
        strikes = [] if fault is None or how == "look" else self._strikes(order, [{**fault, "on": "query"}])
        self._live(*strikes, _about(order, how))

    @rule(
        back=backs,
        shares=st.lists(st.integers(1, 100), min_size=1, max_size=3),
        times=st.sampled_from((1, 1, 1, 2, 5)),
        fault=openings,
    )
    def refund(self, back: int, shares: list[int], times: int, fault: Fault | None) -> None:
        """So many hundredths each, all asked for at one moment."""
        order = self._order(back, bought=True)
        strikes = [] if fault is None else self._strikes(order, [{**fault, "on": "refund"}])
        self._live(*strikes, _about(order, "refund", shares=shares, **({"times": times} if times > 1 else {})))

    @rule(back=backs, how=st.sampled_from(("refund_again", "refund_over")))
    def refund_oddly(self, back: int, how: str) -> None:
        self._live(_about(self._order(back, bought=True), how))

    @rule(back=backs, fault=openings)
    def close(self, back: int, fault: Fault | None) -> None:
        order = self._order(back, bought=False)
        strikes = [] if fault is None else self._strikes(order, [{**fault, "on": "close"}])
        self._live(*strikes, _about(order, "close"))

    @rule(back=backs, one=besides, other=besides, turns=st.integers(0, TURNS_MAX))
    def at_once(self, back: int, one: str, other: str, turns: int) -> None:
        order = self._order(back)
        self._live(self._at_once(_beside(order, one, 0), _beside(order, other, turns)))

    # The provider

    @rule(back=backs, how=st.sampled_from(("rung", "deliver", "drop", "reorder")))
    def handle_notifies(self, back: int, how: str) -> None:
        self._live(_about(self._order(back, bought=True), how))

    @rule(back=backs, which=st.integers(0, 3), lie=st.sampled_from(("copy", "replay", "forge", "tamper")))
    def notify_again(self, back: int, which: int, lie: str) -> None:
        self._live(_about(self._order(back, bought=True), lie, which=which, **LIES.get(lie, {})))

    # The nemesis, and time

    @rule(back=backs, fault=st.sampled_from(REPLY), call=st.sampled_from(CALLS), first=st.integers(1, 3))
    def strike(self, back: int, fault: Fault, call: str, first: int) -> None:
        """The gateway asks at once, so that it meets what was laid where it was laid on questions."""
        order = self._order(back)
        self._live(*self._strikes(order, [{**fault, "on": call, "first": first}]), _about(order, "sync"))

    @rule(how=st.sampled_from(("crash", "restart", "down", "up")))
    def shake(self, how: str) -> None:
        self._live(Move(what=how))

    @rule(back=backs, count=st.integers(1, 3))
    def platform_down(self, back: int, count: int) -> None:
        """So many webhooks are refused, the next buyer's first."""
        self._live(Move(what="platform_down", told={"count": count}), _about(self._order(back, bought=False), "pay"))

    @rule(seconds=spans_s)
    def time_passes(self, seconds: float) -> None:
        self._live(Move(what="advance", told={"seconds": seconds}))

    # How it is done

    def teardown(self) -> None:
        """
        Let the dust settle, then everything speaks. Hypothesis calls it after every story, broken or not.
        """
        if self._player is None:
            return
        ground, player = type(self).ground, self._player
        try:
            # A story that broke already has its reason; judging its ruins would hide it.
            if not self._over:
                report, settled = ground.run(player.judge(patience_s=ground.patience_s))
                self._tell(report.findings, settled=settled)
        finally:
            ground.end()

    def _opening(
        self, channel: str, amount_fen: int, *, fault: Fault | None = None, clicks: int = 1, paid: bool = False
    ) -> Move:
        self._channels.append(channel)
        told: dict[str, Any] = {"channel": channel, "amount_fen": amount_fen}
        if fault is not None:
            told["faults"] = [{**fault, "on": FIRST_ANSWER}]
        if clicks > 1:
            told["clicks"] = clicks
        if paid:
            told["paid"] = True
        return Move(what="open", told=told)

    def _order(self, back: int, *, bought: bool | None = None) -> int:
        """
        An order counted back from the newest: of those whose buyers have paid or have not, where there is one of them.
        """
        assert self._player is not None
        numbers = enumerate((order.number for order in self._player.orders), start=1)
        fitting = [at for at, number in numbers if bought is None or self._player.oracle.bought(number) is bought]
        orders = fitting or list(range(1, self.orders + 1))
        return orders[max(0, len(orders) - 1 - back)]

    def _strikes(self, order: int, faults: Sequence[Fault]) -> list[Move]:
        channel = self._channels[order - 1]
        return [_about(order, "strike", fault=fault) for fault in faults if apt(fault, channel)]

    def _at_once(self, *parts: Move) -> Move:
        return Move(what="at_once", told={"parts": [part.to_json() for part in parts]})

    def _live(self, *moves: Move) -> None:
        assert self._player is not None
        self._steps += 1
        met = self._player.exchanges
        self._over = True  # unless it comes back
        found: list[Finding] = []
        for move in moves:
            self._moves.append(move)
            found = type(self).ground.run(self._player.play(move))
            if found:
                break
        if not found and self._player.exchanges == met and self._player.newest:
            # Nobody spoke to the gateway: the platform reads what it makes of that.
            self._moves.append(_about(self._player.newest, "look"))
            found = type(self).ground.run(self._player.play(self._moves[-1]))
        self._exchanging += self._player.exchanges > met
        if found:
            self._tell(tuple(found), settled=False)
        self._over = False

    def _tell(self, found: Sequence[Finding], *, settled: bool) -> None:
        """
        Pass it on, and raise the first finding, which is what shrinks.
        """
        assert self._player is not None
        story = Story(seed=type(self).seed, turns=self._turns, moves=tuple(self._moves))
        type(self).hear(
            Lived(
                story=story,
                steps=self._steps,
                exchanging=self._exchanging,
                history=self._player.history,
                paid=self._player.oracle.paid,
                findings=tuple(found),
                settled=settled,
            )
        )
        if found:
            raise error_of(found[0].id)(found[0])


def _about(order: int, what: str, **told: Any) -> Move:
    return Move(what=what, order=order, told=told)


def _beside(order: int, what: str, turns: int) -> Move:
    match what:
        case "crash":
            return Move(what=what, told={"turns": turns} if turns else {})
        case "refund":
            return _about(order, what, shares=[50])
        case _:
            return _about(order, what)


@cache
def error_of(requirement: str) -> type[FindingError]:
    """
    An error for each requirement, so that Hypothesis does not slip from one broken rule to another while it shrinks.
    """
    return type(f"Broken_{requirement}", (FindingError,), {})
