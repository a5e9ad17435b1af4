"""
The journal: every exchange with its raw bytes, the string that was signed and the verdict on the signature.

Kept in memory up to a number and up to a size, and appended line by line to a file when one is given, so that a killed
process loses at most the line it was writing. Judges nothing.
"""

import asyncio
import os
from binascii import b2a_base64
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, count, islice
from pathlib import Path
from typing import Literal

import orjson

from mock_providers.core.numbers import ALONE, Numbers
from mock_providers.core.records import record
from mock_providers.core.wire.signed import Text, packed, unpacked

Headers = tuple[tuple[str, str], ...]

KEPT = 20_000
KEPT_BYTES = 64 * 2**20
# What an exchange takes besides its bytes: records, moments, places in lists.
_RECORDS_BYTES = 600


@record
class RawRequest:
    """
    A request as it stood on the wire.

    Args:
        secure: it came by TLS.
        certificate: what the client showed there, DER; empty where it showed none.
    """

    method: str
    target: str
    headers: Headers
    body: bytes
    secure: bool = False
    certificate: bytes = b""

    def header(self, name: str) -> str:
        """The first header of that name, which is given in lower case; "" where there is none."""
        for spelled, value in self.headers:
            if spelled.lower() == name:
                return value
        return ""

    @property
    def headers_by_name(self) -> Mapping[str, str]:
        """The headers by their names in lower case; of one that comes twice the first."""
        return {name.lower(): value for name, value in reversed(self.headers)}


@record
class RawResponse:
    """A response as it stood on the wire."""

    status: int
    headers: Headers
    body: bytes


def _base64(body: bytes) -> str:
    return b2a_base64(body, newline=False).decode("ascii")


@dataclass(slots=True)
class Entry:
    """
    One exchange.

    `response` is None when no answer came or none was sent; `error` says why. `doctor` explains a refused signature
    when it is asked. `acked` is whether a merchant's answer ended a notify's resends. What was signed is read by
    `unpacked`, for the journal packs it. `weight` is about how many bytes of memory a packed one takes.
    """

    direction: Literal["in", "out"]
    provider: str
    api: str
    order: str
    label: str
    request: RawRequest
    response: RawResponse | None
    string_to_sign: Text | None
    signature_ok: bool | None
    fault: str | None
    schedule_at: datetime
    stamp_at: datetime
    error: str | None = None
    answer_string_to_sign: Text | None = None
    doctor: Callable[[], Mapping[str, object] | None] | None = None
    acked: bool | None = None
    weight: int = 0

    def pack(self) -> None:
        """Take up less room from here on."""
        request, response = self.request, self.response
        if self.direction == "out":
            self.request = request = RawRequest(request.method, request.target, request.headers, _alone(request.body))
        elif response is not None:
            self.response = response = RawResponse(response.status, response.headers, _alone(response.body))
        answered, headers = (b"", ()) if response is None else (response.body, response.headers)
        self.string_to_sign, signed = packed(self.string_to_sign, body=request.body)
        self.answer_string_to_sign, answer_signed = packed(self.answer_string_to_sign, body=answered)
        sizes = sum(map(len, chain.from_iterable((*request.headers, *headers))))
        self.weight = (
            _RECORDS_BYTES + len(request.target) + len(request.body) + len(answered) + sizes + signed + answer_signed
        )

    def as_json(self, seq: int) -> dict[str, object]:
        """The entry as the control API and the file show it."""
        return {
            "seq": seq,
            "direction": self.direction,
            "provider": self.provider,
            "api": self.api,
            "order": self.order,
            "label": self.label,
            "request": {
                "method": self.request.method,
                "target": self.request.target,
                "headers": self.request.headers,
                "body_b64": _base64(self.request.body),
            },
            "response": None
            if self.response is None
            else {
                "status": self.response.status,
                "headers": self.response.headers,
                "body_b64": _base64(self.response.body),
            },
            "string_to_sign": unpacked(self.string_to_sign),
            "answer_string_to_sign": unpacked(self.answer_string_to_sign),
            "signature_ok": self.signature_ok,
            "doctor": None if self.doctor is None else self.doctor(),
            "fault": self.fault,
            "error": self.error,
            "acked": self.acked,
            "schedule_at": self.schedule_at,
            "stamp_at": self.stamp_at,
        }


