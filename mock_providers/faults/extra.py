"""Putting one more copy in front of an attempt; shared by the faults that lie before the truth is told."""

from dataclasses import replace

from mock_providers.core.plans import DeliveryPlan, PlannedDelivery


def sent_before(plan: DeliveryPlan, extra: PlannedDelivery) -> DeliveryPlan:
    """*extra* leaves at the same moment, in a wave of its own before all others."""
    later = tuple(replace(one, wave=one.wave + 1) for one in plan.deliveries)
    return replace(plan, deliveries=(replace(extra, wave=0), *later))
