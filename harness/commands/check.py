"""
`payproof check`: the catalogue against a gateway, a line for each requirement and channel, and one verdict.

The reference gateway is tried in process, on virtual time, its cases spread over the machine's cores.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.cases import Case
from harness.commands.session import Session, open_session
from harness.errands import Errand, run_errands
from harness.errors import ConfigError
from harness.events import Progressed, Resulted, RunEnded, RunStarted
from harness.settings import HarnessSettings
from harness.sut.reference import ReferenceGateway
from harness.trial import Can, Result, Tally, cases_for, chosen, missing, results, verdict_of
from harness.verdict import Verdict, exit_code
from harness.world.in_process import InProcessWorld

REFERENCE = "reference"
COUNTED = (Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN, Verdict.NON_STRICT, Verdict.NOT_RUN, Verdict.KNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPlan:
    """
    Args:
        prefixes: which requirements; all of them when empty.
        gateway: "reference", so far.
    """

    prefixes: tuple[str, ...] = ()
    gateway: str = REFERENCE
    seed: int = 1
    as_json: bool = False


def run_check(plan: CheckPlan, *, settings: HarnessSettings) -> int:
    """
    Try the gateway and return the exit code.

    Raises:
        ConfigError: no requirement has such a name, or no such gateway is known.
    """
    requirements = chosen(plan.prefixes)
    if not requirements:
        raise ConfigError(
            f"no requirement begins with {', '.join(plan.prefixes)}", hint="`payproof list requirements` shows them all"
        )
    if plan.gateway != REFERENCE:
        raise ConfigError(f"no gateway is called {plan.gateway}", hint=f"known: {REFERENCE}")
    with open_session(settings, seed=plan.seed, as_json=plan.as_json) as session:
        facts = {"gateway": plan.gateway, "seed": str(plan.seed), "run": str(session.run_dir)}
        session.announce(RunStarted(title="payproof check", facts=facts))
        can = Can(
            abilities=ReferenceGateway.abilities,
            moves=InProcessWorld.moves,
            channels=ReferenceGateway.channels,
            world=InProcessWorld.name,
        )
        tally = Tally()
        errands = _errands(plan, cases_for(requirements), can=can, session=session)
        for done, (_, played) in enumerate(run_errands(errands), start=1):
            tally.add(played)
            session.announce(Progressed(what="cases", done=done, total=len(errands)))
        return _told(plan, results(requirements, tally, can), session=session)


def _told(plan: CheckPlan, found: Sequence[Result], *, session: Session) -> int:
    for result in found:
        session.announce(Resulted(result=result))
    verdict = verdict_of(found)
    summary: Mapping[str, Any] = {
        "verdict": verdict.value,
        "gateway": plan.gateway,
        "seed": plan.seed,
        "counts": {name.value: sum(result.verdict is name for result in found) for name in COUNTED},
        "results": [dict(result.to_json()) for result in found],
    }
    session.keep("summary.json", summary)
    session.keep("findings.json", [dict(result.finding.to_json()) for result in found if result.finding is not None])
    session.announce(RunEnded(verdict=verdict, summary=summary, shown=("counts",)))
    return exit_code(verdict)


def _errands(plan: CheckPlan, cases: Iterable[Case], *, can: Can, session: Session) -> list[Errand]:
    folder = session.run_dir / "cases"
    errands = []
    for channel in can.channels:
        (folder / channel).mkdir(parents=True, exist_ok=True)
        errands += [
            Errand(
                case=case.name,
                channel=channel,
                seed=plan.seed,
                credentials=session.home.credentials,
                history=folder / channel / f"{case.name}.ndjson",
            )
            for case in cases
            if channel in case.channels and not missing(case, can)
        ]
    return errands
