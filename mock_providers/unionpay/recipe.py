"""
How a message becomes the text that is signed, step by step, so that one step can be done wrong on purpose.

A suspicion replaces steps of the right recipe. Which one is true is not known here: the doctor asks the signature.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mock_providers.core.signatures.doctor import Causes
from mock_providers.core.wire.journal import RawRequest
from mock_providers.unionpay import wire

Pairs = tuple[tuple[str, str], ...]
PairsStep = Callable[[Pairs], Pairs]

CAUSES = Causes(Path(__file__).with_name("causes.toml"))
# What only the platform says. Facts: unionpay/notify-fields
_PLATFORMS = frozenset({"respCode", "respMsg", "signPubKeyCert"})


@dataclass(frozen=True)
class Received:
    """A request, or a notify as the merchant received it, taken apart as the gateway takes it apart."""

    request: RawRequest

    @cached_property
    def form(self) -> bytes:
        """The body, or, of something pasted, what stands behind a question mark."""
        return self.request.body or self.request.target.partition("?")[2].encode("utf-8", "replace")

    @cached_property
    def codec(self) -> str:
        """The declared charset's."""
        return wire.codec_of(wire.form_pairs(self.form)) or "utf-8"

    @cached_property
    def fields(self) -> Mapping[str, str]:
        """Decoded, the first of each name."""
        return wire.read_fields(wire.form_pairs(self.form), codec=self.codec)

    @property
    def notify(self) -> bool:
        """Whether the platform signs this."""
        return bool(_PLATFORMS & self.fields.keys())

    @cached_property
    def raw(self) -> Pairs:
        """Every field as it stands on the wire, in its order."""
        text = self.form.decode(self.codec, "replace")
        return tuple((name, value) for piece in text.split("&") if piece for name, _, value in (piece.partition("="),))

    def get(self, name: str) -> str:
        """A field without blanks around it."""
        return self.fields.get(name, "").strip()


def same(pairs: Pairs) -> Pairs:
    return pairs


def in_order(pairs: Pairs) -> Pairs:
    return tuple(sorted(pairs))


def joined(pairs: Pairs) -> str:
    return "&".join(f"{name}={value}" for name, value in pairs)


def _untouched(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Recipe:
    """
    From a message to the text that is signed; as it stands, the right one.

    Facts: unionpay/sign-string
    """

    read: Callable[[], Pairs]
    codec: str
    left_out: frozenset[str] = frozenset({"signature"})
    add: PairsStep = same
    values: PairsStep = same
    names: PairsStep = same
    order: PairsStep = in_order
    join: Callable[[Pairs], str] = joined
    finish: Callable[[str], str] = _untouched

    def cooked(self) -> bytes:
        """Every step in turn."""
        pairs = tuple(pair for pair in self.read() if pair[0] not in self.left_out)
        for step in (self.add, self.values, self.names, self.order):
            pairs = step(pairs)
        return self.finish(self.join(pairs)).encode(self.codec, "replace")


def right_recipe(received: Received) -> Recipe:
    """
    What the gateway does, or for a notify what the platform did.

    Facts: unionpay/sign-string
    """
    fields = tuple(received.fields.items())
    return Recipe(lambda: fields, received.codec)
