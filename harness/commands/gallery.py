"""
`payproof gallery`: the harness on trial. Every broken gateway must be convicted by a requirement that is named for it,
and the reference gateway acquitted by all of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.cases import CASES, COVERING
from harness.commands.session import Session, open_session
from harness.errands import Errand, run_errands
from harness.events import Progressed, RunEnded, RunStarted, Said
from harness.gallery import MUTANTS, Mutant
from harness.settings import HarnessSettings
from harness.sut.reference import ReferenceGateway
from harness.trial import Played
from harness.verdict import Verdict, exit_code

# The reference gateway has to be acquitted over each of these as well.
SEEDS = (1, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryPlan:
    """
    Args:
        trials: how often each broken gateway is tried, each time with a seed of its own.
    """

    trials: int = 1
    as_json: bool = False


@dataclass(slots=True)
class _Sentence:
    """What the trials of one broken gateway came to."""

    convicted_by: set[str] = field(default_factory=set)
    caught: set[int] = field(default_factory=set)

    def add(self, mutant: Mutant, errand: Errand, played: Played) -> None:
        failed = {judged.requirement for judged in played.judgements if judged.verdict is Verdict.FAIL}
        self.convicted_by |= failed
        if failed & set(mutant.must_be_convicted_by):
            self.caught.add(errand.seed)


def run_gallery(plan: GalleryPlan, *, settings: HarnessSettings) -> int:
    """
    Try them all and return the exit code: 0 when none escaped and nothing was said against the reference.
    """
    argv = ("gallery", "--trials", str(plan.trials))
    with open_session(settings, seed=1, as_json=plan.as_json, argv=argv) as session:
        session.announce(RunStarted(title="payproof gallery", facts={"run": str(session.run_dir)}))
        errands = [*_acquittals(session), *_trials(plan, session)]
        sentences = {name: _Sentence() for name in MUTANTS}
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


def _trials(plan: GalleryPlan, session: Session) -> Iterable[Errand]:
    for mutant in MUTANTS.values():
        for seed in range(1, plan.trials + 1):
            for case in cases_against(mutant):
                yield _errand(session, case, seed, mutant=mutant)


def _acquittals(session: Session) -> Iterable[Errand]:
    for seed in SEEDS:
        for case in CASES:
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
        session.announce(Said(text=f"  {mark}  {row['id']:<34} {', '.join(row['convicted_by'][:3])}"))
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
    }
