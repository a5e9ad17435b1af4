"""
The credentials folder: keys and numbers of one merchant and of the platforms, made once and reused.

Everything is written in every form that SDKs ask for; nothing here signs. The folder is 0700 and its files 0600.
Two processes that start at once agree: a set is built aside under a lock and moved in, and the second finds it there.
"""

import json
import os
import secrets
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import cast

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key

from mock_providers.errors import CredentialsRefused

_KEY_BITS = 2048
_PEM = serialization.Encoding.PEM
_PKCS1 = serialization.PrivateFormat.TraditionalOpenSSL
_PKCS8 = serialization.PrivateFormat.PKCS8
_SPKI = serialization.PublicFormat.SubjectPublicKeyInfo


def ensure(directory: Path) -> Path:
    """
    Make the credentials in *directory* unless they are there.

    Returns:
        The path of `credentials.json`.

    Raises:
        CredentialsRefused: something else stands in the way.
    """
    summary = directory / "credentials.json"
    if summary.is_file():
        return summary
    if directory.exists() and not directory.is_dir():
        raise CredentialsRefused(f"{directory} is not a folder; choose another place for the credentials")
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.chmod(0o700)
        _keep_apart(directory)
    except OSError as problem:
        raise CredentialsRefused(f"the credentials cannot be kept in {directory}: {problem}") from problem
    return summary


def _keep_apart(directory: Path) -> None:
    """Build a whole set aside under a lock file's protection, then move it in, the summary last."""
    with FolderLock(directory / ".lock"):
        if (directory / "credentials.json").is_file():
            return
        aside = Path(tempfile.mkdtemp(prefix=".new-", dir=directory))
        try:
            _write_set(aside)
            for name in ("alipay", "platform"):
                shutil.rmtree(directory / name, ignore_errors=True)
                (aside / name).rename(directory / name)
            (aside / "credentials.json").replace(directory / "credentials.json")
        finally:
            shutil.rmtree(aside, ignore_errors=True)


class FolderLock:
    """An exclusive lock that the operating system lets go of when its process dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def __enter__(self) -> None:
        import fcntl  # noqa: PLC0415  absent on Windows, where the credentials are made by one process

        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


def _write_set(aside: Path) -> None:
    app_id = f"2021{secrets.randbelow(10**12):012d}"
    seller_id = f"2088{secrets.randbelow(10**12):012d}"
    app, platform, forger = (generate_private_key(65537, _KEY_BITS) for _ in range(3))
    files = {
        "app_private_key.pkcs1.pem": _private_pem(app, _PKCS1),
        "app_private_key.pkcs8.pem": _private_pem(app, _PKCS8),
        "app_private_key.pkcs1.b64": _bare(_private_pem(app, _PKCS1)),
        "app_private_key.pkcs8.b64": _bare(_private_pem(app, _PKCS8)),
        "app_public_key.pem": _public_pem(app),
        "alipay_public_key.pem": _public_pem(platform),
        "alipay_public_key.b64": _bare(_public_pem(platform)),
    }
    for name, text in {"app_id": app_id, "seller_id": seller_id, **files}.items():
        _write(aside / "alipay" / name, text)
    _write(aside / "platform" / "alipay_private_key.pem", _private_pem(platform, _PKCS8))
    _write(aside / "platform" / "alipay_forger_private_key.pem", _private_pem(forger, _PKCS8))
    summary = {
        "alipay": {
            "app_id": app_id,
            "seller_id": seller_id,
            "files": {name: f"alipay/{name}" for name in files},
        }
    }
    _write(aside / "credentials.json", json.dumps(summary, indent=2) + "\n")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def _private_pem(key: RSAPrivateKey, shape: serialization.PrivateFormat) -> str:
    return key.private_bytes(_PEM, shape, serialization.NoEncryption()).decode()


def _public_pem(key: RSAPrivateKey) -> str:
    return key.public_key().public_bytes(_PEM, _SPKI).decode()


def _bare(pem: str) -> str:
    return "".join(line for line in pem.splitlines() if not line.startswith("-----"))


@lru_cache(maxsize=64)
def private_key(pem: bytes) -> RSAPrivateKey:
    """
    Load a key once; worlds are built by the hundred from the same file.

    The key's arithmetic is not checked again, which would cost tens of milliseconds a key at every start: this room has
    made these keys itself, in a folder that nobody else may write to.
    """
    key = serialization.load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)
    return cast("RSAPrivateKey", key)


@lru_cache(maxsize=64)
def public_key(pem: bytes) -> RSAPublicKey:
    """Load a key once."""
    return cast("RSAPublicKey", serialization.load_pem_public_key(pem))
