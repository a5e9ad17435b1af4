"""
The howto says which requirements need what, as the catalogue says it now.
"""

from harness.catalog.write_abilities import KEYS, PAGE, table, written
from harness.sut.contract import Ability
from harness.world.base import Move


def test_the_howto_has_the_table_of_now():
    page = PAGE.read_text(encoding="utf-8")

    assert page == written(page), "make docs writes it anew"


def test_every_ability_and_move_of_a_gateway_is_told():
    asked_of_gateways = {Move.KILL_GATEWAY, Move.RESTART_GATEWAY, Move.ADVANCE}

    assert set(Ability) | asked_of_gateways <= set(KEYS)
    assert "| `start`, or `kill` and `stop` | all " in table()
