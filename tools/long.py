"""
The long hunts behind `make long`: what is too slow for every change, round by round, with results that can be resumed.

A hunt's result is one file under docs/results/, in a folder of the commit that it judged. Rounds that stand there are
not played again; every round is written at once, whole or not at all. A hunt ends by itself: each round has a time
limit, and the first round that fails ends it. It refuses to judge by itself: the rounds' own programs do.
"""

import argparse
import asyncio
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parent.parent
RESULTS = REPO / "docs" / "results"
ROUND_S = 300.0
# A round of the whole library is as long as its scenarios are many.
SCENARIO_S = 15.0
CHANGED = "-changed"
EXIT_TERMINATED = 143
DEMO_PAYMENTS = 200
ADMITTED_LEAST = 0.45
SCENARIOS = sum(file.parent.name != "profiles" for file in (REPO / "scenarios").glob("*/*.yaml"))
REPEATS = 10
# The gateways of the gallery in which things that come at the same moment race.
RACES = ("looks-before-it-locks", "opens-anew-each-time", "compares-before-it-writes", "refunds-any-amount",
         "promises-in-memory")  # fmt: skip
RACE_TRIALS, RACE_S, POWER_LEAST = 60, 900.0, 0.90
TOLD = ("verdict", "payments", "paid", "refunded", "notifies_sent", "notifies_duplicate", "notifies_forged", "lost",
        "credited_twice", "mismatched", "mutants", "false_alarms")  # fmt: skip

Facts = dict[str, Any]
# Plays the rounds with these numbers, in order, and gives what each has shown: `ok`, and facts.
Play = Callable[[list[int]], Iterator[Facts]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunt:
    """
    Args:
        about: what it looks for, in a sentence.
        rounds: their numbers; seeds where the rounds are seeded.
        play: plays rounds with the numbers that it is given.
    """

    name: str
    about: str
    rounds: range
    play: Play


# Rounds over real processes


def kill_up(rounds: list[int]) -> Iterator[Facts]:
    """
    SIGKILL of `payproof up`, on one home.
    """
    from tests.processes.rounds import kill_up

    with _home() as home:
        for _ in rounds:
            yield _facts(lambda: kill_up(home))


def kill_postmaster(rounds: list[int]) -> Iterator[Facts]:
    """
    SIGKILL of the postmaster below one `payproof up`.
    """
    from tests.processes.rounds import PostmasterRounds

    with _home() as home, PostmasterRounds(home) as play:
        for _ in rounds:
            yield _facts(lambda: asyncio.run(play.round()))


def gateway_races(rounds: list[int]) -> Iterator[Facts]:
    """
    Two gateway processes on one PostgreSQL: identical requests and notifies, closes, refunds, tips, claims, stock.
    """
    from tests.contract.race_world import play

    with _home() as home:
        home.mkdir(mode=0o755)
        told = play(home, rounds)
        for _ in rounds:
            shown: Facts = {}
            judged = _facts(lambda: shown.update(next(told)))  # noqa: B023
            yield {**shown, **judged, "ok": judged["ok"] and shown.get("ok", False)}
            if not judged["ok"]:
                return


def foreign(name: str) -> Play:
    """
    A gateway under tests/gateways: a bad day with a kill -9, then a part of the catalogue, for each seed.
    """

    def play(seeds: list[int]) -> Iterator[Facts]:
        from tests.gateways.rounds import rounds

        with _home() as home:
            yield from rounds(name, home, seeds)

    return play


def demo(profile: str, *, must_pass: bool) -> Play:
    """
    `payproof demo` under a profile. Where no mercy is shown a payment may be lost, but never credited twice.
    """

    def play(seeds: list[int]) -> Iterator[Facts]:
        for told, seed in _commands(
            seeds, lambda seed: ["demo", "--payments", str(DEMO_PAYMENTS), "--profile", profile, "--seed", str(seed)]
        ):
            harmless = told["code"] in {0, 1, 3} and told.get("credited_twice") == 0
            yield {"seed": seed, **told, "ok": told["code"] == 0 if must_pass else harmless}

    return play


def duplicate_storm(seeds: list[int]) -> Iterator[Facts]:
    """
    `payproof chaos duplicate-storm`.
    """
    for told, seed in _commands(seeds, lambda seed: ["chaos", "duplicate-storm", "--seed", str(seed)]):
        yield {"seed": seed, **told, "ok": told["code"] == 0}


def _commands(
    seeds: list[int], argv: Callable[[int], list[str]], *, limit_s: float = ROUND_S
) -> Iterator[tuple[Facts, int]]:
    with _home() as home:
        for seed in seeds:
            yield _command(argv(seed), home, limit_s=limit_s), seed


def _command(argv: list[str], home: Path, *, limit_s: float = ROUND_S) -> Facts:
    command = [sys.executable, "-m", "harness", *argv, "--json", "--home", str(home)]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, timeout=limit_s, check=False)
    summary: Mapping[str, Any] = json.loads(done.stdout) if done.stdout else {}
    told = {name: summary[name] for name in TOLD if name in summary}
    odd = [
        " ".join([it["scenario"], it["verdict"], *(one["id"] for one in it.get("findings", ()))])
        for it in summary.get("scenarios", ())
        if it["verdict"] != "PASS"
    ]
    if odd:
        told["odd"] = odd
    if done.returncode == 2:
        print(done.stderr, file=sys.stderr)
    return {"code": done.returncode, **told}


