"""
What every command that starts a world needs first: the home folder locked, a run folder, its profile, its listeners.

It refuses to know what the command does with the world.
"""

import contextlib
import difflib
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import orjson

from harness.clock import Clock, SystemClock
from harness.errors import ConfigError
from harness.events import Announce, Event, Listener, Noted, Said, announce_to
from harness.history import History
from harness.ids import Ids
from harness.reports import ConsoleReport, JsonReport, NdjsonReport
from harness.runs import RunRecord, our_version
from harness.script.loader import load_profile
from harness.settings import HarnessSettings, for_simulator
from harness.words import Words
from harness.world.home import Home
from harness.world.processes import ProcessesPlan

PROFILES = Path(__file__).resolve().parents[2] / "scenarios" / "profiles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """
    One command's run: where it works, what it records, whom it tells.
    """

    settings: HarnessSettings
    home: Home
    run_dir: Path
    seed: int
    clock: Clock
    history: History
    announce: Announce

    def plan(self, *, faults: Path | None, strict_ports: bool = False) -> ProcessesPlan:
        """
        The plan of a processes world for this run.

        Args:
            faults: a profile's YAML file.
            strict_ports: the world is a sandbox that somebody is configured for.
        """
        if not strict_ports:
            for name in sorted(for_simulator()):
                self.note(f"{name} counts in a sandbox (payproof up, payproof providers), not in a run")
        return ProcessesPlan(
            home=self.home,
            run_dir=self.run_dir,
            ids=Ids(self.seed),
            faults=faults,
            database_url=self.settings.database_url,
            redis_url=self.settings.redis_url,
            strict_ports=strict_ports,
            notice=self.note,
        )

    def note(self, text: str) -> None:
        """
        Tell people something that changes no verdict.
        """
        self.announce(Noted(text=text))

    def say(self, text: str) -> None:
        """
        A plain line for people.
        """
        self.announce(Said(text=text))

    def page_facts(self, told: Mapping[str, str], words: Words) -> Mapping[str, str]:
        """
        What stands at the head of the run's page: what the command tells, then what every page does.
        """
        common = {
            words.say("seed"): str(self.seed),
            words.say("version"): our_version(),
            words.say("run"): self.run_dir.name,
        }
        return {**told, **common}

    def keep(self, name: str, value: Mapping[str, Any] | list[Any]) -> None:
        """
        Write a JSON file into the run folder.
        """
        (self.run_dir / name).write_bytes(orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n")

    def keep_page(self, name: str, html: str) -> None:
        """
        Write an HTML file into the run folder.
        """
        (self.run_dir / name).write_text(html, encoding="utf-8")


@contextlib.contextmanager
def open_session(
    settings: HarnessSettings,
    *,
    seed: int,
    as_json: bool = False,
    part: bool = False,
    argv: Sequence[str] = (),
    profile: str = "",
    gateway: str = "reference",
) -> Iterator[Session]:
    """
    Take the home folder and make a run folder; both are let go at the end.

    Args:
        settings: name the home and the run folder.
        seed: stands in the run folder's name.
        as_json: stdout is a machine's.
        part: of a larger run, which prints the one JSON object itself.
        argv: the words after `payproof` that ask for this very run, files by their full paths; kept in `run.json`, so
            that `payproof replay` can say them again.
        profile, gateway: stand in `run.json` too.

    Raises:
        HomeBusyError: another payproof works in this home.
        ConfigError: the home or the run folder cannot be had.
    """
    announce = announce_to(_listeners(as_json=as_json, part=part, words=Words(settings.lang)))
    clock = SystemClock()
    with contextlib.ExitStack() as stack:
        with _had(settings.home, "--home"):
            home = stack.enter_context(Home(settings.home, notice=lambda text: announce(Noted(text=text))))
        with _had(settings.out or home.runs, "--out"):
            run_dir = home.new_run(clock, seed) if settings.out is None else _given(settings.out)
            events = NdjsonReport((run_dir / "events.ndjson").open("w"))
            stack.callback(events.close)
            history = History(clock, file=run_dir / "history.ndjson")
            stack.callback(history.close)
            RunRecord.of(tuple(argv), seed=seed, profile=profile, gateway=gateway).write(run_dir)

        def tell(event: Event) -> None:
            announce(event)
            events.hear(event)

        yield Session(
            settings=settings,
            home=home,
            run_dir=run_dir,
            seed=seed,
            clock=clock,
            history=history,
            announce=tell,
        )


def _listeners(*, as_json: bool, part: bool, words: Words) -> list[Listener]:
    people: TextIO = sys.stderr if as_json else sys.stdout
    listeners: list[Listener] = [ConsoleReport(people, words=words)]
    if as_json and not part:
        listeners.append(JsonReport(sys.stdout))
    return listeners


def write_page(file: Path, html: str, *, flag: str) -> None:
    """
    Write a report where the user wants it.

    Raises:
        ConfigError: it cannot be written there.
    """
    with _had(file, flag):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(html, encoding="utf-8")


@contextlib.contextmanager
def _had(folder: Path, flag: str) -> Iterator[None]:
    """
    What the system refuses of a place that the user named is the user's to mend.
    """
    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"{folder} cannot be used: {error.strerror}", hint=f"name another folder with {flag}"
        ) from error


def profile_word(profile: str) -> str:
    """
    A profile as `run.json` names it: one of ours by its name, a file of the user's by its full path.
    """
    given = Path(profile)
    return str(given.absolute()) if given.is_file() else profile


def profile_file(profile: str) -> Path:
    """
    The YAML file of a profile: one of ours by its name, or a file of the user's.

    Raises:
        ConfigError: there is none of that name.
        ScenarioError: the user's file is wrong; nothing was started.
    """
    ours = {path.stem: path for path in sorted(PROFILES.glob("*.yaml"))}
    if profile in ours:
        return ours[profile]
    given = Path(profile)
    if given.is_file():
        load_profile(given)
        return given.resolve()
    closest = difflib.get_close_matches(profile, ours, n=1)
    meant = f"did you mean {closest[0]}?" if closest else f"known are {', '.join(ours)}, or a YAML file"
    raise ConfigError(f"no profile is called {profile}", hint=meant)


def _given(out: Path) -> Path:
    """
    The user's own run folder; one that holds a run already is not written over.
    """
    if (out / "history.ndjson").exists():
        raise ConfigError(f"{out} holds a run already", hint="name another folder with --out, or remove that one")
    out.mkdir(parents=True, exist_ok=True)
    return out
