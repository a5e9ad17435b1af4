"""
Composes the faults that strike one attempt into one plan.

Faults are applied in the registry's order whatever the order of the rules, so a profile means the same however its
rules are sorted. A fault that strikes twice by two rules is applied twice, except that a loss is a loss.
"""

from collections.abc import Iterable

from mock_providers.core.plans import PLAIN_DELIVERY, PLAIN_REPLY, DeliveryPlan, ReplyPlan
from mock_providers.faults.base import Fault
from mock_providers.faults.registry import RANK


def compose_notify(faults: Iterable[Fault]) -> DeliveryPlan:
    """The plan of one attempt to deliver."""
    plan = PLAIN_DELIVERY
    for fault in sorted(faults, key=_rank):
        plan = fault.shape_notify(plan)
    return plan


def compose_reply(faults: Iterable[Fault]) -> ReplyPlan:
    """The plan of one answer."""
    plan = PLAIN_REPLY
    for fault in sorted(faults, key=_rank):
        plan = fault.shape_reply(plan)
    return plan


def _rank(fault: Fault) -> int:
    return RANK[fault.name]
