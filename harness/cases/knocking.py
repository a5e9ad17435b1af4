"""
Requests of nobody's: orders that are asked for without a signature, under another's, under an old one, or once more.
"""

from harness.cases.base import Case, Play
from harness.cases.stage import Stage
from harness.sut.contract import NEEDED, Ability, BadSeal


def knocks(*seals: BadSeal) -> Play:
    """
    Each of them for an order of its own, beside one that is asked for as it should be.
    """

    async def play(stage: Stage) -> None:
        for seal in seals:
            order = stage.order()
            stage.mark("signed-badly", order)
            await stage.ask_badly_signed(order, seal)
        await stage.pay(await stage.opened())

    return play


def _case(name: str, cover: str, *seals: BadSeal) -> Case:
    needs = frozenset({Ability.CREATE, *(NEEDED[seal] for seal in seals)})
    return Case(name=name, covers=(cover,), play=knocks(*seals), needs=needs)


CASES = (
    _case("unsigned-request", "security/unsigned-request", BadSeal.NONE, BadSeal.OTHER_BODY),
    _case("old-request", "security/old-request", BadSeal.OLD),
    _case("request-again", "security/request-again", BadSeal.AGAIN),
)
