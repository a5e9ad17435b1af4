"""The few shapes of DER that certificates and key files are made of; writes, and reads nothing."""

from datetime import UTC, datetime


def tagged(tag: int, content: bytes) -> bytes:
    """One element."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    width = (size.bit_length() + 7) // 8
    return bytes([tag, 0x80 | width]) + size.to_bytes(width, "big") + content


def sequence(*parts: bytes) -> bytes:
    """SEQUENCE."""
    return tagged(0x30, b"".join(parts))


def integer(value: int) -> bytes:
    """INTEGER, not negative."""
    return tagged(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(content: bytes) -> bytes:
    """OCTET STRING."""
    return tagged(0x04, content)


def bits(content: bytes) -> bytes:
    """BIT STRING of whole bytes."""
    return tagged(0x03, b"\0" + content)


def explicit(number: int, content: bytes) -> bytes:
    """An element in a context tag of its own."""
    return tagged(0xA0 | number, content)


def oid(dotted: str) -> bytes:
    """OBJECT IDENTIFIER."""
    first, second, *rest = (int(part) for part in dotted.split("."))
    return tagged(0x06, b"".join(_base128(number) for number in (40 * first + second, *rest)))


def _base128(number: int) -> bytes:
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(0x80 | number & 0x7F)
    return bytes(reversed(digits))


def moment(at: datetime) -> bytes:
    """UTCTime, which lasts until 2049."""
    return tagged(0x17, f"{at.astimezone(UTC):%y%m%d%H%M%SZ}".encode())
