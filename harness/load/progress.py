"""
Tells people, while it lasts, how a load run goes: what came in the last seconds and how long it took.

It follows the record as it grows and refuses to keep any of it.
"""

from pathlib import Path

import orjson

from harness.clock import Clock
from harness.commands.session import Session
from harness.events import Progressed
from harness.load.plan import LoadPlan
from harness.load.record import OPENERS, Span

LOOK_S = 1.0
# A line for people; a terminal could take more, a log should not.
TELL_EVERY = 5


async def tell(plan: LoadPlan, file: Path, *, session: Session) -> None:
    """
    Go on until cancelled.
    """
    tail, looks, sent = Tail(file), 0, 0
    clock: Clock = session.clock
    schedule = plan.form.schedule
    total = 0 if schedule is None else schedule(plan.rate, plan.lasts_s).arrivals
    recent = Span()
    while True:
        await clock.sleep(LOOK_S)
        looks += 1
        for span in tail.read():
            recent.started += span.started
            recent.statuses += span.statuses
            recent.latency.merge(span.latency)
        sent = sent + recent.started if looks % TELL_EVERY == 0 else sent
        if looks % TELL_EVERY == 0:
            session.announce(Progressed(what="visits", done=sent, total=total or sent))
            session.say(sentence(recent))
            recent = Span()


def sentence(recent: Span) -> str:
    """
    The last seconds in a line.
    """
    summary = recent.latency.summary()
    latency = "no answer yet" if summary is None else f"p50 {summary['p50']:.0f} ms, p99 {summary['p99']:.0f} ms"
    refused = f", {recent.refused} refused" if recent.refused else ""
    unanswered = sum(count for status, count in recent.statuses.items() if not status or status >= 500)
    failed = f", {unanswered} failed" if unanswered else ""
    return f"    {recent.accepted / TELL_EVERY:.0f}/s accepted{refused}{failed}; {latency}"


class Tail:
    """The lines that have come since the last look."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read = 0

    def read(self) -> list[Span]:
        """
        What they tell of visits; a torn last line is left for the next time.
        """
        if not self._file.is_file():
            return []
        with self._file.open("rb") as lines:
            lines.seek(self._read)
            got = lines.read()
        whole = got[: got.rfind(b"\n") + 1]
        self._read += len(whole)
        spans = []
        for line in whole.splitlines():
            raw = orjson.loads(line)
            if raw.get("kind") in OPENERS and "second" in raw:
                span = Span()
                span.add(raw)
                spans.append(span)
        return spans
