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
from dataclasses import asdict, dataclass

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from harness.settings import child_environment

SECONDS = 1.0
# A request, its answer and the notify: three for each payment, whatever else is signed.
PER_PAYMENT = 3
UNSTEADY = 0.05
_TEXT = b"a payment's worth of text, " * 12


@dataclass(frozen=True, slots=True)
class Signed:
    """
    Args:
        per_s: signatures a second over all cores.
        cpu_s: processor time for one.
    """

    per_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Yardstick:
    """Signatures just before a run and just after it."""

    before: Signed
    after: Signed

    @property
    def per_s(self) -> float:
        return (self.before.per_s + self.after.per_s) / 2

    @property
    def cpu_s(self) -> float:
        return (self.before.cpu_s + self.after.cpu_s) / 2

    @property
    def steady(self) -> bool:
        """
        Whether the machine was the same before and after.
        """
        return abs(self.before.per_s - self.after.per_s) <= UNSTEADY * max(self.before.per_s, self.after.per_s)


async def signed(seconds: float = SECONDS) -> Signed:
    """
    Sign on all cores at once; nothing else should be running.
    """
    each = await asyncio.gather(*(_one_core(seconds) for _ in range(cores())))
    return Signed(sum(one.per_s for one in each), sum(one.cpu_s for one in each) / len(each))


def cores() -> int:
    """
    How many cores may be used.
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


async def _one_core(seconds: float) -> Signed:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "harness.load.yardstick",
        str(seconds),
        env=child_environment(PYTHONPATH=os.pathsep.join(path for path in sys.path if path)),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    return Signed(**json.loads(said))


def _sign_for(seconds: float) -> Signed:
    key, padding, digest = generate_private_key(65537, 2048), PKCS1v15(), SHA256()
    for _ in range(50):
        key.sign(_TEXT, padding, digest)
    count, begun_s, spent_s = 0, time.perf_counter(), time.process_time()
    while (elapsed_s := time.perf_counter() - begun_s) < seconds:
        key.sign(_TEXT, padding, digest)
        count += 1
    return Signed(count / elapsed_s, (time.process_time() - spent_s) / count)


if __name__ == "__main__":
    print(json.dumps(asdict(_sign_for(float(sys.argv[1])))))  # noqa: T201 - a program's answer
