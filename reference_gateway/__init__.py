"""
The reference gateway: a good citizen that takes payments over real channel protocols and keeps the money right.

Its one door is `build(settings, **parts)`. It never imports the simulator or the harness.
"""

from reference_gateway.app import Gateway, Parts, build
from reference_gateway.settings import GatewaySettings

__all__ = ["Gateway", "GatewaySettings", "Parts", "build"]
