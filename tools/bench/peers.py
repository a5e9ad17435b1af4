"""
`python -m tools.bench.peers FOLDER`: other simulators beside ours, in turns, on one core, asked over kept connections.

FOLDER is where `npm install stripe-stateful-mock wiremock` was run. Without callbacks our keyed orders stand against
stripe-stateful-mock's charges; with one callback for each payment, ours signed by RSA against WireMock's unsigned
webhooks. What is not there is left out, with the reason.
"""

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from tools.bench import alipay, wechatpay
from tools.bench.replay import replay
from tools.bench.server import REPO
from tools.bench.yardsticks import apart, on_core

CALLS, CALLBACKS = 4000, 1500
READY_S, PATIENCE_S = 60.0, 60.0
STRIPE_PORT, WIREMOCK_PORT = 18_300, 18_301
CHARGE = b"amount=990&currency=cny&source=tok_visa"


class _Ear(asyncio.Protocol):
    """Answers every POST with success, and counts."""

    heard = 0

    def __init__(self) -> None:
        self._got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._got += data
        while (end := self._got.find(b"\r\n\r\n")) >= 0:
            head = self._got[:end].lower()
            length = int(head.partition(b"content-length:")[2].partition(b"\r")[0] or 0)
            if len(self._got) < end + 4 + length:
                return
            self._got = self._got[end + 4 + length :]
            _Ear.heard += 1
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n\r\nsuccess")


def _post(path: str, body: bytes, more: str) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}Connection: keep-alive\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


@contextmanager
def _ours(folder: Path, core: int | None, *flags: str) -> Iterator[tuple[dict[str, Any], int]]:
    command = [sys.executable, "-m", "mock_providers", f"--credentials-dir={folder}", *flags]
    with subprocess.Popen(
        on_core(command, core), cwd=REPO, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline()), process.pid
        finally:
            process.terminate()


