"""
What happened to one order, as lines in their order: exchanges out of the journal, what is still on its way or was lost,
and what the book wrote down in between. Pure, and judges nothing.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

from mock_providers.core.books.book import RefundState, Trade
from mock_providers.core.money import yuan_text
from mock_providers.core.wire.journal import Entry

Kind = Literal["call", "visit", "notify", "waiting", "lost", "note"]
Copy = dict[str, object]
Words = Mapping[str, str]

# What an answer is called in the languages of the vendors, the telling ones first.
_CODES = tuple(
    re.compile(pattern)
    for pattern in (
        rb'"sub_code"\s*:\s*"([\w.\-]{1,60})"',
        rb'"code"\s*:\s*"?([\w.\-]{1,40})',
        rb"<(?:err_code|result_code|return_code)>(?:<!\[CDATA\[)?(\w{1,40})",
        rb"\brespCode=(\w{2})\b",
        rb'"(?:trade_state|status)"\s*:\s*"(\w{1,40})"',
    )
)
_REFUND_NOTES = {
    RefundState.SUCCEEDED: "note_refunded",
    RefundState.PROCESSING: "note_processing",
    RefundState.FAILED: "note_failed",
}
_NOTIFY_LIKE = frozenset({"notify", "waiting", "lost"})
# A step is written down a moment before the exchange that brought it about ends.
_SOON = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Line:
    """
    One line of a story.

    Args:
        title: the API, the event, or what the book wrote down.
        text: the same for people.
        answer: what came back, "" where nothing did.
        good: whether the answer is a good one; None where that cannot be said.
        signature_ok: of what was sent; None where nothing is signed or the check was not reached.
        seq: the journal's number.
        answered: whether anything came back.
    """

    at: datetime
    kind: Kind
    title: str
    text: str = ""
    answer: str = ""
    good: bool | None = None
    signature_ok: bool | None = None
    fault: str = ""
    seq: int | None = None
    answered: bool = True


def tell(
    entries: Iterable[tuple[int, Entry]], copies: Iterable[Copy], trade: Trade | None, *, words: Words
) -> list[Line]:
    """
    Put a story together.

    Args:
        entries: of one order, by number.
        copies: its notifies as the control API shows them.
        words: the texts of the page, by their names.
    """
    lines = [_exchange(seq, entry, words) for seq, entry in entries]
    unsent = [_copy(one, words) for one in copies if one["state"] != "done" or _dropped(one)]
    for line in sorted((one for one in unsent if one.kind == "lost"), key=lambda one: one.at):
        _insert(lines, line, before=partial(_is_later, at=line.at))
    lines += sorted((one for one in unsent if one.kind == "waiting"), key=lambda one: one.at)
    for note, cause in () if trade is None else _notes(trade, words):
        _place(lines, note, cause)
    return lines


def _is_later(line: Line, *, at: datetime) -> bool:
    return line.at > at


def _exchange(seq: int, entry: Entry, words: Words) -> Line:
    kind: Kind = "notify" if entry.direction == "out" else "visit" if entry.api.startswith("cashier") else "call"
    # An acknowledged forgery is no good news.
    good = (entry.acked is True) == (entry.signature_ok is not False) if kind == "notify" else None
    if entry.response is None or entry.response.status >= 400:
        good = False
    return Line(
        entry.schedule_at,
        kind,
        entry.api or "?",
        text=_text(entry, kind, words),
        answer=_answer(entry, kind, words),
        good=good,
        signature_ok=entry.signature_ok,
        fault=felt(entry),
        seq=seq,
        answered=entry.response is not None,
    )


def _text(entry: Entry, kind: Kind, words: Words) -> str:
    if kind == "visit":
        return words.get(f"visit_{entry.api.rpartition('.')[2]}", entry.api)
    return f"{words['notify_word']} {entry.api}" if kind == "notify" else entry.api or "?"


def felt(entry: Entry) -> str:
    """What struck this exchange; a loss that struck the attempt's other copies left this one alone."""
    every = (entry.fault or "").split("+")
    return "+".join(one for one in every if entry.direction == "in" or not one.startswith("drop"))


def _answer(entry: Entry, kind: Kind, words: Words) -> str:
    response = entry.response
    if response is None:
        return entry.error or "no answer"
    if kind == "notify":
        told = f"{response.status} {response.body[:40].decode('utf-8', 'replace')}".strip()
        return told if entry.acked else f"{told} · {words['not_acked']}"
    if kind == "visit":
        return words[
            "visit_refused" if response.status >= 400 else "visit_done" if response.status >= 300 else "visit_shown"
        ]
    code = next((found[1].decode() for pattern in _CODES if (found := pattern.search(response.body))), "")
    return f"{response.status} {code}".strip()


def _dropped(copy: Copy) -> bool:
    answer = copy["last_answer"]
    return isinstance(answer, dict) and bool(answer.get("dropped"))


def _copy(copy: Copy, words: Words) -> Line:
    due_at = copy["due_at"]
    assert isinstance(due_at, datetime)
    kind: Kind = "lost" if copy["state"] == "done" else "waiting"
    word = "dropped" if kind == "lost" else f"{copy['state']}_word"
    faults = copy["faults"]
    assert isinstance(faults, Sequence)
    return Line(
        due_at,
        kind,
        str(copy["event"]),
        text=f"{words['notify_word']} {copy['event']} · {words[word]}",
        fault="+".join(map(str, faults)),
    )


def _notes(trade: Trade, words: Words) -> list[tuple[Line, Callable[[str], bool]]]:
    """What the book knows, each with how to recognise the exchange that brought it about."""
    notes: list[tuple[Line, Callable[[str], bool]]] = []

    def add(at: datetime | None, title: str, cause: Callable[[str], bool], *, good: bool | None = None) -> None:
        if at is not None:
            notes.append((Line(at, "note", title, text=title, good=good), cause))

    add(trade.scanned_at, words["note_scanned"], lambda api: api in {"cashier", "cashier.link"})
    add(
        trade.paid_at,
        f"{words['note_paid']} {yuan_text(trade.paid_fen)}",
        lambda api: api.startswith("cashier.pay"),
        good=True,
    )
    for refund in trade.refunds.values():
        word = words[_REFUND_NOTES[refund.state]]
        moment = refund.settled_at or refund.at
        add(moment, f"{word} {yuan_text(refund.amount_fen)}", lambda api: "refund" in api.lower(), good=None)
    if trade.closed_by:
        why = words.get(f"note_by_{trade.closed_by}", trade.closed_by)
        add(trade.closed_at, f"{words['note_closed']} · {why}", lambda api: "close" in api.lower(), good=False)
    return notes


def _place(lines: list[Line], note: Line, cause: Callable[[str], bool]) -> None:
    for place, line in enumerate(lines):
        brought = line.kind in {"call", "visit"} and cause(line.title)
        if brought and note.at <= line.at <= note.at + _SOON and line.good is not False:
            _insert(lines, note, before=lambda _: True, start=place + 1, past_notes=True)
            return
    _insert(
        lines, note, before=lambda other: other.at > note.at or (other.kind in _NOTIFY_LIKE and other.at >= note.at)
    )


def _insert(
    lines: list[Line], line: Line, *, before: Callable[[Line], bool], start: int = 0, past_notes: bool = False
) -> None:
    for place in range(start, len(lines)):
        if past_notes and lines[place].kind == "note":
            continue
        if before(lines[place]):
            lines.insert(place, line)
            return
    lines.append(line)
