"""
Signatures, one after the other, until the time is up. Run as a program: `signs.py KIND SECONDS` prints how many a
second, and the processor time of one.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

KEY = Path(__file__).parents[2] / "tests" / "vectors" / "keys" / "platform_private_key.pem"
TEXT = b"app_id=2021&biz_content={}&charset=utf-8&method=alipay.trade.precreate&sign_type=RSA2&timestamp=" * 3


def _rsa() -> Callable[[bytes], object]:
    """RSA-2048 with SHA-256, as every provider here signs."""
    key = load_pem_private_key(KEY.read_bytes(), password=None)
    assert isinstance(key, RSAPrivateKey)
    padding, digest = PKCS1v15(), SHA256()
    return lambda text: key.sign(text, padding, digest)


def _sm2() -> Callable[[bytes], object]:
    """SM2 with SM3, by whichever library serves here."""
    from mock_providers.core.signatures import sm2

    return sm2.generate().sign


def main(kind: str, seconds: float) -> None:
    """
    Sign.
    """
    sign = {"rsa": _rsa, "sm2": _sm2}[kind]()
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
