"""
In a network of its own: the simulator with every door open, and clients that use them or ignore them, as JSON.

Exit code 77 with a reason on stdout: this machine cannot give what is needed.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.sdk.kit.namespace import NoNamespaceError, enter
from tests.sdk.kit.world import INSTALLED, built_environment

ROOT = Path(__file__).parents[2]
CANNOT = 77
GATEWAY = "https://openapi.alipay.com/gateway.do"
_PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def curl(*arguments: str, **environment: str) -> tuple[int, str]:
    """
    Exit code, and the status or the complaint.
    """
    command = [str(shutil.which("curl")), "-sS", "--max-time", "5", "-o", os.devnull, "-w", "%{http_code}", *arguments]
    ended = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=20, env={"PATH": os.defpath, **environment}
    )
    return ended.returncode, ended.stdout


def clients(ready: dict[str, Any]) -> dict[str, tuple[int, str]]:
    """
    How each kind of client fares.
    """
    proxied = {"HTTPS_PROXY": ready["proxy_url"], "CURL_CA_BUNDLE": ready["ca_file"]}
    aliased = ["--resolve", "openapi.alipay.com:443:127.0.0.1", "--cacert", ready["ca_file"]]
    return {
        "honours the proxy": curl(GATEWAY, **proxied),
        "ignores the proxy": curl("--noproxy", "*", GATEWAY, **proxied),
        "ignores names as well": curl("--noproxy", "*", "--resolve", "openapi.alipay.com:443:110.75.132.1", GATEWAY),
        "has a hosts entry": curl(*aliased, GATEWAY),
        "speaks plain HTTP to port 80": curl("http://127.0.0.1/gateway.do"),
    }


def by_snippet(folder: str) -> str:
    """
    What the official SDK is told on port 80, when it is set up by its snippet and by nothing else.
    """
    from alipay.aop.api.request.AlipayTradeQueryRequest import AlipayTradeQueryRequest  # noqa: PLC0415

    names: dict[str, Any] = {}
    code = _PYTHON.findall((Path(folder) / "alipay-sdk-python.md").read_text())
    exec(code[0], names)  # noqa: S102  the snippet is what is tested
    ask = AlipayTradeQueryRequest()
    ask.biz_content = {"out_trade_no": "never-heard-of"}
    told = [names["client"].execute(ask)]
    # The second way: the address unchanged, as with a hosts entry and SSL_CERT_FILE.
    exec(code[1], names)  # noqa: S102
    names["client"] = names["DefaultAlipayClient"](names["config"])
    look_up = socket.getaddrinfo
    socket.getaddrinfo = lambda host, *more, **others: look_up("127.0.0.1", *more, **others)
    told.append(names["client"].execute(ask))
    return json.dumps(told)


def by_proxy(ready: dict[str, Any]) -> str:
    """
    What the community's SDK is told, its own address unchanged, by the proxy and the bundle of its snippet.
    """
    code = _PYTHON.findall((Path(ready["snippets"]) / "python-alipay-sdk.md").read_text())[0]
    code = "\n".join(line for line in code.splitlines() if "_gateway" not in line)
    code += "\nimport json; print(json.dumps(client.api_alipay_trade_query(out_trade_no='never-heard-of')))\n"
    ended = subprocess.run(
        [sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True, timeout=30,
        env={**built_environment(INSTALLED / "python-alipay-sdk"), "HTTPS_PROXY": ready["proxy_url"], "SSL_CERT_FILE": ready["ca_file"]},
    )  # fmt: skip
    return ended.stdout


def main(directory: str) -> int:
    try:
        enter()
    except NoNamespaceError as problem:
        sys.stdout.write(str(problem))
        return CANNOT
    command = [sys.executable, "-m", "mock_providers", "--credentials-dir", directory]
    environment = {"PATH": os.defpath, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [*command, "--tls-port", "0", "--proxy-port", "0", "--snippets"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            os.environ["SSL_CERT_FILE"] = ready["ca_file"]  # noqa: TID251  a client of Python's own reads it
            told = {"ready": ready, "clients": clients(ready), "snippet": by_snippet(ready["snippets"])}
            told["proxied"] = by_proxy(ready)
        finally:
            process.terminate()
    sys.stdout.write(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
