"""
The catalogue: every requirement, family by family.
"""

from harness.catalog import (
    clock,
    close,
    concurrency,
    crash,
    idempotency,
    money,
    notify,
    order_of_arrival,
    reconciliation,
    refund,
    security,
    signature,
    spike,
    state,
    unknown,
)
from harness.catalog.base import Requirement

REQUIREMENTS: tuple[Requirement, ...] = (
    *idempotency.REQUIREMENTS,
    *signature.REQUIREMENTS,
    *state.REQUIREMENTS,
    *money.REQUIREMENTS,
    *refund.REQUIREMENTS,
    *unknown.REQUIREMENTS,
    *notify.REQUIREMENTS,
    *order_of_arrival.REQUIREMENTS,
    *security.REQUIREMENTS,
    *concurrency.REQUIREMENTS,
    *crash.REQUIREMENTS,
    *clock.REQUIREMENTS,
    *close.REQUIREMENTS,
    *reconciliation.REQUIREMENTS,
    *spike.REQUIREMENTS,
)
BY_ID = {requirement.id: requirement for requirement in REQUIREMENTS}


def text_of(requirement: str) -> str:
    """
    The sentence of a requirement.
    """
    return BY_ID[requirement].text


__all__ = ["BY_ID", "REQUIREMENTS", "Requirement", "text_of"]
