"""
The checks: pure functions from a history to a judgement, one for each requirement.

A whole run, payments by the million, is the audit's; what the two have in common they share.
"""

from collections.abc import Iterable, Mapping, Sequence

from harness.checks import (
    clock,
    close,
    colliding,
    concurrency,
    crash,
    idempotency,
    mixing,
    money,
    notify,
    order_of_arrival,
    reconciliation,
    refund,
    returning,
    security,
    signature,
    spike,
    state,
    telling,
    unknown,
)
from harness.checks.base import Check, Judgement
from harness.history import Operation

CHECKS: Mapping[str, Check] = {
    **idempotency.CHECKS,
    **signature.CHECKS,
    **state.CHECKS,
    **money.CHECKS,
    **refund.CHECKS,
    **returning.CHECKS,
    **unknown.CHECKS,
    **notify.CHECKS,
    **telling.CHECKS,
    **mixing.CHECKS,
    **colliding.CHECKS,
    **order_of_arrival.CHECKS,
    **security.CHECKS,
    **concurrency.CHECKS,
    **crash.CHECKS,
    **clock.CHECKS,
    **close.CHECKS,
    **reconciliation.CHECKS,
    **spike.CHECKS,
}


def judge(operations: Sequence[Operation], requirements: Iterable[str] | None = None) -> list[Judgement]:
    """
    Judge a history by the checks of *requirements*, or by all of them.
    """
    wanted = CHECKS if requirements is None else [name for name in requirements if name in CHECKS]
    return [CHECKS[name](operations) for name in wanted]


__all__ = ["CHECKS", "Check", "Judgement", "judge"]
