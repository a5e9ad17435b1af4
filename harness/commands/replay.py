"""
`payproof replay`: a run folder's run once more, and whether its finding came again.

The run is asked for in the words that `run.json` keeps, so it meets the same faults with fresh numbers and signatures.
It refuses to judge: what came again is read off the findings of the new run.
"""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import typer

from harness.errors import ConfigError, RunFolderError
from harness.ids import label_of
from harness.runs import RunRecord, our_commit, our_version, read_run
from harness.settings import HarnessSettings
from harness.words import Words

CAME_AGAIN, DID_NOT, OUR_FAULT, UNDECIDED = 1, 0, 2, 3
# They end when somebody says so, and find nothing.
ENDLESS = frozenset({"up", "providers"})

# What an explore run leaves of what it found.
STORY = "story.json"

Found = Mapping[str, Any]
Run = Callable[[list[str]], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPlan:
    """
    Args:
        folder: of the run.
        finding: its number in that run, from 1; every finding of the run when None.
    """

    folder: Path
    finding: int | None = None


def run_replay(plan: ReplayPlan, *, settings: HarnessSettings, run: Run) -> int:
    """
    Run it again; 1 when the finding came again, 0 when it did not, 3 when the new run could not tell.

    Args:
        run: takes the words after `payproof` and gives the exit code.

    Raises:
        RunFolderError: it is no run folder, or another version made it.
        ConfigError: the run has no such finding.
    """
    record = read_run(plan.folder)
    _refuse_strangers(record)
    wanted = _wanted(plan)
    words = Words(settings.lang)
    argv = list(record.argv)
    if plan.finding is not None and record.command == "check":
        argv = _one_case(record, wanted[0])
    if wanted and record.command == "explore" and (plan.folder / STORY).is_file():
        argv = _one_story(record, plan.folder / STORY)
    out = _new_folder(settings, plan.folder)
    typer.echo(f"{words.say('replaying')}: {shlex.join(['payproof', *argv])}", err=True)
    if record.commit and our_commit() and record.commit != our_commit():
        made = words.say("the run was made by commit {commit}", commit=record.commit[:12])
        typer.echo(f"{words.say('note')}: {made}", err=True)
    language = [] if settings.lang == "en" else ["--lang", settings.lang]
    code = run([*argv, "--home", str(settings.home), "--out", str(out), *language])
    if code == OUR_FAULT:
        return OUR_FAULT
    return _told(wanted, findings_in(out), code=code, words=words)


def findings_in(folder: Path) -> list[Found]:
    """
    The findings of a run, those of its parts included, in order.
    """
    files = [folder / "findings.json", *sorted(folder.glob("*/findings.json"))]
    return [found for file in files if file.is_file() for found in orjson.loads(file.read_bytes())]


def same(found: Found, other: Found) -> bool:
    """
    Whether two runs found the same: the rule, the channel and the payment's label; its number is new each time.
    """
    return all(_key(found, name) == _key(other, name) for name in ("id", "channel", "order"))


def _key(found: Found, name: str) -> str:
    said = str(found.get(name) or "")
    return (label_of(said) or said) if name == "order" else said


def _rule(found: Found) -> tuple[str, str]:
    return _key(found, "id"), _key(found, "channel")


def _refuse_strangers(record: RunRecord) -> None:
    if record.version != our_version():
        raise RunFolderError(
            f"the run was made by payproof {record.version}, and this is {our_version()}",
            hint=f"install that version, or see what this one says of it: {record.words}",
        )
    if record.command in ENDLESS:
        raise RunFolderError(f"payproof {record.command} is a sandbox: it has no run that could be played again")


def _wanted(plan: ReplayPlan) -> list[Found]:
    found = findings_in(plan.folder)
    if plan.finding is None:
        return found
    if not 1 <= plan.finding <= len(found):
        there = f"findings 1 to {len(found)}" if found else "no finding"
        raise ConfigError(f"{plan.folder} has {there}, and no finding {plan.finding}", hint="see its findings.json")
    return [found[plan.finding - 1]]


def _one_case(record: RunRecord, wanted: Found) -> list[str]:
    """
    Only what led to the finding: its requirement, channel and case.
    """
    _, *rest = record.argv
    flags = rest[next((place for place, word in enumerate(rest) if word.startswith("--")), len(rest)) :]
    only = [word for name in ("channel", "case") if wanted.get(name) for word in (f"--{name}", str(wanted[name]))]
    return ["check", str(wanted["id"]), *flags, *only]


def _one_story(record: RunRecord, story: Path) -> list[str]:
    """
    Only the story that broke the gateway, as shortly as it was told.
    """
    argv = list(record.argv)
    if "--story" in argv:
        del argv[argv.index("--story") : argv.index("--story") + 2]
    return [*argv, "--story", str(story.absolute())]


def _new_folder(settings: HarnessSettings, old: Path) -> Path:
    if settings.out is not None:
        return settings.out
    runs = settings.home / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    number = 1
    while (runs / f"{old.resolve().name}-again{number}").exists():
        number += 1
    return runs / f"{old.resolve().name}-again{number}"


def _told(wanted: Sequence[Found], found: Sequence[Found], *, code: int, words: Words) -> int:
    """
    Say which of the findings came again; without any to look for, what the new run came to.
    """
    # Where processes race, the same rule may be broken for another payment.
    pairs = [(old, new) for old in wanted for new in found if _rule(old) == _rule(new)]
    again = next((new for old, new in pairs if same(old, new)), pairs[0][1] if pairs else None)
    if again is not None:
        sentence = words.sentence(str(again.get("money") or again["actual"]))
        typer.echo(f"{words.say('it came again')}: {again['id']}: {sentence}", err=True)
        return CAME_AGAIN
    if code == UNDECIDED:
        typer.echo(words.say("undecided: the new run could not tell whether it would come again"), err=True)
        return UNDECIDED
    if not wanted and found:
        typer.echo(words.say("the run had no finding, and this one has {count}", count=len(found)), err=True)
        return CAME_AGAIN
    typer.echo(words.say("it did not come again") if wanted else words.say("no finding, then as now"), err=True)
    return DID_NOT
