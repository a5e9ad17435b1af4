"""
Turns settings into what the router, the circuits and the comparison of bills work by.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from reference_gateway.channels.port import ChannelPort
from reference_gateway.domain.breaker import BreakerRules
from reference_gateway.domain.routing import RouteTraits
from reference_gateway.errors import SettingsRefused
from reference_gateway.service.capacity.circuits import Circuits
from reference_gateway.service.orders.route_payment import Router
from reference_gateway.service.reconciling.reconcile import DailyRule
from reference_gateway.settings import GatewaySettings


def router_for(settings: GatewaySettings, channels: Mapping[str, ChannelPort], circuits: Circuits) -> Router:
    """
    Make the router.

    Raises:
        SettingsRefused: a channel is configured that is not set up.
    """
    for name in settings.routes:
        if name not in channels:
            near = difflib.get_close_matches(name, sorted(channels), n=1, cutoff=0.0)[0]
            raise SettingsRefused(f"routes names the channel {name!r}, which is not set up; did you mean {near!r}?")
    traits = {
        name: RouteTraits(weight=told.weight, regions=told.regions, fee_bp=told.fee_bp)
        for name, told in settings.routes.items()
    }
    return Router(channels, circuits=circuits, traits=traits, fee_emphasis=settings.route_fee_emphasis)


def breaker_rules(settings: GatewaySettings) -> BreakerRules:
    """Make the rules of the circuits."""
    return BreakerRules(
        calls_min=settings.breaker_calls_min,
        failure_percent=settings.breaker_failure_percent,
        window_s=settings.breaker_window_s,
        open_s=settings.breaker_open_s,
    )


def daily_rule(settings: GatewaySettings) -> DailyRule | None:
    """Say when bills are compared; None leaves it to the API."""
    if not settings.reconcile_at:
        return None
    hour, minute = settings.reconcile_at.split(":")
    return DailyRule(at_minute=60 * int(hour) + int(minute), days=settings.reconcile_days)
