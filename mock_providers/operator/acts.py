"""
The buttons: each lets the simulator do one thing, through the same doors as the control API.

Answers where the browser goes next; refusals are exceptions with words for people.
"""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from mock_providers.core.books.book import Trade
from mock_providers.core.control.state import ACTIONS, ControlState
from mock_providers.core.notifies.copies import Delivery, Sought
from mock_providers.core.plans import Kind, PlannedDelivery, Seal
from mock_providers.errors import BookRefused, closest
from mock_providers.operator.faultforms import profile_document, rule_of
from mock_providers.operator.scenario import BY_HAND

Form = Mapping[str, str]
_ADVANCE_MAX_S = 400 * 86_400.0
_AMOUNT_MAX_FEN = 10**12


class Acts:
    """
    Args:
        profiles: the folder of profiles that can be chosen.
    """

    def __init__(self, state: ControlState, *, profiles: Path | None) -> None:
        self._state = state
        self._profiles = profiles
        self._doers: Mapping[str, Callable[[Form], Awaitable[None]]] = {
            "buyer": self._buyer,
            "deliver": self._deliver,
            "drop": self._drop,
            "hold": self._hold,
            "release": self._release,
            "again": self._again,
            "forge": self._forge,
            "tamper": self._tamper,
            "next-rung": self._next_rung,
            "advance": self._advance,
            "rate": self._rate,
            "add-rule": self._add_rule,
            "remove-rule": self._remove_rule,
            "profile": self._profile,
            "reset": self._reset,
        }

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that can be done."""
        return tuple(self._doers)

    async def do(self, name: str, form: Form) -> None:
        """
        Do it; answers when it is done.

        Raises:
            BookRefused: not now, or not so.
            RulesRefused: the rules are wrong; those in force have not changed.
        """
        await self._doers[name](form)

    async def _buyer(self, form: Form) -> None:
        action = form.get("action", "")
        if action not in ACTIONS:
            raise BookRefused("unknown_action", f"no buyer can '{action[:40]}'.{closest(action, ACTIONS)}")
        self._state.act(self._trade(form), action)

    async def _deliver(self, form: Form) -> None:
        await self._state.notifier.deliver(self._delivery(form))

    async def _drop(self, form: Form) -> None:
        self._state.notifier.drop(self._delivery(form))

    async def _hold(self, form: Form) -> None:
        self._state.notifier.hold(self._delivery(form))

    async def _release(self, form: Form) -> None:
        self._state.notifier.release(self._delivery(form))

    async def _again(self, form: Form) -> None:
        await self._state.notifier.deliver(self._latest(form, sent=True))

    async def _forge(self, form: Form) -> None:
        await self._state.notifier.copy(
            self._latest(form), PlannedDelivery(Kind.FORGED, seal=Seal.FOREIGN, fault=BY_HAND)
        )

    async def _tamper(self, form: Form) -> None:
        add_fen = _whole(form.get("add_fen", ""), highest=_AMOUNT_MAX_FEN)
        if not add_fen:
            raise BookRefused("bad_amount", "give the fen by which the amount shall differ, and not 0")
        seal = Seal.TRUE if form.get("signed") else Seal.FOREIGN
        planned = PlannedDelivery(Kind.TAMPERED, seal=seal, add_fen=add_fen, fault=BY_HAND)
        await self._state.notifier.copy(self._latest(form), planned)

    async def _next_rung(self, form: Form) -> None:
        await self._state.next_rung(self._trade(form))

    async def _advance(self, form: Form) -> None:
        seconds = _whole(form.get("seconds", ""), highest=int(_ADVANCE_MAX_S))
        if seconds <= 0:
            raise BookRefused("bad_span", "give how many seconds the schedule shall advance")
        await self._state.schedule.advance(seconds)

    async def _rate(self, form: Form) -> None:
        self._state.schedule.rate = float(_whole(form.get("rate", ""), highest=1_000_000))

    async def _add_rule(self, form: Form) -> None:
        known = [str(rule["id"]) for rule in self._state.faults.rules()]
        self._state.faults.add(rule_of(form, known=known))

    async def _remove_rule(self, form: Form) -> None:
        if not self._state.faults.remove(form.get("id", "")):
            raise BookRefused("unknown_rule", "this rule is no longer there")

    async def _profile(self, form: Form) -> None:
        self._state.faults.replace(profile_document(form.get("profile", ""), self._profiles))

    async def _reset(self, _: Form) -> None:
        self._state.reset()

    def _trade(self, form: Form) -> Trade:
        provider, order, merchant = form.get("provider", ""), form.get("order", ""), form.get("merchant") or None
        trade = self._state.book.by_order(provider, order, now=self._state.schedule.now(), merchant_id=merchant)
        if trade is None:
            raise BookRefused("unknown_order", f"{provider or 'nobody'} knows no order {order}")
        return trade

    def _delivery(self, form: Form) -> Delivery:
        delivery = self._state.notifier.find(form.get("id", ""))
        if delivery is None:
            raise BookRefused("unknown_notify", "this notify is no longer remembered")
        return delivery

    def _latest(self, form: Form, *, sent: bool = False) -> Delivery:
        """The latest copy of an order's notifies that tells the truth."""
        opening = self._trade(form).opening
        wanted = Sought(
            state="done" if sent else None,
            provider=opening.provider,
            order=opening.out_trade_no,
            merchant=opening.merchant_id,
        )
        copies = [
            one for one in self._state.notifier.matching(wanted) if one.planned.kind in {Kind.TRUE, Kind.DUPLICATE}
        ]
        if not copies:
            raise BookRefused("nothing_sent", "nothing has been told about this order yet, so there is nothing to copy")
        return copies[-1]


def _whole(text: str, *, highest: int) -> int:
    """A whole number within bounds, else 0."""
    plain = text.strip()
    digits = plain.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 16):
        return 0
    number = int(plain)
    return number if abs(number) <= highest else 0