def _alone(body: bytes) -> bytes:
    """
    Bytes that we wrote, without the room in which they were written: orjson's results hold 4 kB or 8 kB for a few.
    """
    return bytes(memoryview(body))


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    Which exchanges somebody asks for; None asks for all.

    Args:
        signature: what the check said: "ok", "refused", or "unchecked" where it was not reached.
    """

    provider: str | None = None
    order: str | None = None
    label: str | None = None
    direction: str | None = None
    signature: str | None = None

    def holds(self, entry: Entry) -> bool:
        """Whether *entry* is one of them."""
        return (
            (self.provider is None or entry.provider == self.provider)
            and (self.order is None or entry.order == self.order)
            and (self.label is None or entry.label == self.label)
            and (self.direction is None or entry.direction == self.direction)
            and (self.signature is None or _VERDICTS[entry.signature_ok] == self.signature)
        )


_VERDICTS = {True: "ok", False: "refused", None: "unchecked"}
_EVERYTHING = Wanted()


class Journal:
    """
    Exchanges in the order in which they ended; numbered from 1.

    Args:
        cap: so many are kept in memory at most.
        cap_bytes: and no more than take about so much, but always the latest.
    """

    def __init__(
        self, *, file: Path | None = None, cap: int = KEPT, cap_bytes: int = KEPT_BYTES, numbers: Numbers = ALONE
    ) -> None:
        self._entries: deque[Entry] = deque()
        self._cap, self._cap_bytes = cap, cap_bytes
        self._weight = 0
        self._numbers = numbers
        self._last = 0
        self._file = file
        self._descriptor: int | None = None
        self._readers: set[asyncio.Future[None]] = set()

    def open(self) -> None:
        """Open the file, when there is one; earlier lines stay."""
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def add(self, entry: Entry) -> None:
        """Write *entry* down; unbuffered, one system call a line."""
        self._last += 1
        if self._descriptor is not None:
            os.write(
                self._descriptor,
                orjson.dumps(entry.as_json(self._numbers.outer(self._last)), option=orjson.OPT_APPEND_NEWLINE),
            )
        self._keep(entry)
        for reader in self._readers:
            if not reader.done():
                reader.set_result(None)

    def _keep(self, entry: Entry) -> None:
        entry.pack()
        self._entries.append(entry)
        self._weight += entry.weight
        while len(self._entries) > self._cap or (self._weight > self._cap_bytes and len(self._entries) > 1):
            self._weight -= self._entries.popleft().weight

    def entries(self) -> list[Entry]:
        """What memory still holds, oldest first."""
        return list(self._entries)

    def newest(self, wanted: Wanted = _EVERYTHING, *, before: int | None = None) -> Iterator[tuple[int, Entry]]:
        """
        Numbers and entries, the latest first.

        Args:
            before: only those with a lower number.
        """
        for seq, entry in zip(count(self._last, -1), reversed(self._entries), strict=False):
            number = self._numbers.outer(seq)
            if (before is None or number < before) and wanted.holds(entry):
                yield number, entry

    @property
    def last(self) -> int:
        """The number of the latest entry; 0 before the first."""
        return self._numbers.outer(self._last)

    async def grown(self, *, after: int) -> None:
        """Wait until there is an entry numbered above *after*."""
        while self._last <= self._numbers.inner(after):
            reader = asyncio.get_running_loop().create_future()
            self._readers.add(reader)
            try:
                await reader
            finally:
                self._readers.discard(reader)

    def page(
        self, wanted: Wanted = _EVERYTHING, *, after: int, limit: int
    ) -> tuple[list[dict[str, object]], int | None]:
        """
        Entries numbered above *after*.

        Returns:
            The page, and the cursor of the next one or None.
        """
        items, seen = self.read(wanted, after=after, limit=limit)
        return items, (seen if self._numbers.inner(seen) < self._last else None)

    def read(self, wanted: Wanted, *, after: int, limit: int) -> tuple[list[dict[str, object]], int]:
        """
        Entries numbered above *after*.

        Returns:
            The entries, and up to which number the journal has been looked through.
        """
        seen = self._numbers.inner(after)
        first = self._last - len(self._entries) + 1
        start = max(seen + 1, first)
        items: list[dict[str, object]] = []
        for seq, entry in enumerate(islice(self._entries, max(start - first, 0), None), start):
            if not wanted.holds(entry):
                continue
            if len(items) == limit:
                return items, self._numbers.outer(seq - 1)
            items.append(entry.as_json(self._numbers.outer(seq)))
        return items, self._numbers.outer(max(self._last, seen))

    def clear(self) -> None:
        """Forget what memory holds; the file keeps its lines, and numbering goes on."""
        self._entries.clear()
        self._weight = 0
