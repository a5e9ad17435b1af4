"""
The checks: pure functions from a history to a judgement, one for each requirement that a history alone can decide.

A requirement that is not here is decided by the audit, which sees all payments at once.
"""

from collections.abc import Iterable, Mapping, Sequence

from harness.checks.base import Check, Judgement
from harness.checks.idempotency import credited_once
from harness.checks.money import credited_amount, sums_zero
from harness.checks.notify import duplicate_acked
from harness.checks.refund import never_above_paid
from harness.checks.signature import forged_never_acked, forged_never_credited
from harness.checks.state import never_back
from harness.history import Operation

CHECKS: Mapping[str, Check] = {
    "idempotency/credited-once": credited_once,
    "money/credited-amount": credited_amount,
    "money/sums-zero": sums_zero,
    "notify/duplicate-acked": duplicate_acked,
    "refund/never-above-paid": never_above_paid,
    "signature/forged-never-acked": forged_never_acked,
    "signature/forged-never-credited": forged_never_credited,
    "state/never-back": never_back,
}


def judge(operations: Sequence[Operation], requirements: Iterable[str] | None = None) -> list[Judgement]:
    """
    Judge a history by the checks of *requirements*, or by all of them.
    """
    wanted = CHECKS if requirements is None else [name for name in requirements if name in CHECKS]
    return [CHECKS[name](operations) for name in wanted]


__all__ = ["CHECKS", "Check", "Judgement", "judge"]
