"""
The home of the harness's names and of its chance: labels, order numbers, nonces, drawn amounts.

A label depends on nothing but its number, so that the same seed meets the same faults; whatever a gateway has to
keep unique carries the run nonce as well, so that a seed can be run twice on the same store.
"""

import hashlib
import itertools
import re
import secrets

LABEL = re.compile(r"pp\d{6,}")


def label_of(text: str) -> str | None:
    """
    The payment label inside *text* (an order number, a subject), if there is one.
    """
    found = LABEL.search(text)
    return found.group() if found else None


class Ids:
    """
    Seeded names for one run.

    Args:
        seed: decides every draw.
        run_nonce: 1 to 12 of [0-9a-z]; fresh when not given. In-process worlds pass a fixed one, so that a replay
            repeats the bytes as well.
    """

    def __init__(self, seed: int, *, run_nonce: str | None = None) -> None:
        self.seed = seed
        self.run_nonce = secrets.token_hex(4) if run_nonce is None else run_nonce
        if not re.fullmatch(r"[0-9a-z]{1,12}", self.run_nonce):
            raise ValueError(f"a run nonce is 1 to 12 of [0-9a-z], not {self.run_nonce!r}")
        self._numbers = itertools.count(1)
        self._nonces = itertools.count(1)

    def label(self, number: int) -> str:
        """
        The label of payment *number* (from 1): `pp000017`.
        """
        return f"pp{number:06d}"

    def next_label(self) -> str:
        """
        The label of the next payment of this run.
        """
        return self.label(next(self._numbers))

    def order_no(self, label: str) -> str:
        """
        The merchant's order number for *label*: unique over runs.
        """
        return f"{label}-{self.run_nonce}"

    def refund_no(self, label: str, nth: int) -> str:
        """
        The merchant's number for the *nth* refund (from 1) of *label*.
        """
        return f"{label}-r{nth}-{self.run_nonce}"

    def nonce(self) -> str:
        """
        A request nonce never used before, in this run or in another.
        """
        return f"{self.run_nonce}-{next(self._nonces):08d}"

    def ours(self, order_no: str) -> bool:
        """
        Whether *order_no* was made by this run.
        """
        return order_no.endswith(f"-{self.run_nonce}")

    def draw(self, low: int, high: int, *key: str) -> int:
        """
        A number in [low, high] that depends on the seed and *key* alone, never on what was drawn before.
        """
        text = "\x1f".join((str(self.seed), *key))
        number = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
        return low + number % (high - low + 1)
