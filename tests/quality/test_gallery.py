"""
The harness on trial, in process: every broken gateway is convicted by a requirement that is named for it, every MUST
convicts one, and the reference gateway is acquitted.

All is played in one go, over as many processes as there are cores, each broken gateway in the quickest cases that have
to convict it; `payproof gallery` plays them all.
"""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.cases import CASES, COVERING
from harness.catalog import BY_ID, REQUIREMENTS
from harness.commands.gallery import at_least, cases_against
from harness.errands import Errand, run_errands
from harness.gallery import MUTANTS
from harness.trial import Played
from harness.verdict import Level, Verdict
from tests.keys import copy_keys

pytestmark = pytest.mark.timeout(900)  # all is played by whichever test comes first

# These ask about an order for ever, and what they did to it was plain in its first minutes.
RESTLESS = frozenset({"acks-and-forgets", "caps-the-amount", "floats-the-amount", "thirty-two-bits"})
RESTLESS_S = 3_600.0

Trials = Mapping[tuple[str, str], Played]


@pytest.fixture(scope="session")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Trials:
    """What was played, by broken gateway (empty for the reference) and case."""
    folder: Path = copy_keys(tmp_path_factory.mktemp("credentials"))
    errands = [Errand(case=case.name, channel=case.channels[0], seed=3, credentials=folder) for case in CASES]
    errands += [
        Errand(
            case=case,
            channel=mutant.channel,
            seed=1,
            credentials=folder,
            mutant=mutant.id,
            patience_s=RESTLESS_S if mutant.id in RESTLESS else None,
        )
        for mutant in MUTANTS.values()
        for case in mutant.tried_in or cases_against(mutant)
    ]
    return {(errand.mutant, errand.case): played for errand, played in run_errands(errands)}


@pytest.fixture(scope="session")
def convicted(trials: Trials) -> Mapping[str, set[str]]:
    """The requirements that each broken gateway failed, and that are named for it."""
    found: dict[str, set[str]] = defaultdict(set)
    for (name, _), played in trials.items():
        if name:
            failed = {one.requirement for one in played.judgements if one.verdict is Verdict.FAIL}
            found[name] |= failed & set(MUTANTS[name].must_be_convicted_by)
    return found


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_gateway_is_convicted_by_what_is_named_for_it(convicted, name):
    assert convicted[name]


@pytest.mark.parametrize("rule", [rule.id for rule in REQUIREMENTS if rule.level is Level.MUST])
def test_every_must_convicts_a_broken_gateway(convicted, rule):
    assert [name for name, failed in convicted.items() if rule in failed]


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_gateway_names_requirements_and_cases_that_exist(name):
    mutant = MUTANTS[name]

    assert mutant.must_be_convicted_by
    assert [one for one in mutant.must_be_convicted_by if one not in BY_ID] == []
    assert cases_against(mutant)
    assert [case for case in mutant.tried_in if case not in cases_against(mutant)] == []


def test_every_requirement_has_a_case_and_every_case_a_requirement():
    assert [rule.id for rule in REQUIREMENTS if rule.id not in COVERING] == []
    assert [(case.name, name) for case in CASES for name in case.covers if name not in BY_ID] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_reference_gateway_is_acquitted_and_each_case_witnesses_what_it_is_for(trials, case):
    played = trials["", case.name]
    judged = {one.requirement: one for one in played.judgements}

    assert [one.findings[0].sentence for one in played.judgements if one.findings] == []
    # A requirement with several cases may be witnessed by one of them only.
    alone = [name for name in case.covers if len(COVERING[name]) == 1]
    assert [name for name in alone if not judged[name].witnessed] == []


@pytest.mark.parametrize(("caught", "least"), [(60, 0.940), (59, 0.911), (30, 0.377), (0, 0.0)])
def test_what_sixty_trials_prove(caught, least):
    assert at_least(caught, 60) == pytest.approx(least, abs=0.001)
