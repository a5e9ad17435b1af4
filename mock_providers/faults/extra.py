"""What several faults do to an attempt: one more copy before or after the truth, or something done to the truth."""

from dataclasses import replace
from typing import Any

from mock_providers.core.plans import DeliveryPlan, Kind, PlannedDelivery, ReplyPlan, Seal

_TRUTH = frozenset({Kind.TRUE, Kind.DUPLICATE})


def sent_before(plan: DeliveryPlan, extra: PlannedDelivery) -> DeliveryPlan:
    """*extra* leaves at the same moment, in a wave of its own before all others."""
    later = tuple(replace(one, wave=one.wave + 1) for one in plan.deliveries)
    return replace(plan, deliveries=(replace(extra, wave=0), *later))


def sent_after(plan: DeliveryPlan, extra: PlannedDelivery) -> DeliveryPlan:
    """*extra* leaves last, so much later as its own offset says."""
    last = max(plan.deliveries, key=lambda one: (one.offset_s, one.wave))
    after = replace(extra, offset_s=last.offset_s + extra.offset_s, wave=last.wave + 1)
    return replace(plan, deliveries=(*plan.deliveries, after))


def every_true_copy(plan: DeliveryPlan, fault: str, **changes: Any) -> DeliveryPlan:
    """The true copy and its duplicates are changed alike; copies that other faults added stay as they are."""
    changed = tuple(replace(one, **changes) if one.kind in _TRUTH else one for one in plan.deliveries)
    return replace(plan, deliveries=changed, faults=(*plan.faults, fault))


def told_under(plan: DeliveryPlan, fault: str, seal: Seal) -> DeliveryPlan:
    """
    No copy of the attempt is genuine, so whatever the merchant answers, the ladder goes on to the next rung.
    """
    return every_true_copy(plan, fault, kind=Kind.FORGED, seal=seal)


def answered_under(plan: ReplyPlan, fault: str, seal: Seal) -> ReplyPlan:
    """The work is done, and the provider seals its answer so."""
    return replace(plan, shape=replace(plan.shape, seal=seal), faults=(*plan.faults, fault))
