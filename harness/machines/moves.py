"""
What can happen in a story: moves of buyers, of the platform, of the provider, of a nemesis and of time, as plain data.

A story is a list of them and the draws of the gateway's store; it can be told again next year without whoever thought
of it. It refuses to know how a move is made, and how it was drawn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.channels import WALLET

Fault = Mapping[str, Any]
"""`{"fault": name, "on": "notify", "reply" or a verb, …}`; what is neither is the fault's own setting."""

# Buyers at the provider's cashier.
BUYERS = ("pay", "scan", "cancel", "pay_twice", "pay_late", "wrong_password", "insufficient_balance")
# What the platform asks of the gateway about an order that there is.
ASKED = ("open_again", "open_other", "look", "sync", "refund", "refund_again", "refund_over", "close", "withdraw",
         "ship", "confirm")  # fmt: skip
# What the provider does with notifies of an order.
NOTIFIED = ("rung", "deliver", "drop", "reorder", "copy", "forge", "tamper", "replay")
# About no order.
ALONE = ("open", "at_once", "crash", "restart", "down", "up", "platform_down", "advance")


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """
    One move.

    Args:
        what: its name, one of those above or `strike`.
        order: which order of the story it is about, from 1; 0 where it is about none.
        told: whatever else it takes.
    """

    what: str
    order: int = 0
    told: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.told[name]

    def get(self, name: str, default: Any = None) -> Any:
        """
        What the move was told of *name*.
        """
        return self.told.get(name, default)

    @property
    def parts(self) -> tuple["Move", ...]:
        """
        The moves that are made at the same moment.
        """
        return tuple(Move.from_json(part) for part in self.told.get("parts", ()))

    def to_json(self) -> dict[str, Any]:
        return {"what": self.what, **({"order": self.order} if self.order else {}), **self.told}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "Move":
        told = {name: value for name, value in raw.items() if name not in {"what", "order"}}
        return cls(what=raw["what"], order=raw.get("order", 0), told=told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """
    All that is needed to live through it again.

    Args:
        seed: of the ids and of whatever the simulator draws.
        turns: how many turns of the loop the gateway's store takes at its statements, over and over.
    """

    seed: int
    turns: tuple[int, ...] = (1,)
    moves: tuple[Move, ...] = ()

    @property
    def channels(self) -> tuple[str, ...]:
        """
        Over what its orders are paid, each named once.
        """
        return tuple(dict.fromkeys(move["channel"] for move in self.moves if move.what == "open"))

    def channel_of(self, order: int) -> str:
        """
        Over what an order is paid.
        """
        return [str(move["channel"]) for move in self.moves if move.what == "open"][order - 1]

    def to_json(self) -> dict[str, Any]:
        return {"seed": self.seed, "turns": list(self.turns), "moves": [move.to_json() for move in self.moves]}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "Story":
        return cls(
            seed=raw["seed"], turns=tuple(raw["turns"]), moves=tuple(Move.from_json(move) for move in raw["moves"])
        )


def flat(moves: Sequence[Move]) -> list[Move]:
    """
    The moves with those that are made at once one after the other.
    """
    return [one for move in moves for one in (move.parts or (move,))]


def by_provider(move: Move, channel: str) -> bool:
    """
    Whether a move needs a provider behind the channel.
    """
    return channel != WALLET or move.what not in {*BUYERS, *NOTIFIED, "strike"}
