"""
The JSON object of a load run, with the keys that others rely on. Figures that were not measured are null.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.audit import AuditReport
from harness.load.books import Books
from harness.load.limits import Limit
from harness.load.plan import LoadPlan
from harness.load.record import LoadRecord
from harness.load.yardstick import PER_PAYMENT, Yardstick
from harness.verdict import Verdict

GROUPS = ("generator", "gateway", "providers", "database", "redis")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """
    What was measured.

    Args:
        cpu_s: processor time by group while there was traffic, and until the dust had settled.
        yardstick: None where nobody signed.
        durability: what the database says of itself; None where it cannot be asked.
        rsa: whether every payment is signed thrice by RSA; by other keys the bound says nothing.
    """

    record: LoadRecord
    books: Books
    cpu_s: Mapping[str, float]
    limits: Sequence[Limit]
    yardstick: Yardstick | None = None
    durability: Mapping[str, str] | None = None
    rsa: bool = True

    @property
    def payments_per_s(self) -> float | None:
        """
        Settled, from the first intended start to the last settling: the drain counts.
        """
        last_at = self.books.last_at
        span_s = 0.0 if last_at is None else (last_at - self.record.began_at).total_seconds()
        return round(self.books.settled / span_s, 1) if span_s > 0 else None

    @property
    def bound_per_s(self) -> float | None:
        return None if self.yardstick is None else round(self.yardstick.per_s / PER_PAYMENT, 1)

    @property
    def bound_ratio(self) -> float | None:
        """
        None also where the machine was not the same before and after.
        """
        per_s, bound = self.payments_per_s, self.bound_per_s
        if not self.rsa:
            return None
        if per_s is None or bound is None or self.yardstick is None or not self.yardstick.steady:
            return None
        return round(per_s / bound, 3)

    @property
    def sign_share(self) -> float | None:
        """
        What the three signatures of each payment cost, of all that was spent without the generator.
        """
        working_s = sum(self.cpu_s.get(group, 0.0) for group in GROUPS if group != "generator")
        if self.yardstick is None or not working_s or not self.rsa:
            return None
        signing_s = PER_PAYMENT * self.books.settled * self.yardstick.cpu_s
        return round(signing_s / working_s, 3)

    def spent_s(self) -> Mapping[str, float | None]:
        """
        The buyers and the platform's ear are ours, and count as the generator's.
        """
        spent = dict(self.cpu_s)
        if "harness" in spent:
            spent["generator"] = spent.get("generator", 0.0) + spent.pop("harness")
        return {group: round(spent[group], 2) if group in spent else None for group in GROUPS}


def summary_of(
    plan: LoadPlan, figures: Figures, report: AuditReport, *, verdict: Verdict = Verdict.UNKNOWN, elapsed_s: float = 0.0
) -> dict[str, Any]:
    """
    The JSON object; its verdict is reached by looking at the rest.
    """
    opened, yardstick = figures.record.opened, figures.yardstick
    return {
        "shape": plan.shape,
        "channel_mix": dict(plan.channels),
        "generator": plan.generator,
        "rate": plan.rate,
        "duration_s": plan.lasts_s,
        "sent": opened.started,
        "accepted": opened.accepted,
        "settled": figures.books.settled,
        "payments_per_s": figures.payments_per_s,
        "lost": report.lost,
        "forgotten": figures.books.forgotten.count,
        "credited_twice": report.credited_twice,
        "mismatched": report.mismatched,
        "refused": opened.refused,
        "refused_without_retry_after": opened.without_retry_after,
        "unanswered": opened.unanswered,
        "statuses": {str(status): count for status, count in sorted(opened.statuses.items())},
        "latency_ms": opened.latency.summary(),
        "params_ms": opened.params.summary(),
        "settle_ms": figures.books.settle.summary(),
        "push_ms": opened.push.summary(),
        "asked": {name: span.latency.summary() for name, span in sorted(figures.record.asked.items())},
        "generator_lag_ms": opened.lag.summary(),
        "rsa_sign_per_s": None if yardstick is None else round(yardstick.per_s, 1),
        "rsa_bound_per_s": figures.bound_per_s,
        "bound_ratio": figures.bound_ratio,
        "sign_share": figures.sign_share,
        "durability": None if figures.durability is None else dict(figures.durability),
        "cpu_s": figures.spent_s(),
        "limited_by": ", ".join(limit.name for limit in figures.limits) or None,
        "seed": plan.seed,
        "elapsed_s": round(elapsed_s, 2),
        "verdict": verdict.value,
    }
