"""The cashier: the pages on which a buyer pays, shared by all providers, in each one's colours."""

from mock_providers.cashier.cashier import Cashier

__all__ = ["Cashier"]
