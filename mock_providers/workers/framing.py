"""
Where one HTTP/1.1 request ends and the next begins; no more of the protocol than that.

What cannot be read is not judged here: it goes to the server as it came, which refuses it in its own words.
"""

import re

HEAD_BYTES = 131_072
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,12})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r\n]*chunked", re.IGNORECASE)
_EXPECTS = re.compile(rb"\r\nexpect:[ \t]*100-continue", re.IGNORECASE)
_SIZE = re.compile(rb"([0-9a-fA-F]{1,8})[^\r\n]{0,200}\r\n")


class Unreadable(Exception):
    """This is no request that we understand the end of."""


def request_end(buffer: bytes | bytearray) -> int | None:
    """
    Returns:
        How many bytes the first request has; None while its end is not in sight.

    Raises:
        Unreadable: no end will ever be found.
    """
    head = buffer.find(b"\r\n\r\n")
    if head < 0:
        if len(buffer) > HEAD_BYTES:
            raise Unreadable
        return None
    head += 4
    if _CHUNKED.search(buffer, 0, head):
        return _chunks_end(buffer, head)
    length = _LENGTH.search(buffer, 0, head)
    end = head + (int(length.group(1)) if length else 0)
    return end if length is not None or end <= len(buffer) else None


def expects_go_ahead(buffer: bytes | bytearray) -> bool:
    """Whether the client sends its body only when it is told to."""
    head = buffer.find(b"\r\n\r\n")
    return head >= 0 and _EXPECTS.search(buffer, 0, head + 4) is not None


def _chunks_end(buffer: bytes | bytearray, start: int) -> int | None:
    while True:
        size = _SIZE.match(buffer, start)
        if size is None:
            if len(buffer) - start > 256:
                raise Unreadable
            return None
        start = size.end() + int(size.group(1), 16) + 2
        if int(size.group(1), 16) == 0:
            return _trailers_end(buffer, size.end())
        if start > len(buffer):
            return None


def _trailers_end(buffer: bytes | bytearray, start: int) -> int | None:
    if buffer[start : start + 2] == b"\r\n":
        return start + 2
    end = buffer.find(b"\r\n\r\n", start)
    return end + 4 if end >= 0 else None
