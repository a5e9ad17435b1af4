"""
What a merchant's answer is taken for, byte by byte, and what merchants that misbehave cost.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime

import pytest

from harness.world.virtual_clock import VirtualClock
from harness.world.virtual_loop import VirtualLoop
from mock_providers.core.notifies.copies import Attempt, Delivery, Sought
from tests.loopback.sandbox import Sandbox, sandbox

T0 = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
Talk = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\n"


@asynccontextmanager
async def merchant(box: Sandbox, talk: Talk) -> AsyncIterator[list[bytes]]:
    """
    A notify address that speaks raw bytes: *talk* gets each request and writes what it likes; then the line is cut.
    """
    heads: list[bytes] = []
    # Whoever is noted is closed, also a talk that was cancelled before its first step.
    talks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
            heads.append(head)
            await talk(head, writer)

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks[asyncio.create_task(listen(reader, writer))] = writer

    async with await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024) as server:
        box.receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/n?shop=1"
        yield heads
        for running in talks:
            running.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
        for writer in talks.values():
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in talks.values()), return_exceptions=True)


def says(answer: bytes) -> Talk:
    async def talk(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    return talk


def sized(body: bytes, *, start: bytes = OK) -> bytes:
    return start + b"Content-Length: %d\r\n\r\n" % len(body) + body


ACKNOWLEDGED = [
    sized(b"success"),
    OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nsuc\r\n4\r\ncess\r\n0\r\n\r\n",
    OK + b"Connection: close\r\n\r\nsuccess",
    b"HTTP/1.0 200 Fine\r\n\r\nsuccess",
    sized(b"success", start=OK + b"Content-Type: application/json\r\n"),
]
REFUSED = [
    sized(b"SUCCESS"),
    sized(b"Success"),
    sized(b'"success"'),
    sized(b"success\n"),
    sized(b"success\r\n"),
    sized(b" success"),
    sized(b"success "),
    sized(b"\xef\xbb\xbfsuccess"),
    sized(b"success\0"),
    sized("success".encode("utf-16")),
    sized(b"<html>success</html>"),
    sized(b'{"code":"success"}'),
    sized(b"fail"),
    sized(b""),
    sized(b"successsuccess"),
    sized(b"success" + b" " * 100_000),
    sized(b"success", start=b"HTTP/1.1 201 Created\r\n"),
    sized(b"success", start=b"HTTP/1.1 202 Accepted\r\n"),
    sized(b"success", start=b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n"),
    sized(b"success", start=b"HTTP/1.1 500 Internal Server Error\r\n"),
    b"HTTP/1.1 204 No Content\r\n\r\n",
    OK + b"Content-Length: 70\r\n\r\nsuccess",
    OK + b"Content-Encoding: gzip\r\nContent-Length: 7\r\n\r\nsuccess",
    b"success",
    b"",
    b"\x16\x03\x01\x02",
]


@pytest.mark.asyncio
@pytest.mark.parametrize("answer", ACKNOWLEDGED)
async def test_the_seven_characters_however_they_are_framed_end_the_ladder(box, answer):
    async with merchant(box, says(answer)) as heads:
        await box.pay()
        clock = await box.advance(90_000)
    assert (len(heads), clock["pending"]) == (1, 0)
    assert (await box.control("GET", "/counts"))["notifies_acked"] == 1


@pytest.mark.asyncio
@pytest.mark.parametrize("answer", REFUSED)
async def test_anything_else_is_no_acknowledgement(box, answer):
    async with merchant(box, says(answer)) as heads:
        await box.pay()
        clock = await box.advance(90_000)
    assert (len(heads), clock["pending"]) == (8, 0)
    assert (await box.control("GET", "/counts"))["notifies_acked"] == 0


@pytest.mark.asyncio
async def test_a_reset_in_the_middle_costs_one_rung(box):
    async def reset(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"Content-Length: 7\r\n\r\nsucc")
        writer.transport.abort()

    async with merchant(box, reset) as heads:
        await box.pay()
        await box.advance(240)
    assert len(heads) == 2
    assert all(entry["response"] is None and entry["error"] for entry in await box.journal("out"))


@pytest.mark.asyncio
async def test_every_delivery_has_a_connection_of_its_own_and_says_so(box):
    # This merchant promises to keep the connection and cuts it: no later delivery may suffer from that.
    async with merchant(box, says(sized(b"not yet"))) as heads:
        await box.pay()
        await box.advance(90_000)
    assert len(heads) == 8
    assert all(b"\r\nConnection: close\r\n" in head for head in heads)
    assert all(b"\r\nUser-Agent: Mozilla/4.0\r\n" in head for head in heads)
    assert all(head.startswith(b"POST /n?shop=1 HTTP/1.1\r\n") for head in heads)
    assert [entry["error"] for entry in await box.journal("out")] == [None] * 8


@pytest.mark.parametrize(("after_s", "acked"), [(7.9, 600), (8.1, 0)])
def test_each_delivery_has_the_whole_time_however_many_wait_to_be_sent(credentials_dir, after_s, acked):
    async def world() -> tuple[int, set[str | None]]:
        async def slow(_: bytes, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(after_s)  # noqa: TID251  virtual time
            writer.write(sized(b"success"))

        async with sandbox(credentials_dir, clock=VirtualClock(T0), schedule_rate=0.0) as box:
            copies = {"copies": 59, "concurrent": True}
            rule = {"id": "burst", "fault": "duplicate", "with": copies}
            await box.control("POST", "/faults/rules", rule)
            async with merchant(box, slow):
                for number in range(10):
                    await box.pay(f"o{number}")
                await box.advance(0)
                counts = await box.control("GET", "/counts")
                return counts["notifies_acked"], {entry["error"] for entry in await box.journal("out")}

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(world()) == (acked, {None} if acked else {"no answer within 8 s"})


def _alive() -> int:
    return sum(isinstance(one, Delivery | Attempt) for one in gc.get_objects())


@pytest.mark.asyncio
async def test_what_is_over_is_forgotten_by_attempts_and_leaves_nothing_behind(credentials_dir):
    async with sandbox(credentials_dir, notifies_kept=4) as box:
        await box.rule("duplicate", {"on": "notify", "order": "*"}, copies=1)
        notifier = box.simulator.notifier
        gc.collect()
        before = _alive()
        gc.disable()
        try:
            for number in range(1, 6):
                await box.pay(f"o{number}", label=f"pp00000{number}")
                await box.receiver.until(2 * number)
                await box.simulator.schedule.quiet()
            added = _alive() - before
        finally:
            gc.enable()

        known = notifier.matching(Sought())
        assert [one.attempt.notice.out_trade_no for one in known] == ["o4", "o4", "o5", "o5"]
        # No collector was needed to find the others.
        assert added == len(known) + 2
        assert notifier.pending == 0


@pytest.mark.asyncio
async def test_what_is_still_to_be_told_is_never_forgotten(credentials_dir):
    async with sandbox(credentials_dir, notifies_kept=1) as box:
        box.receiver.answer = lambda one: (200, b"fail" if one.fields["out_trade_no"] == "o1" else b"success")
        for number in range(1, 5):
            await box.pay(f"o{number}", label=f"pp00000{number}")
            await box.receiver.until(number)
        await box.simulator.schedule.quiet()

        known = [(one.attempt.notice.out_trade_no, one.state) for one in box.simulator.notifier.matching(Sought())]
        assert known == [("o1", "pending"), ("o4", "done")]
