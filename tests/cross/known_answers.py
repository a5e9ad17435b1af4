"""
Reads tests/vectors: cases and the public test keys. It refuses to know either room.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

VECTORS = Path(__file__).resolve().parents[1] / "vectors"


@dataclass(frozen=True, slots=True)
class Case:
    """One known answer."""

    id: str
    valid: bool
    reason: str | None
    source: str
    data: dict[str, Any]

    @property
    def codec(self) -> str:
        return str(self.data["charset"])

    @property
    def sign_type(self) -> str:
        return str(self.data["sign_type"])

    @property
    def canonical(self) -> str:
        return str(self.data["canonical"])

    @property
    def canonical_bytes(self) -> bytes:
        return self.canonical.encode(self.codec)

    @property
    def sign(self) -> str:
        return str(self.data["sign"])

    @property
    def body(self) -> str:
        return str(self.data["body"])

    @property
    def params(self) -> dict[str, str]:
        return {**self.data["params"], "sign": self.sign}


@cache
def cases(name: str) -> tuple[Case, ...]:
    """
    The cases of `tests/vectors/<name>.json`.
    """
    held = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))
    return tuple(Case(case["id"], case["valid"], case["reason"], case["source"], case) for case in held["cases"])


@cache
def private_key(name: str) -> RSAPrivateKey:
    """
    The private test key of `app`, `platform` or `other`.
    """
    key = load_pem_private_key((VECTORS / "keys" / f"{name}_private_key.pem").read_bytes(), password=None)
    assert isinstance(key, RSAPrivateKey)
    return key


@cache
def public_key(name: str) -> RSAPublicKey:
    """
    The public test key of `app`, `platform` or `other`.
    """
    key = load_pem_public_key((VECTORS / "keys" / f"{name}_public_key.pem").read_bytes())
    assert isinstance(key, RSAPublicKey)
    return key
