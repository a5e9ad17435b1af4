"""
The audit and the checks together: one report for a run that names no requirements of its own.

A check that was not put to the test says nothing here; the audit has its own witnesses. Pure.
"""

from collections.abc import Sequence
from dataclasses import replace

from harness.audit import AuditReport
from harness.checks import judge
from harness.history import Operation
from harness.verdict import merge


def with_checks(report: AuditReport, operations: Sequence[Operation], *, seed: int, replay: str) -> AuditReport:
    """
    The report with whatever the checks find in the history beyond it.

    Args:
        seed, replay: the run's, and the command that repeats it, printed with each finding.
    """
    known = {(finding.id, finding.order) for finding in report.findings}
    more = [
        replace(finding, seed=seed, replay=replay)
        for judged in judge(operations)
        for finding in judged.findings
        if (finding.id, finding.order) not in known
    ]
    verdict = merge([report.verdict, *(finding.verdict for finding in more)])
    return replace(report, findings=(*report.findings, *more), verdict=verdict)
