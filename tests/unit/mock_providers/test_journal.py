"""
The journal keeps raw bytes, a cap and a file that survives a kill.
"""

import base64
import dataclasses
import json
import signal
import subprocess
import sys
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import orjson
import pytest

from mock_providers.core.wire.journal import Entry, Journal, RawRequest, RawResponse
from mock_providers.core.wire.signed import unpacked

T0 = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RAW = bytes(range(256))


def entry(order: str = "o1") -> Entry:
    return Entry(
        direction="in",
        provider="alipay",
        api="alipay.trade.query",
        order=order,
        label="pp000001",
        request=RawRequest("POST", "/gateway.do?a=b", (("X", "y"),), RAW),
        response=RawResponse(200, (), b"{}"),
        string_to_sign="a=b",
        signature_ok=True,
        fault=None,
        schedule_at=T0,
        stamp_at=T0,
    )


def weighed(one: Entry) -> int:
    one.pack()
    return one.weight


def test_bytes_come_back_as_they_were():
    journal = Journal()
    journal.add(entry())
    ((item,), cursor) = journal.page(after=0, limit=10)
    assert cursor is None
    request = item["request"]
    assert isinstance(request, dict)
    assert base64.b64decode(request["body_b64"]) == RAW
    assert journal.entries()[0].request.body == RAW


def test_pages_go_on_after_the_cap_has_dropped_the_oldest():
    journal = Journal(cap=5)
    for number in range(12):
        journal.add(entry(f"o{number}"))
    items, cursor = journal.page(after=0, limit=3)
    assert [item["seq"] for item in items] == [8, 9, 10]
    assert cursor == 10
    items, cursor = journal.page(after=10, limit=3)
    assert [item["order"] for item in items] == ["o10", "o11"]
    assert cursor is None
    assert journal.page(after=12, limit=3) == ([], None)


def test_no_more_is_kept_than_takes_so_many_bytes_and_always_the_latest():
    journal = Journal(cap_bytes=3 * weighed(entry()))
    for number in range(5):
        journal.add(entry(f"o{number}"))
    assert [one.order for one in journal.entries()] == ["o2", "o3", "o4"]

    tight = Journal(cap_bytes=1)
    tight.add(entry("o1"))
    tight.add(entry("o2"))
    assert [one.order for one in tight.entries()] == ["o2"]
    assert tight.page(after=0, limit=10)[0][0]["seq"] == 2


def test_what_was_emptied_weighs_nothing():
    journal = Journal(cap_bytes=2 * weighed(entry()))
    journal.add(entry("o1"))
    journal.add(entry("o2"))
    journal.clear()
    journal.add(entry("o3"))
    journal.add(entry("o4"))
    assert [one.order for one in journal.entries()] == ["o3", "o4"]


@pytest.mark.parametrize(
    ("text", "body", "own"),
    [
        ("a=b&c=d", b"{}", len("a=b&c=d")),
        ("a=支付", b"{}", len("a=支付".encode())),
        ("a=\ud800", b"", 5),
        ("17\n支付\n", "支付".encode(), 4),
        ("17\n\n", b"", 4),
        ("\ufffd\n", b"\xff", 4),
    ],
)
def test_what_was_signed_is_kept_in_no_more_bytes_than_it_takes(text, body, own):
    one = dataclasses.replace(entry(), string_to_sign=text, request=RawRequest("POST", "/", (), body))
    bare = weighed(dataclasses.replace(one, string_to_sign=None))
    for _ in range(2):
        assert weighed(one) - bare == own
        assert one.as_json(1)["string_to_sign"] == unpacked(one.string_to_sign) == text


def test_bytes_that_we_wrote_take_no_more_room_than_they_are_long():
    def kept_by(direction: Literal["in", "out"], request: bytes, response: bytes) -> int:
        journal = Journal(cap=1000)
        tracemalloc.start()
        for number in range(100):
            one = dataclasses.replace(entry(f"o{number}"), direction=direction)
            body, answer = orjson.dumps(request.decode()), orjson.dumps(response.decode())
            one.request = RawRequest("POST", "/", (), body if direction == "out" else b"")
            one.response = RawResponse(200, (), answer if direction == "in" else b"")
            journal.add(one)
        held = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return held // 100

    assert kept_by("in", b"", b"answer") < 2000
    assert kept_by("out", b"notify", b"") < 2000


def test_every_line_is_in_the_file_at_once_and_earlier_lines_stay(tmp_path: Path):
    file = tmp_path / "wire.ndjson"
    for expected in (1, 2):
        journal = Journal(file=file)
        journal.open()
        journal.add(entry())
        assert len([json.loads(line) for line in file.read_text().splitlines()]) == expected
        journal.close()
    assert file.stat().st_mode & 0o077 == 0


def test_a_killed_process_loses_nothing_it_wrote(tmp_path: Path):
    file = tmp_path / "wire.ndjson"
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from tests.unit.mock_providers.test_journal import entry, Journal\n"
        "journal = Journal(file=Path(sys.argv[1])); journal.open()\n"
        "for number in range(100): journal.add(entry(f'o{number}'))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(file)], check=False, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    assert [json.loads(line)["order"] for line in file.read_text().splitlines()] == [f"o{n}" for n in range(100)]
