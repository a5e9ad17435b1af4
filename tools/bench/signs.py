"""
How fast a core signs when it does nothing else: the yardstick of every figure here.

Run as a program it measures itself: `signs.py KIND SECONDS` prints signatures a second and processor time for each.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SECONDS = 1.0
TEXT = b"app_id=2021&biz_content={}&charset=utf-8&method=alipay.trade.precreate&sign_type=RSA2&timestamp=" * 3


@dataclass(frozen=True, slots=True)
class Signs:
    """
    Args:
        cpu_s: processor time for one signature.
    """

    per_s: float
    cpu_s: float


def measure(kind: str = "rsa", *, core: int | None, seconds: float = SECONDS) -> Signs:
    """
    Signatures a second in a process of its own, on *core* alone.
    """
    command = [sys.executable, __file__, kind, str(seconds)]
    done = subprocess.run(on_core(command, core), capture_output=True, text=True, check=True)
    return Signs(**json.loads(done.stdout))


def on_core(command: list[str], core: int | None) -> list[str]:
    """
    The same command, held to one core where the system can do that.
    """
    return command if core is None else ["taskset", "-c", str(core), *command]


def cores() -> tuple[int | None, int | None]:
    """
    One core for the server, another for who asks; None where there is no way to hold a process to a core.
    """
    if not hasattr(os, "sched_getaffinity") or len(allowed := sorted(os.sched_getaffinity(0))) < 2:
        return None, None
    return allowed[0], allowed[1]


def _rsa() -> Callable[[bytes], object]:
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    pem = Path(__file__).parents[2] / "tests" / "vectors" / "keys" / "platform_private_key.pem"
    key = load_pem_private_key(pem.read_bytes(), password=None)
    assert isinstance(key, RSAPrivateKey)
    padding, digest = PKCS1v15(), SHA256()
    return lambda data: key.sign(data, padding, digest)


KINDS = {"rsa": _rsa}


def main(kind: str, seconds: float) -> None:
    """
    Sign until the time is up.
    """
    sign = KINDS[kind]()
    for number in range(50):
        sign(TEXT + str(number).encode())
    count, begun_s, spent_s = 0, time.perf_counter(), time.process_time()
    while (elapsed_s := time.perf_counter() - begun_s) < seconds:
        for _ in range(20):
            count += 1
            sign(TEXT + str(count).encode())
    print(json.dumps({"per_s": count / elapsed_s, "cpu_s": (time.process_time() - spent_s) / count}))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
