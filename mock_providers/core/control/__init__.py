"""The control API: what only a test may do, on a port of its own."""

from mock_providers.core.control.server import ControlServer
from mock_providers.core.control.state import ControlState

__all__ = ["ControlServer", "ControlState"]
