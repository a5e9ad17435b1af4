"""
What becomes of answers on the wire, byte by byte: what a client sees, what the journal says, and whether work was done.
"""

import asyncio
import json
from datetime import UTC, datetime
from itertools import pairwise
from urllib.parse import urlencode

import pytest

from harness.world.virtual_clock import VirtualClock
from harness.world.virtual_loop import VirtualLoop
from tests.loopback.sandbox import Sandbox, answer_body, sandbox

T0 = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BUSINESS = {"out_trade_no": "o1", "total_amount": "1.23", "subject": "tip pp000001"}


async def raw_precreate(box: Sandbox) -> tuple[bytes, bool, list[float]]:
    """
    A signed call over a bare socket.

    Returns:
        What came, whether the line was reset, and when each piece arrived.
    """
    params = box.merchant.signed("alipay.trade.precreate", BUSINESS, notify_url=box.receiver.url)
    body = urlencode(params).encode()
    host, _, port = box.simulator.alipay_url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST /gateway.do HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
    writer.write(head.encode() + b"Content-Type: application/x-www-form-urlencoded\r\n\r\n" + body)
    came, times = bytearray(), []
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    try:
        while piece := await reader.read(65_536):
            came += piece
            times.append(loop.time() - begun_s)
        return bytes(came), False, times
    except ConnectionResetError:
        return bytes(came), True, times
    finally:
        writer.close()


async def known(box: Sandbox) -> bool:
    return bool((await box.control("GET", "/trades"))["items"])


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("fault", "settings", "reset", "done"),
    [
        ("timeout_after", {}, False, True),
        ("timeout_before", {}, False, False),
        ("reset_after", {}, True, True),
        ("reset_before", {}, True, False),
    ],
)
async def test_a_line_that_is_closed_or_torn_down_carries_not_one_byte(box, fault, settings, reset, done):
    await box.rule(fault, {"on": "reply"}, **settings)
    assert await raw_precreate(box) == (b"", reset, [])
    (entry,) = await box.journal("in")
    assert (entry["fault"], entry["response"]) == (fault, None)
    assert entry["error"] == f"connection {'reset' if reset else 'closed'} instead of an answer"
    assert await known(box) is done


@pytest.mark.asyncio
@pytest.mark.parametrize("work", [True, False])
@pytest.mark.parametrize(
    ("status", "reason"), [(500, b"Internal"), (502, b"Bad Gateway"), (503, b"Service"), (504, b"G")]
)
async def test_a_middle_box_answers_in_html_whether_or_not_work_was_done(box, status, reason, work):
    await box.rule("http_error", {"on": "reply"}, status=status, work=work)
    came, reset, _ = await raw_precreate(box)
    (entry,) = await box.journal("in")
    head, _, body = came.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status + reason)
    assert (body, reset) == (answer_body(entry), False)
    assert body.startswith(b"<html>")
    assert b"\r\nContent-Type: text/html\r\n" in head
    assert (entry["response"]["status"], await known(box)) == (status, work)


@pytest.mark.asyncio
@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
async def test_a_truncated_answer_promises_more_than_comes(box, share):
    await box.rule("truncated", {"on": "reply"}, share=share)
    came, reset, _ = await raw_precreate(box)
    head, _, body = came.partition(b"\r\n\r\n")
    promised = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    (entry,) = await box.journal("in")
    assert (len(body), reset) == (int(promised * share), False)
    assert body == answer_body(entry)
    assert entry["error"] == f"connection closed after {len(body)} of {promised} bytes of the body"
    assert await known(box)


@pytest.mark.asyncio
async def test_a_malformed_body_has_its_length_and_no_language(box):
    await box.rule("malformed_body", {"on": "reply"})
    came, _, _ = await raw_precreate(box)
    body = came.partition(b"\r\n\r\n")[2]
    (entry,) = await box.journal("in")
    half = len(body) - len(body) // 2
    assert body == answer_body(entry)
    assert (body[half:] + body[:half]).startswith(b'{"alipay_trade_precreate_response":{"code":"10000"')
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


def test_an_answer_drips_for_as_long_as_it_was_told_and_arrives_whole(credentials_dir):
    async def world() -> tuple[bytes, list[float], bytes]:
        async with sandbox(credentials_dir, clock=VirtualClock(T0), schedule_rate=0.0) as box:
            await box.rule("slow_drip", {"on": "reply"}, seconds=60)
            came, _, times = await raw_precreate(box)
            return came.partition(b"\r\n\r\n")[2], times, answer_body((await box.journal("in"))[0])

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        body, times, journalled = runner.run(world())
    assert body == journalled
    assert len(times) > 10
    assert times[-1] == pytest.approx(60, abs=0.1)
    assert max(later - sooner for sooner, later in pairwise(times)) < 10


@pytest.mark.parametrize("fault", ["timeout_after", "timeout_before"])
def test_a_timeout_keeps_the_line_open_and_silent(credentials_dir, fault):
    async def world() -> tuple[bytes, float]:
        loop = asyncio.get_running_loop()
        async with sandbox(credentials_dir, clock=VirtualClock(T0), schedule_rate=0.0) as box:
            await box.rule(fault, {"on": "reply"}, hold_s=90)
            begun_s = loop.time()
            came, _, _ = await raw_precreate(box)
            return came, loop.time() - begun_s

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        came, waited_s = runner.run(world())
    assert came == b""
    assert waited_s == pytest.approx(90, abs=0.1)


def test_a_client_that_loses_patience_harms_nobody(credentials_dir):
    async def world() -> tuple[str, bool]:
        async with sandbox(credentials_dir, clock=VirtualClock(T0), schedule_rate=0.0) as box:
            await box.rule("slow_drip", {"on": "reply", "first": 1}, seconds=60)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(5):
                    await raw_precreate(box)
            await asyncio.sleep(100)  # noqa: TID251  virtual time
            return (await box.precreate())["code"], await known(box)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(world()) == ("10000", True)


@pytest.mark.asyncio
async def test_a_fault_strikes_one_attempt_of_one_api_and_the_next_is_answered(box):
    await box.rule("reset_before", {"api": "alipay.trade.*", "nth": 1})
    assert (await raw_precreate(box))[1]
    assert (await box.precreate())["code"] == "10000"
    assert [entry["fault"] for entry in await box.journal("in")] == ["reset_before", None]


def test_a_call_that_is_held_up_is_worked_on_late(credentials_dir):
    async def story() -> tuple[list[bool], bytes]:
        async with sandbox(credentials_dir, clock=VirtualClock(T0), schedule_rate=0.0) as box:
            await box.rule("held_up", {"on": "reply"}, seconds=5)
            call = asyncio.create_task(raw_precreate(box))
            await asyncio.sleep(4)  # noqa: TID251  virtual time
            before = await known(box)
            came, _, _ = await call
            return [before, await known(box)], came

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        found, came = runner.run(story())
    assert found == [False, True]
    assert came.startswith(b"HTTP/1.1 200")