def scenarios(seeds: list[int]) -> Iterator[Facts]:
    """
    `payproof chaos --all`, each scenario with that seed.
    """
    limit_s = SCENARIOS * SCENARIO_S
    for told, seed in _commands(seeds, lambda seed: ["chaos", "--all", "--seed", str(seed)], limit_s=limit_s):
        yield {"seed": seed, **told, "ok": told["code"] == 0}


def scenario_convictions(numbers: list[int]) -> Iterator[Facts]:
    """
    A scenario for each round, against every broken gateway that it names.
    """
    from harness.script.loader import library, load

    stories = list(library())
    with _home() as home:
        for number in numbers:
            name, file = stories[number - 1]
            codes = {
                mutant: _command(["chaos", name, "--gateway", f"gallery:{mutant}"], home)["code"]
                for mutant in load(file).convicts
            }
            yield {"scenario": name, "codes": codes, "ok": bool(codes) and set(codes.values()) == {1}}


def scenario_repeats(numbers: list[int]) -> Iterator[Facts]:
    """
    A scenario for each round, ten times in a row with its own seed: the same verdict, and every fault decision that two
    of them reached the same.
    """
    from harness.script.loader import library
    from tests.scenario_repeats import repeated

    stories = list(library())
    with _home() as home:
        for number in numbers:
            name, file = stories[number - 1]
            shown: Facts = {}
            judged = _facts(lambda: shown.update(repeated(file, home=home, times=REPEATS)))  # noqa: B023
            yield {"scenario": name, **shown, **judged}


def race_power(rounds: list[int]) -> Iterator[Facts]:
    """
    Each gateway with a planted race, tried sixty times: how often the requirements of that race catch it.
    """
    with _home() as home:
        for number in rounds:
            name = RACES[number - 1]
            told = _command(["gallery", name, "--trials", str(RACE_TRIALS)], home, limit_s=RACE_S)
            [row] = told.pop("mutants")
            power = {rule: found for rule, found in row["caught_by"].items() if rule.startswith("concurrency/")}
            sure = bool(power) and all(found["at_least"] >= POWER_LEAST for found in power.values())
            yield {
                "mutant": name,
                "caught_of": row["caught_of"],
                "power": power,
                **told,
                "ok": sure and not told["code"],
            }


# Rounds in this process


def explore_seeds(seeds: list[int]) -> Iterator[Facts]:
    """
    The explorer against the reference gateway over every channel: whatever it finds is a false alarm, or a bug.
    """
    from tests.machines.explored import acquittals

    yield from acquittals(seeds)


def explore_mutants(rounds: list[int]) -> Iterator[Facts]:
    """
    The explorer against broken gateways: after how many stories it finds each.
    """
    from tests.machines.explored import convictions

    yield from convictions(rounds)


