"""
Finds the harness's payment label in what a merchant sends, or numbers orders by their arrival.

Order numbers belong to the gateway under test and change from run to run; the label does not, so fault decisions hang
on it.
"""

import re
from collections.abc import Mapping
from typing import Any

from mock_providers.core.shelves.drawer import Drawer
from mock_providers.core.shelves.shelf import KEPT

_LABEL = re.compile(r"pp[0-9]{6,}", re.ASCII)


class Labels:
    """
    Remembers one label for each order; the first label seen stays.

    Args:
        kept: so many are kept in memory, the others on disk.
    """

    def __init__(self, *, kept: int = KEPT) -> None:
        self._by_order: Drawer[str] = Drawer(kept=kept)
        self._arrivals = 0

    def of(self, provider: str, order: str, *, text: str | None = None) -> str:
        """
        Args:
            provider: its short name.
            order: the merchant's order number.
            text: the field that may carry a label, when this call has it.
        """
        key = provider, order
        known = self._by_order.get(key)
        found = _LABEL.search(text) if text else None
        if found and (known is None or known.startswith("arrival-")):
            known = self._by_order[key] = found.group()
        if known is None:
            self._arrivals += 1
            known = self._by_order[key] = f"arrival-{self._arrivals}"
        return known

    def forget(self) -> None:
        """Start anew; the next order without a label is the first arrival again."""
        self._by_order.clear()
        self._arrivals = 0

    def dump(self) -> dict[str, object]:
        """What must survive a restart, as plain JSON."""
        orders = sorted([*key, label] for key, label in self._by_order.items())
        return {"orders": orders, "arrivals": self._arrivals}

    def load(self, dumped: Mapping[str, Any]) -> None:
        """Go on where `dump` stood."""
        self._by_order.clear()
        for provider, order, label in dumped["orders"]:
            self._by_order[provider, order] = label
        self._arrivals = int(dumped["arrivals"])

    def close(self) -> None:
        """Let go of what lies on disk."""
        self._by_order.close()
