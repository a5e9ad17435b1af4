"""
The page of what the SDKs drive is the one that their cards make, and a card is read as it is written.
"""

from pathlib import Path

import pytest

from mock_providers.alipay.methods import METHODS
from mock_providers.alipay.v3.paths import PATHS
from tests.sdk.kit.card import SDK_DIR, BadCard, cards, missing_from, read_card
from tests.sdk.kit.coverage import coverage

CARD = """// Words before it.
// /// sdk
// package = "some-sdk"
// provider = "alipay"
// [steps]
// pay = ["Client.pay"]
// [out_of_scope]
// "Client.close*" = "nothing is closed"
// ///
"""


def test_the_page_is_fresh():
    page = (SDK_DIR / "COVERAGE.md").read_text(encoding="utf-8")

    assert page == coverage(), "run make docs"


def test_there_are_sdks_at_all():
    assert {card.language for card in cards()} >= {"python", "node"}


def test_every_api_of_alipay_is_driven_by_name_over_both_gateways():
    claims = {claim for card in cards() for methods in card.steps.values() for claim in methods}
    driven = {claim.partition(" ")[2] for claim in claims}
    v2 = {method for method in METHODS if method not in driven}
    v3 = {f"{verb} {path}" for path, (verb, _) in PATHS.items() if f"{verb} {path}" not in driven}

    assert (v2, v3) == (set(), set())


def test_what_is_neither_driven_nor_excused_is_missing(tmp_path: Path):
    path = tmp_path / "some-sdk.mjs"
    path.write_text(CARD)
    card = read_card(path)

    assert card is not None
    assert missing_from([card], public=["Client.pay", "Client.close", "Client.closeAll", "Client.refund"]) == [
        "Client.refund"
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('["Client.pay"]', "[]"),
        ("// [steps]", "// door = 'window'\n// [steps]"),
        ("// [steps]", "// colour = 'red'\n// [steps]"),
        ("// [steps]", "// [stpes]"),
        ('"some-sdk"', "some-sdk"),
    ],
)
def test_a_card_that_makes_no_sense_is_refused(tmp_path: Path, old: str, new: str):
    path = tmp_path / "some-sdk.mjs"
    path.write_text(CARD.replace(old, new))

    with pytest.raises(BadCard, match=r"some-sdk\.mjs"):
        read_card(path)


def test_a_file_without_a_card_is_no_sdk(tmp_path: Path):
    path = tmp_path / "helper.mjs"
    path.write_text("export const one = 1;\n")

    assert read_card(path) is None
