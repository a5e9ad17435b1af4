"""
`--known FILE`: failures that a team knows of, each with a reason and a day on which it counts as a failure again.

A known failure does not fail the run, but a list that is no longer true does: what has passed meanwhile has to be taken
off it, and what was to be mended by a day fails again after it. Pure, but for the reading; for requirements and
scenarios alike.

    known:
      - id: idempotency/credited-once
        channel: alipay            # every channel without it
        reason: PAY-123, the new inbox table
        expires: 2026-12-31        # the last day
"""

import difflib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from harness.catalog import BY_ID
from harness.channels import CHANNELS
from harness.errors import KnownListError
from harness.script.loader import library, load_as, read_yaml
from harness.verdict import Verdict

BROKEN = frozenset({Verdict.FAIL, Verdict.NON_STRICT})


class Entry(BaseModel):
    """One known failure."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(description="a requirement, or a scenario")
    channel: str | None = Field(default=None, description="the channel over which it fails; every channel without it")
    reason: Annotated[str, Field(min_length=1, description="why it is known, for whoever reads the report")]
    expires: date = Field(description="the last day on which it is known; after it, it is a failure again")

    def names(self, outcome: "Outcome") -> bool:
        return self.id == outcome.id and self.channel in {None, outcome.channel}


class KnownFile(BaseModel):
    """The whole list."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    known: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    How one thing ended.

    Args:
        id: of a requirement or of a scenario.
        channel: empty where there is none.
    """

    id: str
    channel: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the list makes of an outcome; *reason* is empty where it has no say."""

    verdict: Verdict
    reason: str = ""


def load_known(file: Path, *, ids: Collection[str]) -> tuple[Entry, ...]:
    """
    Read a list.

    Args:
        ids: those that there are.

    Raises:
        KnownListError: it is wrong, names what there is not, or one thing twice; with file, line, column and the
            closest right word.
    """
    if not file.is_file():
        raise KnownListError(f"no file {file}")
    entries = load_as(file, KnownFile, KnownListError).known
    places = read_yaml(file)["known"]
    mistakes = [
        f"{_place(file, places[number].lc.value(key))}: no {what} {word!r}{_closest(word, known)}"
        for number, entry in enumerate(entries)
        for key, what, word, known in (
            ("id", "requirement or scenario", entry.id, ids),
            ("channel", "channel", entry.channel, CHANNELS),
        )
        if word is not None and word not in known
    ]
    mistakes += [
        f"{_place(file, places[number].lc.key('id'))}: {entry.id!r} stands here already, "
        f"at line {places[first].lc.key('id')[0] + 1}"
        for number, entry in enumerate(entries)
        if (first := _first_like(entry, entries)) < number
    ]
    if mistakes:
        raise KnownListError("\n".join(mistakes))
    return entries


def json_schema() -> dict[str, Any]:
    """
    The JSON Schema for editors: it completes the requirements and the library's scenarios, and allows scenarios of
    one's own.
    """
    schema = KnownFile.model_json_schema()
    entry = schema["$defs"]["Entry"]["properties"]
    listed = sorted(BY_ID) + [name for name, _ in library()]
    entry["id"] = {"anyOf": [{"enum": listed}, {"type": "string"}], "description": entry["id"]["description"]}
    entry["channel"] = {"enum": list(CHANNELS), "description": entry["channel"]["description"]}
    return schema


def _place(file: Path, mark: tuple[int, int]) -> str:
    line, column = mark
    return f"{file}:{line + 1}:{column + 1}"


def _first_like(entry: Entry, entries: Sequence[Entry]) -> int:
    """
    The number of the first entry about the same thing over the same channel.
    """
    return next(
        number for number, other in enumerate(entries) if (other.id, other.channel) == (entry.id, entry.channel)
    )


def ruled(outcomes: Sequence[Outcome], entries: Sequence[Entry], *, today: date) -> list[Ruling]:
    """
    What the list makes of each outcome, in their order: KNOWN for a failure that it names in time, FAIL for one whose
    time is over and for what passes although it is named; everything else stays as it is.

    An entry without a channel is untrue only when none of its channels fails.
    """
    failing = {
        entry for entry in entries if any(outcome.verdict in BROKEN for outcome in outcomes if entry.names(outcome))
    }
    return [_ruling(outcome, entries, failing=failing, today=today) for outcome in outcomes]


def _ruling(outcome: Outcome, entries: Sequence[Entry], *, failing: Collection[Entry], today: date) -> Ruling:
    naming = [entry for entry in entries if entry.names(outcome)]
    if outcome.verdict in BROKEN:
        valid = [entry for entry in naming if entry.expires >= today]
        if valid:
            return Ruling(Verdict.KNOWN, f"{valid[0].reason} (until {valid[0].expires})")
        if naming:
            over = f"it was known until {naming[0].expires}, which is over ({naming[0].reason})"
            return Ruling(Verdict.FAIL, over)
    untrue = [entry for entry in naming if entry not in failing]
    if outcome.verdict is Verdict.PASS and untrue:
        return Ruling(
            Verdict.FAIL,
            f"it passes, and the list of known failures names it ({untrue[0].reason}): take it off the list",
        )
    return Ruling(outcome.verdict)


def _closest(word: str, known: Collection[str]) -> str:
    found = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {found[0]!r}?" if found else ""
