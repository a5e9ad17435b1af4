"""
The explorer in process: the reference gateway is acquitted, the broken one convicted by a short story, and the same seed
tells the same.
"""

import importlib

import pytest

from harness.gallery import MUTANTS
from harness.machines.grounds import InProcessGround
from harness.machines.hunt import HuntPlan, hunt
from harness.machines.moves import Story, flat
from tests.keys import copy_keys

# By what each is found.
CAUGHT = {
    "credits-every-notify": "idempotency/credited-once",
    "believes-unsigned-notifies": "signature/forged-never-acked",
    "credits-notified-amount": "money/credited-amount",
    "books-refund-notices": "refund/notice-acked",
    "refuses-repeats": "notify/true-is-acked",
    "tells-anew": "notify/platform-told-once",
}


@pytest.fixture(scope="session")
def credentials(tmp_path_factory):
    """Keys made once: they would be most of a story's time."""
    return copy_keys(tmp_path_factory.mktemp("credentials"))


def test_the_reference_gateway_is_acquitted_over_every_channel(credentials):
    hunted = hunt(InProcessGround(credentials, seed=7), HuntPlan(seed=7, examples=3, steps=30))

    assert (hunted.found, hunted.unsettled, hunted.silent) == (None, 0, "")
    assert hunted.paid


def caught(credentials, name, *, shrinks):
    mutant = MUTANTS[name]
    ground = InProcessGround(credentials, seed=1, channels=(mutant.channel,), parts=mutant.parts)
    return hunt(ground, HuntPlan(seed=1, examples=60, steps=30, shrinks=shrinks))


@pytest.mark.parametrize("name", CAUGHT)
def test_a_broken_gateway_is_found(credentials, name):
    hunted = caught(credentials, name, shrinks=False)

    assert hunted.found is not None
    assert CAUGHT[name] in {finding.id for finding in hunted.found.findings}


@pytest.mark.parametrize("name", ["credits-every-notify", "undoes-refunds"])
def test_what_is_found_is_told_shortly_and_can_be_repeated(credentials, name):
    hunted = caught(credentials, name, shrinks=True)
    met, found = hunted.first, hunted.found

    assert met is not None
    assert found is not None
    assert len(flat(found.story.moves)) <= 5 < len(flat(met.story.moves))
    assert met.findings[0].id in {finding.id for finding in found.findings}
    assert hunted.blob


def test_the_same_seed_thinks_of_the_same_stories_whatever_is_imported(credentials, tmp_path, monkeypatch):
    told: list[list[Story]] = []
    (tmp_path.parent / "odd_amounts.py").write_text(f"AMOUNTS = {[31_337 + 61 * number for number in range(900)]}\n")
    monkeypatch.syspath_prepend(str(tmp_path.parent))
    for modules in ([], ["odd_amounts"]):
        for name in modules:
            importlib.import_module(name)
        stories: list[Story] = []
        hunt(
            InProcessGround(credentials, seed=3),
            HuntPlan(seed=3, examples=6, steps=15),
            tell=lambda lived: stories.append(lived.story),  # noqa: B023
        )
        told.append(stories)

    assert told[0] == told[1]
    assert sum(len(story.moves) for story in told[0]) > 60
    assert [Story.from_json(story.to_json()) for story in told[0]] == told[0]
