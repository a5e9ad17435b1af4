"""
What an SDK's child process has around it: the simulator as a process, a notify address, and the control API.

Blocking on purpose, as the SDKs are.
"""

import json
import os
import queue
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

ROOT = Path(__file__).parents[2]
# Where setup puts it, out of the way of the official SDK.
COMMUNITY_SDK = Path(sys.prefix) / "sdk" / "python-alipay-sdk"
WAIT_S = 20


def built_environment(*first: Path) -> dict[str, str]:
    """
    Nothing inherited: no proxy, no certificate bundle and no setting of the machine reaches an SDK.

    Args:
        first: folders whose modules win over installed ones.
    """
    return {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(map(str, (*first, ROOT))), "LC_ALL": "C.UTF-8"}


@dataclass
class SdkWorld:
    """The simulator's addresses, the merchant's files, and the notifies as they arrived."""

    gateway_url: str
    control_url: str
    notify_url: str
    directory: Path
    notifies: "queue.Queue[bytes]"

    def text(self, name: str) -> str:
        return (self.directory / "alipay" / name).read_text()

    def control(self, path: str, body: Any) -> Any:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        request = urllib.request.Request(  # noqa: S310  our own control API
            f"{self.control_url}/control/v1{path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with opener.open(request, timeout=WAIT_S) as answer:
            return json.load(answer)

    def pay(self, order: str) -> None:
        self.control(f"/trades/alipay/{order}/buyer", {"action": "pay"})

    def notify(self) -> dict[str, str]:
        """
        The next notify, its raw body form-decoded and nothing more.
        """
        body = self.notifies.get(timeout=WAIT_S)
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True))


@contextmanager
def sdk_world(directory: Path, *, port: int) -> Iterator[SdkWorld]:
    """
    A simulator that forges one notify before each true one; *port* 0 takes a free one.
    """
    profile = directory.parent / "forged.yaml"
    profile.write_text("rules:\n  - {id: forged, fault: forged_signature}\n")
    command = [sys.executable, "-m", "mock_providers", "--credentials-dir", str(directory)]
    command += ["--alipay-port", str(port), "--faults-file", str(profile)]
    with (
        _notify_address() as (notify_url, notifies),
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=built_environment()) as process,
    ):
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            gateway_url = ready["alipay_url"].removesuffix(":80") + "/gateway.do"
            yield SdkWorld(gateway_url, ready["control_url"], notify_url, directory, notifies)
        finally:
            process.terminate()


@contextmanager
def _notify_address() -> Iterator[tuple[str, "queue.Queue[bytes]"]]:
    notifies: queue.Queue[bytes] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            notifies.put(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"success")

        def log_message(self, *_: object) -> None:
            """Say nothing; stdout is the report."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/notify/alipay?shop=1", notifies
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
