"""The operator's pages: orders live, what was said about each of them, and hands on notifies, faults and the clock."""

from mock_providers.operator.routes import OperatorPages

__all__ = ["OperatorPages"]
