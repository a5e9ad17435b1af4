"""
The journal keeps raw bytes, a cap and a file that survives a kill.
"""

import base64
import json
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from mock_providers.core.journal import Entry, Journal, RawRequest, RawResponse

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
