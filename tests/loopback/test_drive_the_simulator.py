"""
docs/howto/drive-the-simulator.md is executed, from its first example to its last, in one sandbox.
"""

import ast
import asyncio
import inspect
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from tests.loopback.sandbox import Sandbox
from tests.tidy.checks.tree import REPO

PAGE = REPO / "docs" / "howto" / "drive-the-simulator.md"
EXAMPLES = re.findall(r"^```(python|sh)\n(.*?)^```$", PAGE.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.asyncio


async def run_python(text: str, names: dict[str, Any]) -> None:
    """
    Run an example whose lines may await.
    """
    code = compile(text, str(PAGE), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    pending = FunctionType(code, names)()
    if inspect.isawaitable(pending):
        await pending


async def run_shell(text: str, env: Mapping[str, str], folder: Path) -> bytes:
    """
    Run an example whose every line must succeed, and be answered with no refusal.
    """
    script = text.replace("curl -s ", "curl -sS --fail-with-body ")
    process = await asyncio.create_subprocess_exec(
        *("sh", "-ec", script),
        cwd=folder,
        env=dict(env),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0, printed.decode()
    return printed


async def orders(box: Sandbox) -> None:
    """
    What the page takes for granted: orders that a gateway has made; a fourth one is made when the page comes to it.
    """
    box.simulator.schedule.rate = 0.0
    for number in (1, 2, 3):
        await box.precreate(f"T{number}", label=f"pp00000{number}")


async def test_the_python_on_the_page_does_what_it_says(box):
    await orders(box)
    box.receiver.answer = lambda one: (200, b"fail" if one.fields["out_trade_no"] == "T3" else b"success")
    await box.control("POST", "/trades/alipay/T3/buyer", {"action": "pay"})
    names: dict[str, Any] = {"control_url": box.simulator.control_url}
    try:
        for kind, text in EXAMPLES:
            if '"T4"' in text:
                await box.precreate("T4", label="pp000004")
            if kind == "python":
                await run_python(text, names)
                # T2's rule has served its purpose where the page goes on.
                await box.control("PUT", "/faults", {"rules": []})
    finally:
        await names["control"].close()
    assert names["trade"].state == "PAID"
    assert names["epoch"] == (await box.control("GET", "/info"))["epoch"]
    by_order = [one.fields["out_trade_no"] for one in box.receiver.received]
    assert [by_order.count(f"T{number}") for number in (1, 2, 3, 4)] == [1, 4, 8, 1]


async def test_the_shell_on_the_page_is_answered(box, tmp_path):
    if shutil.which("curl") is None:
        pytest.skip("no curl on PATH")
    await orders(box)
    env = {"PATH": os.defpath, "CONTROL": box.simulator.control_url}
    scripts = [text for kind, text in EXAMPLES if kind == "sh"]
    assert len(scripts) == 4
    for text in scripts:
        assert (await run_shell(text, env, tmp_path)).startswith(b"{")
    assert (tmp_path / "journal.ndjson").read_bytes().count(b"\n") == 3
