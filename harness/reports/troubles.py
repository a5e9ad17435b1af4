"""
For how long something was the matter with a part or a link of a world: dead, frozen, cut, slow, out of order.

Pure: the lines of a history in, spans out. What the faults of single messages did is no matter of a span.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from harness.history import Operation
from harness.world.nemesis import PROVIDER_LINKS, Link

WORDS = {"kill": "dead", "pause": "frozen", "cut": "cut", "slow": "slow", "outage": "out of order"}
GRAVE = frozenset({"kill", "cut", "outage"})
# What ends which of them.
ENDS = {
    "restart": frozenset({"kill", "pause"}),
    "resume": frozenset({"pause"}),
    "heal": frozenset({"cut", "slow", "outage"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """
    Args:
        what: the part, the link or the provider.
        from_x, to_x: seconds from the beginning.
        grave: nothing got through, rather than late.
    """

    what: str
    word: str
    from_x: float
    to_x: float
    grave: bool


def troubles_of(lines: Iterable[Operation], *, x_of: Callable[[Operation], float], end_x: float) -> list[Trouble]:
    """
    The spans in the order in which they began; what nobody ended lasts until *end_x*.
    """
    found: list[Trouble] = []
    going: dict[tuple[str, str], float] = {}

    def over(key: tuple[str, str], x: float) -> None:
        (what, kind), from_x = key, going.pop(key)
        found.append(Trouble(what=what, word=WORDS[kind], from_x=from_x, to_x=x, grave=kind in GRAVE))

    for line in lines:
        if line.kind in ENDS:
            for key in [key for key in going if _ended(line, *key)]:
                over(key, x_of(line))
        elif line.kind in WORDS:
            key = (_name(line), line.kind)
            if key in going:
                over(key, x_of(line))
            going[key] = x_of(line)
    for key in list(going):
        over(key, end_x)
    return sorted(found, key=lambda one: one.from_x)


def _name(line: Operation) -> str:
    return str(line.value["provider"] if line.kind == "outage" else line.value["what"])


def _ended(line: Operation, what: str, kind: str) -> bool:
    """
    Whether a line ends the trouble of that kind with *what*.
    """
    if kind not in ENDS[line.kind]:
        return False
    if kind == "outage":
        healed = line.value.get("provider", "" if line.value.get("what") else "all")
        return healed in {"all", what}
    return "provider" not in line.value and _covers(str(line.value.get("what", "")), what)


def _covers(wide: str, narrow: str) -> bool:
    """
    Whether a word means the other as well: nothing means everything, the gateway each of its instances.
    """
    every_provider = wide == Link.TO_PROVIDER and narrow in PROVIDER_LINKS
    return wide in {"", narrow} or narrow.startswith(f"{wide}-") or every_provider
