"""
`payproof providers --tls --proxy`, as a person has it: told where the doors are, and a client goes through one.
"""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes.command import Up
from tests.processes.helpers import open_folder

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc to see who is alive"),
]
CLIENT = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=10).status)"


def test_the_front_doors_are_open_kept_and_told():
    with open_folder() as folder:
        home = folder / "home"
        with Up(home, "--tls", "--proxy", command="providers", PAYPROOF_PROVIDERS_VENDOR_PORTS="false").serving() as up:
            proxy, ca_file = up.where("vendors' hosts, by proxy"), up.where("certificate to trust")
            tls, snippets = up.where("vendors' hosts, by TLS"), Path(up.where("snippets for SDKs"))
            ended = subprocess.run(
                [sys.executable, "-I", "-S", "-c", CLIENT, "https://openapi.alipay.com/gateway.do"],
                env={"HTTPS_PROXY": proxy, "SSL_CERT_FILE": ca_file},
                check=False, capture_output=True, text=True, timeout=30,
            )  # fmt: skip
            assert (ended.stdout, ended.returncode) == ("200\n", 0), ended.stderr
            assert proxy in (snippets / "environment.md").read_text()
            assert up.end(signal.SIGTERM) == 0
        kept = json.loads((home / "ports.json").read_text())
    assert [proxy, tls] == [f"http://127.0.0.1:{kept['proxy']}", f"https://127.0.0.1:{kept['tls']}"]
