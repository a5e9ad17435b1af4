"""
Where notifies arrive during an SDK's steps: kept as they came, acknowledged in the vendor's words, handed out on request.

A tiny HTTP server, so that programs in every language read their notifies in the same way. It judges nothing.
"""

import json
import queue
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

WAIT_S = 60

# What each vendor takes for an acknowledgement, by what it sent.
_ACKS = {
    ("alipay", "form"): (200, "text/plain", b"success"),
    ("wechatpay", "json"): (204, "", b""),
    ("wechatpay", "xml"): (200, "text/xml", b"<xml><return_code><![CDATA[SUCCESS]]></return_code></xml>"),
    ("unionpay", "form"): (200, "text/plain", b"ok"),
}


@dataclass(frozen=True, slots=True)
class _Kept:
    """A notify in its place in the queue, from its arrival on; handed out once it is answered."""

    told: Mapping[str, object]
    answered: threading.Event = field(default_factory=threading.Event)


class _Shelves:
    """One queue for each notify address, in the order of arrival."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queues: dict[str, queue.Queue[_Kept]] = {}

    def of(self, address: str) -> "queue.Queue[_Kept]":
        with self._lock:
            return self._queues.setdefault(address, queue.Queue())


@contextmanager
def desk() -> Iterator[str]:
    """
    The desk's URL while it is open: notifies go to `/notify/<provider>/<tag>`, `GET /next/<provider>/<tag>` waits for one.
    """
    shelves = _Shelves()

    class Handler(_Handler):
        _shelves = shelves

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    _shelves: _Shelves

    def do_POST(self) -> None:
        self._take()

    def do_GET(self) -> None:
        where, _, address = urlsplit(self.path).path.strip("/").partition("/")
        if where == "next":
            self._hand_out(address)
        else:
            self._take()

    def log_message(self, *_: object) -> None:
        """Say nothing; stdout is the report."""

    def _take(self) -> None:
        where, _, address = urlsplit(self.path).path.strip("/").partition("/")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        told = {
            "method": self.command,
            "target": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body_base64": b64encode(body).decode(),
        }
        if where != "notify":
            self._answer(404, "text/plain", b"notifies go to /notify")
            return
        # Its place is taken before the answer, which the platform's next delivery may be waiting for; a step gets it only
        # after the answer, because it may end the world then.
        kept = _Kept(told)
        self._shelves.of(address).put(kept)
        kind = "json" if "json" in self.headers.get("Content-Type", "") else "xml" if body[:1] == b"<" else "form"
        self._answer(*_ACKS.get((address.partition("/")[0], kind), (200, "text/plain", b"ok")))
        kept.answered.set()

    def _hand_out(self, address: str) -> None:
        try:
            kept = self._shelves.of(address).get(timeout=WAIT_S)
        except queue.Empty:
            self._answer(504, "text/plain", f"no notify came to {address} within {WAIT_S} s".encode())
        else:
            kept.answered.wait(WAIT_S)
            self._answer(200, "application/json", json.dumps(kept.told).encode())

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        if content_type:
            self.send_header("Content-Type", content_type)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