# Mutated requests: gives what one round of them has shown, with a share that was admitted.
MutationRound = Callable[[Path, int], Facts]


def mutations(play_round: MutationRound) -> Play:
    """
    Rounds of mutated requests on credentials of their own; enough of them must have passed the signature check.
    """

    async def hunt(folder: Path, number: int) -> Facts:
        return play_round(folder, number)

    def play(rounds: list[int]) -> Iterator[Facts]:
        from mock_providers.registry import make_credentials

        with tempfile.TemporaryDirectory() as credentials:
            make_credentials(Path(credentials))
            for number in rounds:
                shown: Facts = {}
                judged = _facts(lambda: shown.update(asyncio.run(hunt(Path(credentials), number))))  # noqa: B023
                share, missing = (
                    shown.get("admitted_share", 0.0),
                    [*shown.get("missing", ()), *shown.get("undemanded", ())],
                )
                print(f"  {share:.1%} of {shown.get('mutations', 0)} mutations passed the signature check", flush=True)
                yield {
                    "seed": number,
                    **shown,
                    **judged,
                    "ok": judged["ok"] and share >= ADMITTED_LEAST and not missing,
                }

    return play


def alipay_round(wire: str) -> MutationRound:
    """
    Ten thousand requests to Alipay, which must have met every business code: by condition, or demanded by a rule.

    Args:
        wire: "v2" for forms, "v3" for OpenAPI.
    """

    def play_round(folder: Path, seed: int) -> Facts:
        from tests.unit.mock_providers.alipay_mutations import Forms, Rounds
        from tests.unit.mock_providers.alipay_v3_mutations import Bodies

        told = Rounds(folder, Forms() if wire == "v2" else Bodies()).play(seed=seed, count=10_000)
        for name, codes in told.goals.told().items():
            print(f"  {name}: {' '.join(codes) or 'none' if isinstance(codes, list) else codes}", flush=True)
        return told.facts()

    return play_round


def unionpay_round(folder: Path, seed: int) -> Facts:
    """
    A thousand messages to UnionPay's gateway.
    """
    from tests.unit.mock_providers.unionpay_mutations import Rounds

    told = Rounds(folder).play(seed=seed, count=1000)
    return {"mutations": told.mutations, "admitted_share": told.admitted_share, "codes": dict(told.codes)}


def wechatpay_v3_round(folder: Path, seed: int) -> Facts:
    """
    A thousand requests to WeChat Pay's API v3.
    """
    from tests.unit.mock_providers.wechatpay_v3_desk import V3Desk
    from tests.unit.mock_providers.wechatpay_v3_mutations import play

    told = play(V3Desk(folder), seed=seed, numbers=range(1000))
    return {"mutations": told.played, "admitted_share": told.admitted / told.played, "answers": dict(told.answers)}


def wechatpay_v2_round(folder: Path, number: int) -> Facts:
    """
    A thousand XML requests.
    """
    from tests.unit.mock_providers.wechatpay_v2_mutations import play

    told = list(play(folder, range(number * 1000, (number + 1) * 1000)))
    assert not (wrong := [one for one in told if one[1].problem]), wrong[:3]
    admitted_share = sum(verdict.admitted for _, verdict in told) / len(told)
    return {"mutations": len(told), "admitted_share": admitted_share, "ends": len({one.word for _, one in told})}


def audit_million(rounds: list[int]) -> Iterator[Facts]:
    """
    A million payments through the audit, in a process of its own so that its memory is its own.
    """
    for _ in rounds:
        done = subprocess.run(
            [sys.executable, "-m", "tools.audit_many", "1000000"], cwd=REPO, capture_output=True, text=True, check=True
        )
        yield json.loads(done.stdout)


