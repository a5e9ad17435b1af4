"""
Just enough DER to find a number or a point in a key file or a certificate. Knows no meaning of what it finds.
"""

from __future__ import annotations

from typing import NamedTuple

SEQUENCE = 0x30
OCTET_STRING = 0x04
BIT_STRING = 0x03
VERSION = 0xA0


class Element(NamedTuple):
    """One element: its tag, its content, and itself as it stands."""

    tag: int
    content: bytes
    whole: bytes


def elements(data: bytes) -> list[Element]:
    """
    Cut *data* into the elements that stand side by side in it.

    Raises:
        ValueError: it is not DER, or something is cut off.
    """
    found: list[Element] = []
    at = 0
    while at < len(data):
        start, length = _length(data, at + 1)
        end = start + length
        if end > len(data):
            raise ValueError(f"an element is cut off at byte {at}")
        found.append(Element(data[at], data[start:end], data[at:end]))
        at = end
    return found


def inside(data: bytes) -> list[Element]:
    """Return what the one sequence in *data* holds."""
    outer = elements(data)
    if len(outer) != 1 or outer[0].tag != SEQUENCE:
        raise ValueError("one sequence was expected")
    return elements(outer[0].content)


def _length(data: bytes, at: int) -> tuple[int, int]:
    """Return where the content begins, and how long it is."""
    if at >= len(data):
        raise ValueError("an element has no length")
    first = data[at]
    if first < 0x80:
        return at + 1, first
    width = first & 0x7F
    if not 1 <= width <= 4 or at + 1 + width > len(data):
        raise ValueError("a length cannot be read")
    return at + 1 + width, int.from_bytes(data[at + 1 : at + 1 + width], "big")
