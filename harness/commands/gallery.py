"""
`payproof gallery`: the harness on trial. Every broken gateway must be convicted by a requirement that is named for it,
and the reference gateway acquitted by all of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

from harness.cases import CASES, COVERING
from harness.commands.session import Session, open_session
from harness.errands import Errand, run_errands
from harness.errors import ConfigError
from harness.events import Progressed, RunEnded, RunStarted, Said
from harness.gallery import MUTANTS, Mutant
from harness.settings import HarnessSettings
from harness.sut.reference import ReferenceGateway
from harness.trial import Played
from harness.verdict import Verdict, exit_code

# The reference gateway has to be acquitted over each of these as well.
SEEDS = (1, 2)
# Of a normal distribution's middle 95 %.
SIGMAS = 1.96


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryPlan:
    """
    Args:
        names: which broken gateways; all of them when empty.
        trials: how often each is tried, each time with a seed of its own.
    """

    names: tuple[str, ...] = ()
    trials: int = 1
    as_json: bool = False


@dataclass(slots=True)
class _Sentence:
    """What the trials of one broken gateway came to."""

    convicted_by: set[str] = field(default_factory=set)
    # In which trials each requirement that is named for it convicted it.
    caught_by: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    @property
    def caught(self) -> set[int]:
        return set().union(*self.caught_by.values())

    def add(self, mutant: Mutant, errand: Errand, played: Played) -> None:
        failed = {judged.requirement for judged in played.judgements if judged.verdict is Verdict.FAIL}
        self.convicted_by |= failed
        for name in failed & set(mutant.must_be_convicted_by):
            self.caught_by[name].add(errand.seed)


def run_gallery(plan: GalleryPlan, *, settings: HarnessSettings) -> int:
    """
    Try them and return the exit code: 0 when none escaped and nothing was said against the reference.

    Raises:
        ConfigError: a name that no broken gateway has.
    """
    tried = [mutant for mutant in MUTANTS.values() if mutant.id in plan.names or not plan.names]
    for stranger in sorted(set(plan.names) - set(MUTANTS)):
        raise ConfigError(f"no broken gateway is called {stranger}", hint="`payproof list gallery` shows them all")
    argv = ("gallery", *plan.names, "--trials", str(plan.trials))
    with open_session(settings, seed=1, as_json=plan.as_json, argv=argv) as session:
        session.announce(RunStarted(title="payproof gallery", facts={"run": str(session.run_dir)}))
        errands = [*_acquittals(plan, tried, session), *_trials(plan, tried, session)]
        sentences = {mutant.id: _Sentence() for mutant in tried}
        false_alarms: set[str] = set()
        for done, (errand, played) in enumerate(run_errands(errands), start=1):
            if errand.mutant:
                sentences[errand.mutant].add(MUTANTS[errand.mutant], errand, played)
            else:
                false_alarms |= _against(errand, played)
            session.announce(Progressed(what="trials", done=done, total=len(errands)))
        return _told(plan, sentences, sorted(false_alarms), session=session)


def cases_against(mutant: Mutant) -> tuple[str, ...]:
    """
    The cases that put the requirements to the test by which *mutant* has to be convicted.
    """
    wanted = {case.name for name in mutant.must_be_convicted_by for case in COVERING.get(name, ())}
    return tuple(case.name for case in CASES if case.name in wanted)


def at_least(caught: int, of: int) -> float:
    """
    The lower end of the 95 % interval of a share, by Wilson's score: what the power is at least.
    """
    share, doubt = caught / of, SIGMAS**2 / of
    centre, half = share + doubt / 2, SIGMAS * sqrt(share * (1 - share) / of + doubt / (4 * of))
    return max(0.0, (centre - half) / (1 + doubt))


def _trials(plan: GalleryPlan, tried: Iterable[Mutant], session: Session) -> Iterable[Errand]:
    for mutant in tried:
        for seed in range(1, plan.trials + 1):
            for case in cases_against(mutant):
                yield _errand(session, case, seed, mutant=mutant)


def _acquittals(plan: GalleryPlan, tried: Iterable[Mutant], session: Session) -> Iterable[Errand]:
    """
    The reference gateway in every case; where some broken gateways were named, in those that are to convict them.
    """
    against = {name for mutant in tried for name in cases_against(mutant)}
    cases = [case for case in CASES if case.name in against or not plan.names]
    for seed in SEEDS:
        for case in cases:
            for channel in ReferenceGateway.channels:
                if channel in case.channels:
                    yield Errand(case=case.name, channel=channel, seed=seed, credentials=session.home.credentials)


def _errand(session: Session, case: str, seed: int, *, mutant: Mutant) -> Errand:
    return Errand(case=case, channel=mutant.channel, seed=seed, credentials=session.home.credentials, mutant=mutant.id)


def _against(errand: Errand, played: Played) -> set[str]:
    return {
        f"{judged.requirement} ({errand.channel}, {errand.case}, seed {errand.seed})"
        for judged in played.judgements
        if judged.findings
    }


def _told(
    plan: GalleryPlan, sentences: Mapping[str, _Sentence], false_alarms: Sequence[str], *, session: Session
) -> int:
    rows = [_row(MUTANTS[name], sentence, trials=plan.trials) for name, sentence in sentences.items()]
    escaped = [row["id"] for row in rows if not row["caught_of"][0]]
    for row in rows:
        mark = "escaped  " if row["id"] in escaped else "convicted"
        power = f"{row['caught_of'][0]:>4} of {plan.trials}  " if plan.trials > 1 else ""
        session.announce(Said(text=f"  {mark}  {power}{row['id']:<34} {', '.join(row['convicted_by'][:3])}"))
    for alarm in false_alarms:
        session.announce(Said(text=f"  false alarm  {alarm}"))
    verdict = Verdict.FAIL if escaped or false_alarms else Verdict.PASS
    summary = {"verdict": verdict.value, "mutants": rows, "escaped": escaped, "false_alarms": list(false_alarms)}
    session.keep("summary.json", summary)
    session.announce(RunEnded(verdict=verdict, summary=summary))
    return exit_code(verdict)


def _row(mutant: Mutant, sentence: _Sentence, *, trials: int) -> dict[str, Any]:
    named = [name for name in mutant.must_be_convicted_by if name in sentence.convicted_by]
    others = sorted(sentence.convicted_by - set(named))
    return {
        "id": mutant.id,
        "bug": mutant.bug,
        "must_be_convicted_by": list(mutant.must_be_convicted_by),
        "convicted_by": [*named, *others],
        "caught_of": [len(sentence.caught), trials],
        "caught_by": {
            name: {"of": [len(seeds), trials], "at_least": round(at_least(len(seeds), trials), 3)}
            for name, seeds in sorted(sentence.caught_by.items())
        },
    }
