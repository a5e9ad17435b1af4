"""
What several processes agree on without talking: numbers, whose a request is, where it ends, and how lists are put together.
"""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_providers.core.numbers import ALONE, Numbers
from mock_providers.core.wire.identities import Identities, merchant_folders
from mock_providers.workers.framing import Unreadable, expects_go_ahead, request_end
from mock_providers.workers.merging import added_up, clock_of, parts_of, share_out

BODIES = st.binary(max_size=300)
CHUNKS = st.lists(st.binary(min_size=1, max_size=60), max_size=5)


@given(count=st.integers(1, 9), inner=st.integers(1, 10_000), data=st.data())
def test_numbers_of_several_processes_never_meet(count, inner, data):
    index = data.draw(st.integers(0, count - 1))
    numbers = Numbers(index, count)
    outer = numbers.outer(inner)
    assert (numbers.inner(outer), numbers.owner(outer), numbers.ours(outer)) == (inner, index, True)
    assert [place for place in range(count) if Numbers(place, count).ours(outer)] == [index]
    # A cursor that another process gave stands between two of ours.
    assert numbers.inner(outer + 1) == inner or count == 1


def test_a_process_alone_numbers_as_it_counts():
    assert [ALONE.outer(number) for number in range(4)] == [0, 1, 2, 3]
    assert [ALONE.inner(number) for number in range(4)] == [0, 1, 2, 3]


def credentials(folder: Path, **facts: str) -> Path:
    folder.mkdir(parents=True)
    said = {"alipay": {**facts, "files": {"key.pem": "alipay/key.pem"}}}
    (folder / "credentials.json").write_text(json.dumps(said))
    return folder


def test_the_merchant_who_is_named_first_is_meant(tmp_path):
    first = credentials(tmp_path / "a", app_id="2021000000000001", seller_id="2088000000000001", charset="utf-8-utf")
    second = credentials(tmp_path / "b", app_id="2021000000000002", seller_id="2088000000000002", gateway="samesame")
    third = credentials(tmp_path / "c", app_id="2021000000000003", gateway="samesame", short="1234567")
    identities = Identities([first, second, third])
    assert identities.place_of(b"app_id=2021000000000002&seller_id=2088000000000001") == 1
    assert identities.place_of(b"nothing", b"%7B%22seller_id%22%3A%222088000000000001%22%7D") == 0
    assert identities.place_of(b"samesame 1234567 utf-8-utf") is None
    assert identities.place_of(b"2021000000000003") == 2


def test_the_first_merchants_keys_stay_where_they_are(tmp_path):
    assert merchant_folders(tmp_path, 3) == (tmp_path, tmp_path / "merchants" / "2", tmp_path / "merchants" / "3")


@given(body=BODIES, rest=st.binary(max_size=50), method=st.sampled_from(["GET", "POST"]))
def test_a_request_of_known_length_ends_where_it_says(body, rest, method):
    length = f"content-LENGTH:  {len(body)} \r\n" if body or method == "POST" else ""
    whole = f"{method} / HTTP/1.1\r\nHost: a\r\n{length}\r\n".encode() + body
    assert request_end(whole + rest) == len(whole)
    for cut in range(0, len(whole), 7):
        seen = request_end(whole[:cut])
        assert seen is None or seen == len(whole) > cut


@given(chunks=CHUNKS, rest=st.binary(max_size=50), trailer=st.booleans())
def test_a_request_in_chunks_ends_behind_the_last(chunks, rest, trailer):
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    pieces = b"".join(b"%x;a=b\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    whole = head + pieces + (b"0\r\nX: y\r\n\r\n" if trailer else b"0\r\n\r\n")
    assert request_end(whole + rest) == len(whole)
    assert all(request_end(whole[:cut]) is None for cut in range(len(whole)))


@pytest.mark.parametrize("raw", [b"x" * 200_000, b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"z" * 300])
def test_what_never_ends_is_left_to_the_server(raw):
    with pytest.raises(Unreadable):
        request_end(raw)


def test_a_client_that_asks_first_is_seen():
    assert expects_go_ahead(b"POST / HTTP/1.1\r\nExpect: 100-Continue\r\n\r\n")
    assert not expects_go_ahead(b"POST / HTTP/1.1\r\n\r\nexpect: 100-continue\r\n\r\n")
    assert not expects_go_ahead(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\n")


@pytest.mark.parametrize(
    ("cursor", "parts"),
    [
        (None, ["0", "0"]),
        ("", ["0", "0"]),
        ("7", ["7", "7"]),
        ("7.x", ["7", "x"]),
        *((bad, None) for bad in ("x", "7.8.9", "a.b", "-1", "7.", "٣.٣")),
    ],
)
def test_a_cursor_is_a_number_for_each_worker(cursor, parts):
    assert parts_of(cursor, 2) == parts


@given(pages=st.lists(st.lists(st.integers(0, 30), max_size=8), min_size=1, max_size=4), limit=st.integers(1, 20))
def test_pages_are_put_together_in_time_and_each_in_its_own_order(pages, limit):
    rows = [[{"at": f"{moment:03}", "from": (place, number)} for number, moment in enumerate(page)]
            for place, page in enumerate(pages)]  # fmt: skip
    items, counts = share_out(rows, by="at", limit=limit)
    assert len(items) == min(limit, sum(map(len, pages))) == sum(counts)
    for place in range(len(pages)):
        mine = [number for owner, number in (item["from"] for item in items) if owner == place]
        assert mine == list(range(counts[place]))
    if all(page == sorted(page) for page in pages):
        assert [item["at"] for item in items] == sorted(item["at"] for item in items)


def test_numbers_are_summed_and_the_latest_clock_counts():
    assert added_up([{"a": 1, "b": 0}, {"a": 2, "b": 5}]) == {"a": 3, "b": 5}
    readings = [
        {"schedule_at": "2026-11-27T01:00:00", "stamp_at": "s", "rate": 1.0, "pending": 2},
        {"schedule_at": "2026-11-27T02:00:00", "stamp_at": "t", "rate": 1.0, "pending": 3},
    ]
    assert clock_of(readings) == {**readings[0], "schedule_at": "2026-11-27T02:00:00", "pending": 5}
