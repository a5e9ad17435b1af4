"""
The fast lane takes what is plain and leaves the rest, with every byte, to the full server.
"""

import asyncio

import pytest

from mock_providers.core.wire.journal import RawRequest
from mock_providers.core.wire.lane import Lane, LaneConnection, plain_request
from mock_providers.core.wire.reply import WireReply

PLAIN = b"POST /gateway.do?a=%41 HTTP/1.1\r\nHost: h\r\nX-Odd: a: b\r\nContent-Length: 3\r\n\r\nb=1"


def test_a_plain_request_is_read_as_it_stands():
    request, rest = plain_request(PLAIN + b"GET")
    headers = (("Host", "h"), ("X-Odd", "a: b"), ("Content-Length", "3"))
    assert (request, rest) == (RawRequest("POST", "/gateway.do?a=%41", headers, b"b=1"), b"GET")


@pytest.mark.parametrize("end", [1, 3, 5, 20, len(PLAIN) - 1])
def test_what_is_not_whole_waits(end):
    assert plain_request(PLAIN[:end]) == (None, None)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"HTTP/1.1", b"HTTP/1.0"), (b"POST", b"PUT"), (b"POST /", b"POST  /"), (b"Host: h", b"Hast: h"),
        (b"Host: h", b"Host: h\r\nHost: h"), (b"Host: h", b"Host: h\r\n folded: x"), (b"X-Odd", b"Expect"),
        (b"X-Odd", b"Transfer-Encoding"), (b"X-Odd: a: b", b"Connection: close"), (b"X-Odd", b"Content-Length"),
        (b"X-Odd: a", b"X-Odd:a"), (b"X-Odd: ", b"X-Odd:  "), (b"X-Odd", b"X Odd"), (b"a: b", b"a\x00b"),
        (b": 3", b": +3"), (b": 3", b": 99999999"), (b": 3", b": 300000"), (b"/gateway", b"/g\xc3\xa4teway"),
    ],
)  # fmt: skip
def test_what_is_odd_is_left_alone(old, new):
    odd = PLAIN.replace(old, new, 1)
    assert plain_request(odd) == (None, odd)


@pytest.mark.parametrize(
    "garbage", [b"\x16\x03\x01", b"hello\r\n", b"SSH-2.0", b"GETX / HTTP/1.1", b"GET " + b"x" * 20_000]
)
def test_what_is_no_beginning_of_http_is_left_alone(garbage):
    assert plain_request(garbage) == (None, garbage)


class Full(asyncio.Protocol):
    """What the full server would see."""

    def __init__(self) -> None:
        self.got = b""

    def data_received(self, data: bytes) -> None:
        self.got += data


class Wire:
    """A transport that remembers."""

    def __init__(self) -> None:
        self.sent = b""
        self.protocol: asyncio.BaseProtocol | None = None

    def write(self, data: bytes) -> None:
        self.sent += data

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol


def connection(*, serve=lambda _request, _transport: WireReply(200, (("A", "b"),), b"ok")):
    full, wire = Full(), Wire()
    lane = Lane(serve=serve, http=lambda: full, date=lambda: b"D")
    one = LaneConnection(lane)
    one.connection_made(wire)  # type: ignore[arg-type]  # all that a lane needs of a transport
    return one, full, wire


def test_requests_in_one_piece_are_answered_in_their_order():
    one, full, wire = connection()
    one.data_received(PLAIN + PLAIN[:30])
    one.data_received(PLAIN[30:])
    assert wire.sent == 2 * b"HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 2\r\nDate: D\r\n\r\nok"
    assert full.got == b""


def test_an_answer_that_is_to_be_rude_goes_to_the_full_server_with_its_request():
    one, full, wire = connection(serve=lambda request, _: None if request.body == b"b=2" else WireReply(204, (), b""))
    rude = PLAIN.replace(b"b=1", b"b=2")
    one.data_received(PLAIN + rude + PLAIN)
    assert wire.sent == b"HTTP/1.1 204 No Content\r\nDate: D\r\n\r\n"
    assert (wire.protocol, full.got) == (full, rude + PLAIN)
