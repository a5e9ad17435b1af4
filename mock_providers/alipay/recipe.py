"""
How a request becomes the bytes that are signed, step by step, so that one step can be done wrong on purpose.

A suspicion replaces steps of the right recipe. Which one is true is not known here: the doctor asks the signature.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mock_providers.alipay import wire
from mock_providers.alipay.multipart import body_pairs
from mock_providers.alipay.wire import split_target
from mock_providers.core.signatures.doctor import Causes
from mock_providers.core.wire.journal import RawRequest

Pairs = tuple[tuple[str, str], ...]
PairsStep = Callable[[Pairs], Pairs]

CAUSES = Causes(Path(__file__).with_name("causes.toml"))


@dataclass(frozen=True)
class Received:
    """A request or a notify as it came, taken apart as the gateway takes it apart."""

    request: RawRequest
    notify: bool

    @cached_property
    def query(self) -> bytes:
        """What stands behind the question mark."""
        return split_target(self.request.target)[1].encode("utf-8", "replace")

    @cached_property
    def body_pairs(self) -> wire.Pairs:
        """The body's parameters, if the gateway looks for any there."""
        return body_pairs(self.request)

    @cached_property
    def pairs(self) -> wire.Pairs:
        """
        All parameters, percent escapes undone.

        Raises:
            ValueError: too many.
        """
        return wire.form_pairs(self.query) + self.body_pairs

    @cached_property
    def codec(self) -> str:
        """The declared charset's, as the gateway reads it."""
        declared = (wire.charset_of(self.pairs) or "").lower()
        return wire.CODECS.get(declared, "utf-8" if self.notify else "gbk")

    @cached_property
    def params(self) -> Mapping[str, str]:
        """Decoded, the first of each name."""
        return wire.read_params(self.pairs, codec=self.codec)

    @property
    def left_out(self) -> frozenset[str]:
        """What is never signed."""
        return frozenset({"sign", "sign_type"} if self.notify else {"sign"})

    @cached_property
    def raw(self) -> Pairs:
        """Every parameter as it stands on the wire, in its order; parts of a multipart body are written plainly."""
        body = raw_pairs(self.request.body, codec=self.codec) if self.body_is_form else ()
        parts = () if self.body_is_form else wire.read_params(self.body_pairs, codec=self.codec).items()
        return (*raw_pairs(self.query, codec=self.codec), *body, *parts)

    @property
    def body_is_form(self) -> bool:
        """Whether percent escapes mean something in the body."""
        kinds = [value for name, value in self.request.headers if name.lower() == "content-type"]
        return not kinds or "urlencoded" in kinds[0].lower()


def raw_pairs(part: bytes, *, codec: str) -> Pairs:
    """Undecoded names and values."""
    text = part.decode(codec, "replace")
    return tuple((name, value) for piece in text.split("&") if piece for name, _, value in (piece.partition("="),))


def first_of(pairs: Sequence[tuple[str, str]]) -> Pairs:
    """The first of each name."""
    kept: dict[str, str] = {}
    for name, value in pairs:
        kept.setdefault(name, value)
    return tuple(kept.items())


def same(pairs: Pairs) -> Pairs:
    return pairs


def _sorted(pairs: Pairs) -> Pairs:
    return tuple(sorted(pairs))


def without_empty(pairs: Pairs) -> Pairs:
    return tuple(pair for pair in pairs if pair[1].strip())


def _joined(pairs: Pairs) -> str:
    return "&".join(f"{name}={value}" for name, value in pairs)


def _untouched(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Recipe:
    """
    From a request to the bytes that are signed; as it stands, the right one.

    Facts: alipay/sign-string, alipay/empty-values, alipay/notify-sign
    """

    read: Callable[[], Pairs]
    left_out: frozenset[str]
    empties: PairsStep
    codec: str
    add: PairsStep = same
    rewrite: PairsStep = same
    values: PairsStep = same
    names: PairsStep = same
    order: PairsStep = _sorted
    join: Callable[[Pairs], str] = _joined
    finish: Callable[[str], str] = _untouched
    digest: Callable[[bytes], bytes] | None = None

    def cooked(self) -> bytes:
        """Every step in turn."""
        pairs = tuple(pair for pair in self.read() if pair[0] not in self.left_out)
        for step in (self.empties, self.add, self.rewrite, self.values, self.names, self.order):
            pairs = step(pairs)
        data = self.finish(self.join(pairs)).encode(self.codec, "replace")
        return data if self.digest is None else self.digest(data)


def right_recipe(received: Received) -> Recipe:
    """
    What the gateway does, or for a notify what the platform did.

    Facts: alipay/sign-string, alipay/notify-sign
    """
    params = tuple(received.params.items())
    empties = same if received.notify else without_empty
    return Recipe(lambda: params, received.left_out, empties, received.codec)
