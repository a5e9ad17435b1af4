"""
How many RSA-2048 signatures this machine makes a second, on all its cores at once: what every payment is measured by.

Run as a program it signs until its time is up and prints how often. It signs nothing that anybody verifies: the harness
knows no protocol's signature.
"""

import asyncio
import json
import os
import sys
import time

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from harness.settings import child_environment

SECONDS = 1.0
# A request, its answer and the notify: three for each payment, whatever else is signed.
PER_PAYMENT = 3
UNSTEADY = 0.05
_TEXT = b"a payment's worth of text, " * 12


async def sign_per_s(seconds: float = SECONDS) -> float:
    """
    Signatures a second over all cores; nothing else should be running.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return sum(await asyncio.gather(*(_one_core(seconds) for _ in range(cores))))


def steady(before: float, after: float) -> bool:
    """
    Whether the machine was the same just before and just after.
    """
    return abs(before - after) <= UNSTEADY * max(before, after)


async def _one_core(seconds: float) -> float:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "harness.load.yardstick",
        str(seconds),
        env=child_environment(PYTHONPATH=os.pathsep.join(path for path in sys.path if path)),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    return float(json.loads(said)["per_s"])


def _sign_for(seconds: float) -> float:
    key, padding, digest = generate_private_key(65537, 2048), PKCS1v15(), SHA256()
    for _ in range(50):
        key.sign(_TEXT, padding, digest)
    count, begun_s = 0, time.perf_counter()
    while (elapsed_s := time.perf_counter() - begun_s) < seconds:
        key.sign(_TEXT, padding, digest)
        count += 1
    return count / elapsed_s


if __name__ == "__main__":
    print(json.dumps({"per_s": _sign_for(float(sys.argv[1]))}))  # noqa: T201 - a program's answer
