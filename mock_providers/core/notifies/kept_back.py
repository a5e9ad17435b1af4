"""
Attempts that wait for others of the same order to go first: for later events, or for calls of the merchant's.

Counts who went; whoever holds the schedule lets them go.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from mock_providers.core.plans import Hold, OrderKey

Held = TypeVar("Held")


@dataclass(slots=True)
class _Waiting(Generic[Held]):
    """One attempt, and how many have still to go before it."""

    who: Held
    hold: Hold
    behind: int


@dataclass(slots=True)
class KeptBack(Generic[Held]):
    """Who waits, by order."""

    _by_order: dict[OrderKey, list[_Waiting[Held]]] = field(default_factory=dict)

    def add(self, order: OrderKey, who: Held, hold: Hold, *, behind: int | None = None) -> None:
        """*who* waits from now on, or goes on waiting with so many still to go before it."""
        self._by_order.setdefault(order, []).append(_Waiting(who, hold, hold.behind if behind is None else behind))

    def behind(self, order: OrderKey, who: Held) -> int | None:
        """How many have still to go before *who*; None when it does not wait."""
        return next((one.behind for one in self._by_order.get(order, ()) if one.who is who), None)

    def holds(self, order: OrderKey, who: Held) -> bool:
        """Whether *who* waits."""
        return any(one.who is who for one in self._by_order.get(order, ()))

    def event(self, order: OrderKey, event: str) -> None:
        """A later event sets out; those that wait for it are counted, and let go when it has arrived."""
        for one in self._by_order.get(order, ()):
            if not one.hold.calls and one.hold.event in {"", event}:
                one.behind -= 1

    def waits_for_call(self, order: OrderKey) -> bool:
        """Whether somebody waits for the merchant to ask something."""
        waiting = self._by_order.get(order)
        return waiting is not None and any(one.hold.calls for one in waiting)

    def called(self, order: OrderKey, api: str) -> Sequence[Held]:
        """
        Such a call has been answered.

        Returns:
            Whoever need not wait any more.
        """
        for one in self._by_order.get(order, ()):
            if any(word in api for word in one.hold.calls):
                one.behind -= 1
        return self.free(order)

    def free(self, order: OrderKey) -> Sequence[Held]:
        """Whoever need not wait any more."""
        return [one.who for one in self._by_order.get(order, ()) if one.behind <= 0]

    def remove(self, order: OrderKey, whom: Iterable[Held]) -> None:
        """*whom* wait no more."""
        gone = tuple(whom)
        left = [one for one in self._by_order.get(order, ()) if all(one.who is not who for who in gone)]
        if left:
            self._by_order[order] = left
        else:
            self._by_order.pop(order, None)

    def clear(self) -> None:
        """Nobody waits."""
        self._by_order.clear()
