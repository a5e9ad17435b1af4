"""
ZIP files as Alipay's bill centre writes them: member names in GBK, without the flag that would say UTF-8.

The standard library writes such a name as UTF-8 whatever one does, so the few headers are written here. Knows no bill.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from struct import pack

_LOCAL, _CENTRAL, _END = 0x04034B50, 0x02014B50, 0x06054B50
_VERSION, _DEFLATED, _NO_FLAGS = 20, 8, 0


@dataclass(frozen=True, slots=True)
class Member:
    """One file."""

    name: str
    content: bytes


def zipped(members: Iterable[Member], *, written_at: datetime) -> bytes:
    """
    Args:
        written_at: as the platform's own clock shows it.

    Facts: alipay/bills
    """
    body, directory = bytearray(), bytearray()
    count = 0
    for member in members:
        count += 1
        name, header, packed = _packed(member, written_at)
        directory += pack("<IH", _CENTRAL, _VERSION) + header + pack("<HHHII", 0, 0, 0, 0, len(body)) + name
        body += pack("<I", _LOCAL) + header + name + packed
    end = pack("<IHHHHIIH", _END, 0, 0, count, count, len(directory), len(body), 0)
    return bytes(body + directory + end)


def _packed(member: Member, at: datetime) -> tuple[bytes, bytes, bytes]:
    """
    Returns:
        The name, what both headers say, and the content.
    """
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = deflate.compress(member.content) + deflate.flush()
    name = member.name.encode("gbk")
    day = (at.year - 1980) << 9 | at.month << 5 | at.day
    time = at.hour << 11 | at.minute << 5 | at.second // 2
    sizes = (zlib.crc32(member.content), len(packed), len(member.content), len(name), 0)
    return name, pack("<HHHHHIIIHH", _VERSION, _NO_FLAGS, _DEFLATED, time, day, *sizes), packed
