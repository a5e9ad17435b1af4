"""
The harness on trial, in process: every broken gateway is convicted by a requirement that is named for it.
"""

from pathlib import Path

import pytest

from harness.cases import CASES, COVERING
from harness.catalog import BY_ID, REQUIREMENTS
from harness.commands.gallery import cases_against
from harness.errands import Errand, run_errands
from harness.gallery import MUTANTS
from harness.verdict import Verdict


@pytest.fixture(scope="session")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("credentials")
    return folder


def failed(name: str, credentials: Path) -> set[str]:
    """The requirements that a broken gateway fails in the cases against it."""
    mutant = MUTANTS[name]
    found = set()
    for case in cases_against(mutant):
        errand = Errand(case=case, channel=mutant.channel, seed=1, credentials=credentials, mutant=name)
        for _, played in run_errands([errand]):
            found |= {one.requirement for one in played.judgements if one.verdict is Verdict.FAIL}
    return found


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_gateway_is_convicted_by_what_is_named_for_it(credentials, name):
    assert failed(name, credentials) & set(MUTANTS[name].must_be_convicted_by)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_gateway_names_requirements_that_exist_and_are_put_to_the_test(name):
    named = MUTANTS[name].must_be_convicted_by

    assert named
    assert [one for one in named if one not in BY_ID] == []
    assert cases_against(MUTANTS[name])


def test_every_requirement_has_a_case_and_every_case_a_requirement():
    assert [rule.id for rule in REQUIREMENTS if rule.id not in COVERING] == []
    assert [(case.name, name) for case in CASES for name in case.covers if name not in BY_ID] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_reference_gateway_is_acquitted_and_each_case_witnesses_what_it_is_for(credentials, case):
    errand = Errand(case=case.name, channel=case.channels[0], seed=3, credentials=credentials)
    ((_, played),) = run_errands([errand])
    judged = {one.requirement: one for one in played.judgements}

    assert [one.findings[0].sentence for one in played.judgements if one.findings] == []
    # A requirement with several cases may be witnessed by one of them only.
    alone = [name for name in case.covers if len(COVERING[name]) == 1]
    assert [name for name in alone if not judged[name].witnessed] == []
