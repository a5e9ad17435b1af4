"""
Finds the harness's payment label in what a merchant sends, or numbers orders by their arrival.

Order numbers belong to the gateway under test and change from run to run; the label does not, so fault decisions hang
on it.
"""

import re
from collections.abc import Mapping
from typing import Any

_LABEL = re.compile(r"pp[0-9]{6,}", re.ASCII)


class Labels:
    """Remembers one label for each order; the first label seen stays."""

    def __init__(self) -> None:
        self._by_order: dict[str, dict[str, str]] = {}
        self._arrivals = 0

    def of(self, provider: str, order: str, *, text: str | None = None) -> str:
        """
        Args:
            provider: its short name.
            order: the merchant's order number.
            text: the field that may carry a label, when this call has it.
        """
        labels = self._by_order.setdefault(provider, {})
        known = labels.get(order)
        found = _LABEL.search(text) if text else None
        if found and (known is None or known.startswith("arrival-")):
            known = labels[order] = found.group()
        if known is None:
            self._arrivals += 1
            known = labels[order] = f"arrival-{self._arrivals}"
        return known

    def forget(self) -> None:
        """Start anew; the next order without a label is the first arrival again."""
        self._by_order.clear()
        self._arrivals = 0

    def dump(self) -> dict[str, object]:
        """What must survive a restart, as plain JSON."""
        orders = [[provider, *one] for provider, labels in self._by_order.items() for one in labels.items()]
        return {"orders": orders, "arrivals": self._arrivals}

    def load(self, dumped: Mapping[str, Any]) -> None:
        """Go on where `dump` stood."""
        self._by_order = {}
        for provider, order, label in dumped["orders"]:
            self._by_order.setdefault(provider, {})[order] = label
        self._arrivals = int(dumped["arrivals"])
