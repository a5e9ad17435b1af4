"""
The verdict of a load run: the audit's, what visitors saw, what was promised and forgotten, and the thresholds.

Money is the gateway's fault however busy the machine was. Speed is judged only where neither the generator nor the
simulator set the pace. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from harness.audit import AuditReport
from harness.catalog import BY_ID
from harness.load.figures import Figures
from harness.load.plan import LoadPlan
from harness.load.thresholds import Threshold, value_of
from harness.sut.drivers import REFERENCE
from harness.verdict import Finding, Verdict

FORGOTTEN_SHOWN = 20
# Which requirement it is that a visitor saw broken.
BROKEN_BY: Mapping[str, str] = {
    "double_clicker": "idempotency/opened-once",
    "watcher": "state/never-back",
    "refunder": "idempotency/refund-number-once",
    "red_packet": "money/sums-zero",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """
    Args:
        reasons: why it is not PASS, where no finding says it.
    """

    verdict: Verdict
    findings: Sequence[Finding]
    reasons: tuple[str, ...]


def judge(
    plan: LoadPlan,
    figures: Figures,
    report: AuditReport,
    *,
    summary: Mapping[str, Any] | None = None,
    thresholds: Sequence[Threshold] = (),
) -> Judgement:
    """
    FAIL beats UNKNOWN beats PASS.

    Args:
        summary: what the thresholds are held against.
    """
    findings = [*report.findings, *_forgotten(plan, figures), *_seen(plan, figures)]
    reasons = [*report.reasons, *(limit.reason for limit in figures.limits)]
    if not figures.record.ended:
        reasons.append("the generator did not come to its end")
    if plan.gateway == REFERENCE:
        # Of somebody else's gateway not everything can be seen.
        unmeasured = [one.figure for one in thresholds if value_of(summary or {}, one.figure) is None]
        reasons += [f"{figure} was not measured" for figure in unmeasured]
    if not figures.limits:
        findings += _broken(plan, summary or {}, thresholds)
    if report.verdict is Verdict.FAIL or findings:
        verdict = Verdict.FAIL
    elif reasons:
        verdict = Verdict.UNKNOWN
    else:
        verdict = report.verdict
    return Judgement(verdict=verdict, findings=findings, reasons=tuple(reasons))


def _broken(plan: LoadPlan, summary: Mapping[str, Any], thresholds: Sequence[Threshold]) -> list[Finding]:
    """
    Thresholds that were not kept.
    """
    found = []
    for threshold in thresholds:
        value = value_of(summary, threshold.figure)
        if value is not None and threshold.broken_by(value):
            found.append(
                Finding(
                    id=f"load/{threshold.figure}",
                    requirement="a load run keeps to its thresholds",
                    expected=threshold.words,
                    actual=f"{threshold.figure} was {value:g}",
                    seed=plan.seed,
                )
            )
    return found


def _forgotten(plan: LoadPlan, figures: Figures) -> list[Finding]:
    """
    A payment that was promised (201 or 202) and is not in the gateway's books.
    """
    requirement = BY_ID["notify/nothing-lost"]
    return [
        requirement.broken(
            f"pp{number:06d}",
            expected="a payment that was accepted stands in the gateway's books",
            actual="the gateway does not know it",
            seed=plan.seed,
            money=f"order pp{number:06d} was accepted and is in no book",
        )
        for number in islice(figures.books.forgotten, FORGOTTEN_SHOWN)
    ]


def _seen(plan: LoadPlan, figures: Figures) -> list[Finding]:
    """
    What visitors saw that no gateway may do.
    """
    found = []
    for kind, order, words in figures.record.failures:
        found.append(
            BY_ID[BROKEN_BY[kind]].broken(
                order,
                expected="what the merchant API promises",
                actual=words,
                seed=plan.seed,
                money=f"order {order}: {words}",
            )
        )
    return found
