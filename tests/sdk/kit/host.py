"""
One SDK's world: moves into a network of its own, starts the simulator and the desk, lets the SDK's program run its steps.

Prints the program's report on stdout. Exit code 77 with a reason: this machine cannot give what this SDK needs.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mock_providers.front.hosts import VENDORS
from tests.sdk.kit.card import ROOT, Card, read_card
from tests.sdk.kit.desk import desk
from tests.sdk.kit.namespace import NoNamespaceError, enter
from tests.sdk.kit.world import INSTALLED, built_environment

CANNOT = 77
_NODE = INSTALLED / "node"
_GO = INSTALLED / "go"
_JAVA = INSTALLED / "java"
_PROGRAM_S = 250
# Names below a wildcard that SDKs are known to ask for.
_MORE_HOSTS = (
    "openapi-sandbox.dl.alipaydev.com",
    "openapi.alipaydev.com",
    "api.mch.weixin.qq.com",
    "api2.mch.weixin.qq.com",
)


def main(card_file: str, node: str) -> int:
    """
    Args:
        node: the path of Node, "" where there is none.
    """
    card = read_card(Path(card_file))
    assert card is not None
    with tempfile.TemporaryDirectory() as folder:
        try:
            enter(hosts=_hosts_file(Path(folder)) if card.door == "vendor" else None)
        except NoNamespaceError as problem:
            if card.door in {"port80", "vendor"}:
                sys.stdout.write(
                    f"{card.package} insists on {card.door}, and there is no network of our own: {problem}"
                )
                return CANNOT
            # Any other door opens on a free port too.
        with desk() as desk_url, simulator(card, Path(folder) / "credentials") as ready:
            told = _world(card, ready, desk_url=desk_url, folder=Path(folder))
            world_file = Path(folder) / "world.json"
            world_file.write_text(json.dumps(told))
            ended = subprocess.run(
                [*_command(card, node), str(world_file)],
                check=False, stdout=sys.stderr, timeout=_PROGRAM_S, cwd=ROOT, env=_environment(card, ready),
            )  # fmt: skip
        if ended.returncode == 0:
            sys.stdout.write(Path(told["report"]).read_text())
        return ended.returncode


@contextmanager
def simulator(card: Card, credentials_dir: Path) -> Iterator[dict[str, Any]]:
    """
    The simulator as a process, with the doors that this SDK needs; what it said when it was ready.
    """
    command = [sys.executable, "-m", "mock_providers", "--credentials-dir", str(credentials_dir), *card.flags]
    command += {
        "port": [],
        "port80": [f"--{card.provider}-port", "80"],
        "vendor": ["--tls-port", "0"],
        "proxy": ["--proxy-port", "0"],
    }[card.door]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=built_environment()) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def _world(card: Card, ready: dict[str, Any], *, desk_url: str, folder: Path) -> dict[str, Any]:
    urls = {name.removesuffix("_url"): url for name, url in ready.items() if name.endswith("_url") and url}
    return {
        "urls": {name: url.removesuffix(":80") for name, url in urls.items()},
        "control_url": ready["control_url"],
        "ca_file": ready["ca_file"],
        "proxy_url": ready["proxy_url"],
        "desk_url": desk_url,
        "credentials_dir": str(folder / "credentials"),
        "modules": str(_NODE),
        "program": _program(card),
        "steps": list(card.steps),
        "report": str(folder / "report.json"),
    }


def _program(card: Card) -> str:
    return card.place.removesuffix(".py").replace("/", ".") if card.language == "python" else str(card.path)


def _command(card: Card, node: str) -> list[str]:
    if card.language == "python":
        return [sys.executable, "-m", "tests.sdk.kit.python_steps"]
    if card.language == "node":
        return [node, str(ROOT / "tests" / "sdk" / "node" / "steps.mjs")]
    if card.language == "java":
        return ["java", "-cp", f"{_JAVA}/classes:{_JAVA}/lib/*", "Judges", card.path.stem]
    return [str(_GO / "bin" / card.path.parent.name), card.path.stem]


def _environment(card: Card, ready: dict[str, Any]) -> dict[str, str]:
    """What a user would export for this door, as the front doors' snippets say."""
    environment = built_environment(*([INSTALLED / card.folder] if card.folder else []))
    if ready["ca_file"]:
        names = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
        environment |= dict.fromkeys(names, ready["ca_file"])
    if ready["proxy_url"]:
        environment |= {"HTTPS_PROXY": ready["proxy_url"], "NO_PROXY": "127.0.0.1"}
    return environment


def _hosts_file(folder: Path) -> Path:
    """Every host of the vendors' is this machine."""
    names = [name for vendor in VENDORS.values() for name in vendor.hosts]
    file = folder / "hosts"
    file.write_text("".join(f"127.0.0.1 {name}\n" for name in ("localhost", *names, *_MORE_HOSTS)))
    return file


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
