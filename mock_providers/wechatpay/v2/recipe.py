"""
How a message of the XML API becomes the string that is signed, step by step, so that one step can be done wrong.

A suspicion replaces steps of the right recipe. Which one is true is not known here: the doctor asks the signature.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import parse_qsl

from mock_providers.core.signatures.doctor import Causes
from mock_providers.core.wire.journal import RawRequest
from mock_providers.errors import Undiagnosable
from mock_providers.wechatpay.v2 import xml

Pairs = tuple[tuple[str, str], ...]
PairsStep = Callable[[Pairs], Pairs]
TextStep = Callable[[str], str]

CAUSES = Causes(Path(__file__).with_name("causes.toml"))
_RAW_FIELD = re.compile(r"<([A-Za-z_][\w.-]*)(?:\s[^<>]*)?>(.*?)</\1\s*>", re.DOTALL)
_FORM_FIELDS_MAX = 100


@dataclass(frozen=True)
class Received:
    """A message as it came: XML, or the parameters that a page hands to the wallet."""

    request: RawRequest

    @cached_property
    def is_xml(self) -> bool:
        """Whether it is a message between servers."""
        return self.request.body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")

    @cached_property
    def fields(self) -> Mapping[str, str]:
        """
        Names and values as a correct receiver reads them.

        Raises:
            Undiagnosable: nothing of the kind.
        """
        if not self.is_xml:
            return self._client_fields()
        try:
            fields = xml.read(self.request.body)
        except (xml.IllFormed, xml.NotUtf8):
            raise Undiagnosable(
                "this XML cannot be read; it is one root 'xml' in UTF-8 with plain fields in it"
            ) from None
        if not fields:
            raise Undiagnosable("there are no fields below a root 'xml' in it")
        return fields

    def _client_fields(self) -> Mapping[str, str]:
        text = self.request.body.decode("utf-8", "replace")
        try:
            return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_FORM_FIELDS_MAX))
        except ValueError:
            raise Undiagnosable("there are more parameters than anybody sends") from None

    @property
    def sign_name(self) -> str:
        """The signature's own field."""
        return "sign" if self.is_xml else "paySign"

    @cached_property
    def raw(self) -> Pairs:
        """Every field in the order of sending, its value as it stands between the tags."""
        if not self.is_xml:
            return tuple(self.fields.items())
        text = self.request.body.decode("utf-8", "replace").strip()
        inside = text[text.find("<xml") :].partition(">")[2]
        return tuple((found[1], found[2]) for found in _RAW_FIELD.finditer(inside) if found[1] in self.fields)


def same(pairs: Pairs) -> Pairs:
    return pairs


def without_empty(pairs: Pairs) -> Pairs:
    return tuple(pair for pair in pairs if pair[1])


def _sorted(pairs: Pairs) -> Pairs:
    return tuple(sorted(pairs))


def joined(pairs: Pairs) -> str:
    return "&".join(f"{name}={value}" for name, value in pairs)


def _untouched(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Recipe:
    """
    From a message to the bytes that are signed, the key not yet among them; as it stands, the right one.

    Facts: wechatpay/v2-sign
    """

    read: Callable[[], Pairs]
    left_out: frozenset[str]
    empties: PairsStep = without_empty
    add: PairsStep = same
    values: PairsStep = same
    names: PairsStep = same
    order: PairsStep = _sorted
    join: Callable[[Pairs], str] = joined
    finish: TextStep = _untouched
    codec: str = "utf-8"

    def cooked(self) -> bytes:
        """Every step in turn."""
        pairs = tuple(pair for pair in self.read() if pair[0] not in self.left_out)
        for step in (self.empties, self.add, self.values, self.names, self.order):
            pairs = step(pairs)
        return self.finish(self.join(pairs)).encode(self.codec, "replace")


def right_recipe(received: Received) -> Recipe:
    """
    What the platform does with what it receives, and did with what it sends.

    Facts: wechatpay/v2-sign
    """
    pairs = tuple(received.fields.items())
    return Recipe(lambda: pairs, frozenset({received.sign_name}))
