"""
Writes which requirements need which ability into the howto: `python -m harness.catalog.write_abilities`.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from harness.cases import COVERING
from harness.catalog import REQUIREMENTS, Requirement
from harness.sut.contract import Ability
from harness.world.base import Move

PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "check-your-gateway.md"
BEGIN = "<!-- abilities: make docs writes what stands between these two -->"
END = "<!-- /abilities -->"
# What a driver in YAML says to have an ability; the empty ones only a driver in Python can have.
KEYS: Mapping[Ability | Move, str] = {
    Ability.CREATE: "`create`",
    Ability.GET: "`get`",
    Ability.EXPORT: "`get`",
    Ability.SYNC: "`sync`",
    Ability.CLOSE: "`close`",
    Ability.REFUND: "`refund`",
    Ability.GET_REFUND: "`get_refund`",
    Ability.EFFECTS: "`effects`",
    Ability.TRADE_NO: "`get.trade_no`",
    Ability.WEBHOOKS: "`webhooks`",
    Ability.REFUND_WEBHOOKS: "`webhooks.types` with a `refund.succeeded`",
    Ability.LEDGER: "",
    Ability.RECONCILE: "",
    Ability.SIGN_BADLY: "`signing`",
    Ability.SIGN_LATE: "",
    Ability.REPEAT_NONCES: "",
    Move.KILL_GATEWAY: "`start`, or `kill` and `stop`",
    Move.RESTART_GATEWAY: "`start`, or `kill` and `stop`",
    Move.ADVANCE: "`clock`",
}


def table() -> str:
    """
    The table as it stands in the howto.
    """
    rows = ["| in the driver | without it NOT_RUN |", "|---|---|"]
    by_key: dict[str, list[str]] = {}
    for need, key in KEYS.items():
        lost = [rule.id for rule in REQUIREMENTS if _needs(rule, need)]
        by_key.setdefault(key, []).extend(one for one in lost if one not in by_key.get(key, ()))
    for key, lost in by_key.items():
        if lost and key != KEYS[Ability.CREATE]:
            rows.append(f"| {key or 'a driver in Python only'} | {_told(lost)} |")
    return "\n".join(rows)


def written(page: str) -> str:
    """
    The page with the table as it is now.
    """
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def _needs(rule: Requirement, need: Ability | Move) -> bool:
    """
    Whether nothing puts the requirement to the test without *need*.
    """
    cases = COVERING.get(rule.id, ())
    return need in rule.needs or (bool(cases) and all(need in case.needs or need in case.moves for case in cases))


def _told(lost: Iterable[str]) -> str:
    """
    Ids by family; a family that is lost as a whole is told as one.
    """
    wanted, parts = list(lost), []
    for family in dict.fromkeys(one.partition("/")[0] for one in wanted):
        ours = [one for one in wanted if one.startswith(f"{family}/")]
        whole = sum(rule.family == family for rule in REQUIREMENTS)
        parts += [f"all {whole} of `{family}`"] if len(ours) == whole else [f"`{one}`" for one in ours]
    return ", ".join(parts)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
