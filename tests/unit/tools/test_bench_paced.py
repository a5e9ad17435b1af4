"""
What is sent on a schedule is timed from the schedule: a server that stands still shows all who should have gone meanwhile.
"""

import asyncio
import contextlib
import socket

from loadtests.clock import wait
from tools.bench.paced import paced

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
REQUEST = b"GET / HTTP/1.1\r\n\r\n"


def told(stands_still_s, *, connections):
    """Forty requests, one each five milliseconds, at a server that answers nobody before that time is over."""

    async def story():
        opens = asyncio.Event()

        async def answer(reader, writer):
            while await reader.readuntil(b"\r\n\r\n"):
                await opens.wait()
                writer.write(ANSWER)

        visits = []

        async def served(reader, writer):
            visits.append(asyncio.current_task())
            with contextlib.suppress(asyncio.IncompleteReadError):
                await answer(reader, writer)
            writer.close()
            await writer.wait_closed()

        server = await asyncio.start_server(served, "127.0.0.1", 0, family=socket.AF_INET)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        opening = asyncio.get_running_loop().create_task(_open_after(opens, stands_still_s))
        made = await paced(
            url, [REQUEST] * 40, per_s=200, judge=lambda answer: answer[-2:].decode(), connections=connections
        )
        await asyncio.gather(opening, *visits)
        server.close()
        return made

    return asyncio.run(story())


async def _open_after(opens, seconds):
    await wait(seconds)
    opens.set()


def test_everybody_is_answered_and_counted_once():
    made = told(0.0, connections=4)

    assert made.answers == {"ok": 40}
    assert made.latency.count == 40


def test_who_could_not_go_for_want_of_a_connection_is_counted_from_when_he_should_have_gone():
    made = told(0.15, connections=2)

    # Thirty should have gone while the server stood still; two could.
    assert made.lag.count < 20
    assert made.latency.percentile_ms(50) > 20
    assert made.latency.count == 40
