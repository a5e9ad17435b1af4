"""
From one process to two: gateways behind one port, and simulators behind theirs, with nothing shared but the stores.

Twice: as it comes, where both cores are full already and a second process can only fill what the first left idle; and
with each of the processes held to a share of a core, where a second one brings as much as the first. Every round plays
one and two in turns, each with its own servers.
"""

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from harness.load.meter import PROC, family
from tools.bench.chain import GROUPS, REPO, RSA, home_in, middle, read_json, refuse_damage
from tools.bench.quota import can_hold, held

SECONDS = 8
SHARE = 0.3
LOOK_S = 0.05
WORKER = "mock_providers.workers"


@dataclass(frozen=True, slots=True)
class Kind:
    """
    Whose processes are multiplied.

    Args:
        program: what they run.
        mix: channels of which each process has its share.
    """

    flag: str
    program: str
    mix: str


GATEWAYS = Kind("--gateways", "reference_gateway", RSA)
# Each provider's merchant is served by one process.
SIMULATORS = Kind("--simulators", "mock_providers", "alipay=50,wechatpay_v3=50")


def scaling(rounds: int, *, kind: Kind) -> dict[str, Any]:
    """
    One and two, as they come and held.
    """
    ways: list[float | None] = [None, *([SHARE] if can_hold() else [])]
    made: dict[tuple[float | None, int], list[Mapping[str, Any]]] = {(way, n): [] for way in ways for n in (1, 2)}
    with tempfile.TemporaryDirectory(prefix="payproof-bench-") as name:
        home = home_in(name)
        for number in range(1, rounds + 1):
            for (way, count), runs in made.items():
                out = Path(name) / f"run-{number}-{way}-{count}"
                runs.append(_run(home, out, kind=kind, count=count, share=way, seed=number))
    told: dict[str, Any] = {"cores": os.cpu_count(), "rounds": rounds, "held_to": SHARE if len(ways) > 1 else None}
    told["as_it_comes"] = _told(made[None, 1], made[None, 2])
    if len(ways) > 1:
        told["held"] = _told(made[SHARE, 1], made[SHARE, 2])
    return told


def _told(one: Sequence[Mapping[str, Any]], two: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    ratios = [b["payments_per_s"] / a["payments_per_s"] for a, b in zip(one, two, strict=True)]
    return {
        "ratio": middle(ratios),
        "spread": [round(min(ratios), 3), round(max(ratios), 3)],
        "payments_per_s": [middle([each["payments_per_s"] for each in runs]) for runs in (one, two)],
        "cpu_ms_per_payment": [
            {group: middle([1000 * each["cpu_s"][group] / each["settled"] for each in runs]) for group in GROUPS}
            for runs in (one, two)
        ],
    }


def _run(home: Path, out: Path, *, kind: Kind, count: int, share: float | None, seed: int) -> dict[str, Any]:
    words = ["capacity", "--generator", "light", "--mix", kind.mix, "--duration", str(SECONDS), "--seed", str(seed)]
    words += [kind.flag, str(count), "--profile", "load", "--home", str(home), "--out", str(out)]
    command = [sys.executable, "-m", "harness", "load", *words]
    with subprocess.Popen(command, cwd=REPO, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as load:
        ended = threading.Event()
        holder = threading.Thread(target=_hold, args=(load.pid, kind.program, count, share, ended))
        if share is not None:
            holder.start()
        load.wait()
        ended.set()
        if share is not None:
            holder.join()
    told = read_json(out / "summary.json")
    refuse_damage(told, words=words, folder=out)
    return told


def _hold(load: int, program: str, count: int, share: float, ended: threading.Event) -> None:
    """
    Hold the processes as soon as all of them are there, until the run has ended.
    """
    with ExitStack() as holding:
        while not ended.wait(LOOK_S):
            pids = [pid for pid in family([load]) if _is(pid, program, several=count > 1)]
            if len(pids) == count:
                holding.enter_context(held(pids, share))
                ended.wait()


def _is(pid: int, program: str, *, several: bool) -> bool:
    """
    Whether the process is one of those that do the work; the parent of several simulators only watches.
    """
    try:
        words = (PROC / str(pid) / "cmdline").read_bytes().decode().split("\0")
    except OSError:
        return False
    wanted = WORKER if several and program == "mock_providers" else program
    return "-m" in words and words[words.index("-m") + 1] == wanted


CASES: Mapping[str, Callable[[int], dict[str, Any]]] = {
    "scaling-gateways": partial(scaling, kind=GATEWAYS),
    "scaling-simulators": partial(scaling, kind=SIMULATORS),
}