HUNTS = {
    hunt.name: hunt
    for hunt in (
        Hunt(name="kill-up", about="kill -9 of payproof up", rounds=range(1, 21), play=kill_up),
        Hunt(name="kill-postmaster", about="kill -9 of the postmaster", rounds=range(1, 21), play=kill_postmaster),
        Hunt(
            name="gateway-races",
            about="two gateways on one PostgreSQL, everything that can race at once: exact money",
            rounds=range(1, 201),
            play=gateway_races,
        ),
        Hunt(
            name="teashop-seeds",
            about="a gateway of another design on bad days with a kill, then a part of the catalogue: acquitted",
            rounds=range(1, 101),
            play=foreign("teashop"),
        ),
        Hunt(
            name="bazaar-seeds",
            about="a gateway that makes every other lawful choice, in the same way: acquitted",
            rounds=range(1, 101),
            play=foreign("bazaar"),
        ),
        Hunt(
            name="race-power",
            about="sixty trials of each gateway with a planted race: caught nine times of ten at least, with 95 %",
            rounds=range(1, len(RACES) + 1),
            play=race_power,
        ),
        Hunt(name="duplicate-storm", about="every notify nine times", rounds=range(1, 21), play=duplicate_storm),
        Hunt(
            name="scenarios-20-seeds",
            about="every scenario with twenty seeds: the reference gateway passes them all",
            rounds=range(1, 21),
            play=scenarios,
        ),
        Hunt(
            name="scenarios-convict",
            about="every scenario against each broken gateway that it names: each fails",
            rounds=range(1, SCENARIOS + 1),
            play=scenario_convictions,
        ),
        Hunt(
            name="scenarios-repeat",
            about="every scenario ten times with one seed: the same faults and the same verdict",
            rounds=range(1, SCENARIOS + 1),
            play=scenario_repeats,
        ),
        Hunt(
            name="demo-flaky",
            about="the demo on an ordinary bad day: clean with every seed",
            rounds=range(1, 21),
            play=demo("flaky", must_pass=True),
        ),
        Hunt(
            name="demo-storm",
            about="the demo without mercy: nothing credited twice with any seed",
            rounds=range(1, 21),
            play=demo("storm", must_pass=False),
        ),
        Hunt(
            name="audit-million",
            about="a million payments in the audit: three planted faults found, a gigabyte and no more",
            rounds=range(1, 2),
            play=audit_million,
        ),
        Hunt(
            name="explore-seeds",
            about="stories over every channel against the reference gateway: no false alarm with any seed",
            rounds=range(1, 301),
            play=explore_seeds,
        ),
        Hunt(
            name="explore-mutants",
            about="stories against broken gateways: each is found",
            rounds=range(1, 19),
            play=explore_mutants,
        ),
        Hunt(
            name="wechatpay-v2-mutations",
            about="ten thousand mutated XML requests: always a vendor's answer, no fen moved by accident",
            rounds=range(1, 11),
            play=mutations(wechatpay_v2_round),
        ),
        Hunt(
            name="unionpay-mutations",
            about="ten thousand mutated messages to UnionPay's gateway: always a vendor's answer, the book unharmed",
            rounds=range(1, 11),
            play=mutations(unionpay_round),
        ),
        Hunt(
            name="wechatpay-v3-mutations",
            about="ten thousand mutated requests to WeChat Pay's API v3: always a vendor's answer, the book unharmed",
            rounds=range(1, 11),
            play=mutations(wechatpay_v3_round),
        ),
        Hunt(
            name="alipay-mutations",
            about="ten thousand mutated forms to Alipay: always a vendor's answer, every business code met",
            rounds=range(1, 2),
            play=mutations(alipay_round("v2")),
        ),
        Hunt(
            name="alipay-v3-mutations",
            about="ten thousand mutated requests to its OpenAPI v3: always a vendor's answer, every business code met",
            rounds=range(1, 2),
            play=mutations(alipay_round("v3")),
        ),
    )
}


# What is kept