@contextmanager
def _theirs(command: list[str], core: int | None, *, url: str, env: dict[str, str]) -> Iterator[int]:
    env = {"PATH": os.defpath, **env}
    with subprocess.Popen(
        on_core(command, core), env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            asyncio.run(_answers(url))
            yield process.pid
        finally:
            process.terminate()


async def _answers(url: str) -> None:
    port = int(url.rpartition(":")[2])
    async with asyncio.timeout(READY_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)  # noqa: TID251  a benchmark lives in real time
                continue
            writer.close()
            return


async def _rate(url: str, requests: Sequence[bytes], *, judge: Callable[[bytes], str], pid: int) -> float:
    done = await replay(url, requests, judge=judge, pid=pid)
    if set(done.answers) != {"ok"}:
        raise SystemExit(f"peers: {url} did not answer as it should: {done.answers.most_common(2)}")
    return done.per_s


async def _told(url: str, make: Callable[[str], Sequence[bytes]], *, judge: Callable[[bytes], str], pid: int) -> float:
    """
    Payments a second, up to the last callback.
    """
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Ear, "127.0.0.1", 0)
    requests = make(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/notify")
    _Ear.heard, begun_s = 0, loop.time()
    await _rate(url, requests, judge=judge, pid=pid)
    async with asyncio.timeout(PATIENCE_S):
        while _Ear.heard < len(requests):  # noqa: ASYNC110  the ear counts and tells nobody
            await asyncio.sleep(0.005)  # noqa: TID251  a benchmark lives in real time
    elapsed_s = loop.time() - begun_s
    server.close()
    return len(requests) / elapsed_s


def keyed(core: int | None, number: int) -> float:
    """Ours by HMAC, without callbacks."""
    with tempfile.TemporaryDirectory() as name, _ours(Path(name), core) as (ready, pid):
        signer = wechatpay.Requests(Path(name))
        first = number * CALLS
        asked = [signer.unified(first + one) for one in range(CALLS)]
        return asyncio.run(_rate(str(ready["wechatpay_url"]), asked, judge=wechatpay.judge_unified, pid=pid))


def stripe(folder: Path, core: int | None) -> float:
    """Charges, without callbacks."""
    command = ["node", str(folder / "node_modules" / "stripe-stateful-mock" / "dist" / "cli.js")]
    url, more = (
        f"http://127.0.0.1:{STRIPE_PORT}",
        "Authorization: Bearer sk_test_1\r\nContent-Type: application/x-www-form-urlencoded\r\n",
    )
    with _theirs(command, core, url=url, env={"PORT": str(STRIPE_PORT), "LOG_LEVEL": "silent"}) as pid:
        asked = [_post("/v1/charges", CHARGE, more)] * CALLS
        return asyncio.run(_rate(url, asked, judge=lambda a: "ok" if b" 200 " in a[:20] else a[:200].decode(), pid=pid))


def signed(core: int | None, number: int) -> float:
    """Ours by RSA, with one notify for each payment."""
    flags = ("--buyers-pay-after-s", "0", "--notify-keep-alive-s", "5")
    with tempfile.TemporaryDirectory() as name, _ours(Path(name), core, *flags) as (ready, pid):

        def make(notify_url: str) -> list[bytes]:
            signer = alipay.Requests(Path(name), notify_url=notify_url)
            return [signer.precreate(number * CALLBACKS + one) for one in range(CALLBACKS)]

        return asyncio.run(_told(str(ready["alipay_url"]), make, judge=alipay.judge, pid=pid))


def wiremock(folder: Path, core: int | None) -> float:
    """A stub that answers and sends a webhook."""
    (jar,) = (folder / "node_modules" / "wiremock" / "build").glob("*.jar")
    command = ["java", "-jar", str(jar), "--port", str(WIREMOCK_PORT), "--disable-banner", "--no-request-journal"]
    command += ["--use-chunked-encoding", "never"]
    url = f"http://127.0.0.1:{WIREMOCK_PORT}"
    with tempfile.TemporaryDirectory() as root, _theirs([*command, "--root-dir", root], core, url=url, env={}) as pid:

        def make(notify_url: str) -> list[bytes]:
            webhook = {"method": "POST", "url": notify_url, "body": '{"type":"payment.paid"}'}
            stub = {
                "request": {"method": "POST", "url": "/pay"},
                "response": {"status": 200, "body": '{"id":"1"}'},
                "serveEventListeners": [{"name": "webhook", "parameters": webhook}],
            }
            asked = urllib.request.Request(f"{url}/__admin/mappings", json.dumps(stub).encode(), method="POST")  # noqa: S310
            with urllib.request.urlopen(asked) as answer:  # noqa: S310  loopback
                answer.read()
            return [_post("/pay", b'{"amount":990}', "Content-Type: application/json\r\n")] * CALLBACKS

        return asyncio.run(_told(url, make, judge=lambda a: "ok" if b" 200 " in a[:20] else a[:200].decode(), pid=pid))


def main(argv: list[str]) -> None:
    """
    Play the pairs in turns; one JSON object for each.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.bench.peers")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args(argv)
    modules = chosen.folder / "node_modules"
    pairs = (
        ("no callbacks: ours by HMAC / stripe-stateful-mock", "node", "stripe-stateful-mock", keyed, stripe),
        ("one callback each: ours by RSA / WireMock unsigned", "java", "wiremock", signed, wiremock),
    )
    with apart() as core:
        for name, program, package, ours, theirs in pairs:
            if shutil.which(program) is None or not (modules / package).is_dir():
                print(json.dumps({"pair": name, "skipped": f"no {program}, or no {package} in {modules}"}), flush=True)
                continue
            made = [(ours(core, n), theirs(chosen.folder, core)) for n in range(chosen.rounds)]
            ratios = [a / b for a, b in made]
            told = {
                "pair": name,
                "ours_per_s": round(statistics.median(a for a, _ in made)),
                "theirs_per_s": round(statistics.median(b for _, b in made)),
                "ratio": round(statistics.median(ratios), 2),
                "spread": [round(min(ratios), 2), round(max(ratios), 2)],
                "rounds": len(made),
            }
            print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