class Record:
    """
    A hunt's result file: read if it is there, written after every round.
    """

    def __init__(self, hunt: Hunt, *, commit: str, folder: Path) -> None:
        self.path = folder / commit / f"{hunt.name}.json"
        self.hunt = hunt
        self.said: Facts = {"hunt": hunt.name, "about": hunt.about, "commit": commit, "machine": machine()}
        self.rounds: list[Facts] = []
        # Changes that no commit holds may differ from those that were judged.
        if self.path.exists() and not commit.endswith(CHANGED):
            self.rounds = [kept for kept in json.loads(self.path.read_text())["rounds"] if kept["ok"]]

    @property
    def missing(self) -> list[int]:
        """
        The rounds that have not passed yet.
        """
        played = {kept["round"] for kept in self.rounds}
        return [number for number in self.hunt.rounds if number not in played]

    @property
    def verdict(self) -> str:
        if any(not kept["ok"] for kept in self.rounds):
            return "FAIL"
        return "UNKNOWN" if self.missing else "PASS"

    def add(self, facts: Facts) -> None:
        """
        Keep a round, whole or not at all.
        """
        self.rounds.append(facts)
        done = {"verdict": self.verdict, "rounds_wanted": len(self.hunt.rounds), "rounds": self.rounds}
        done["elapsed_s"] = round(sum(kept["elapsed_s"] for kept in self.rounds), 1)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        half = self.path.with_suffix(f".{os.getpid()}")
        half.write_text(json.dumps(self.said | done, indent=1) + "\n")
        half.replace(self.path)


def play(hunt: Hunt, *, commit: str, folder: Path) -> str:
    """
    Play what is missing of a hunt; its verdict.
    """
    record = Record(hunt, commit=commit, folder=folder)
    missing = record.missing
    print(f"{hunt.name}: {hunt.about}; {len(missing)} of {len(hunt.rounds)} rounds to play", flush=True)
    begun_s = time.monotonic()
    for number, facts in zip(missing, hunt.play(missing), strict=True):
        elapsed_s = time.monotonic() - begun_s
        record.add({"round": number, **facts, "elapsed_s": round(elapsed_s, 1)})
        print(f"  {hunt.name} {number}: {'ok' if facts['ok'] else 'FAILED'} in {elapsed_s:.1f} s", flush=True)
        if not facts["ok"]:
            break
        begun_s = time.monotonic()
    print(f"{hunt.name}: {record.verdict}", flush=True)
    return record.verdict


def judged_commit() -> str:
    """
    The newest commit that changed more than documents; marked when there are changes that no commit holds.
    """
    code = ["--", ".", ":!docs"]
    commit = _git("log", "-1", "--format=%h", "--abbrev=12", *code)
    return f"{commit}{CHANGED}" if _git("status", "--porcelain", *code) else commit


def machine() -> Facts:
    """
    The machine as far as it matters to others.
    """
    return {"cores": os.cpu_count(), "python": platform.python_version(), "os": platform.system()}


def _git(*argv: str) -> str:
    return subprocess.run(["git", *argv], cwd=REPO, capture_output=True, text=True, check=True).stdout.strip()


def _facts(work: Callable[[], object]) -> Facts:
    """
    Whether it went well; what it said if it did not.
    """
    try:
        work()
    except Exception as error:  # noqa: BLE001 - whatever breaks a round is what the hunt was for
        traceback.print_exc()
        said = "\n".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", [])])
        return {"ok": False, "said": said.replace(f"{REPO}/", "").replace(tempfile.gettempdir(), "")}
    return {"ok": True}


@contextmanager
def _home() -> Iterator[Path]:
    """
    A home that the database's user can reach.
    """
    with tempfile.TemporaryDirectory(prefix="payproof-long-") as made:
        Path(made).chmod(0o755)
        yield Path(made) / "home"


def main(argv: list[str]) -> int:
    """
    Play the named hunts, or all of them.
    """
    parser = argparse.ArgumentParser(prog="make long", description=(__doc__ or "").strip().partition("\n")[0])
    parser.add_argument("hunts", nargs="*", metavar="HUNT", help=", ".join(HUNTS))
    parser.add_argument("--results", type=Path, default=RESULTS, help="another folder for the results")
    chosen = parser.parse_args(argv)
    unknown = [name for name in chosen.hunts if name not in HUNTS]
    if unknown:
        parser.error(f"no hunt is called {unknown[0]}; there are {', '.join(HUNTS)}")
    names = chosen.hunts or list(HUNTS)
    # An end that unwinds takes the round's processes along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_TERMINATED))
    commit = judged_commit()
    verdicts = {name: play(HUNTS[name], commit=commit, folder=chosen.results) for name in names}
    return 0 if set(verdicts.values()) == {"PASS"} else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
