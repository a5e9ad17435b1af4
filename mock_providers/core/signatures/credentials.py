"""
The credentials folder: keys and numbers of one merchant and of the platforms, made once and reused.

Everything is written in every form that SDKs ask for; nothing here signs. The folder is 0700 and its files 0600.
Two processes that start at once agree: a set is built aside under a lock and moved in, and the second finds it there.
"""

import json
import os
import secrets
import shutil
import string
import tempfile
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Protocol, cast

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key

from mock_providers.errors import CredentialsRefused

_KEY_BITS = 2048
_LETTERS = string.ascii_letters + string.digits
_PEM = serialization.Encoding.PEM
_PKCS1 = serialization.PrivateFormat.TraditionalOpenSSL
_PKCS8 = serialization.PrivateFormat.PKCS8
_SPKI = serialization.PublicFormat.SubjectPublicKeyInfo


class CredentialMaker(Protocol):
    """What a provider writes its keys and numbers with; everything lands in the folder at once or not at all."""

    def write(self, name: str, content: str | bytes) -> None:
        """A file of the merchant's, named in `credentials.json`."""
        ...

    def write_platform(self, name: str, content: str | bytes) -> None:
        """A file of the platform's, which no merchant ever sees; its name begins with the provider's."""
        ...

    def note(self, **facts: str) -> None:
        """Facts for `credentials.json`; each is written as a small file of its own, too."""
        ...

    def rsa(self) -> RSAPrivateKey:
        """A fresh key."""
        ...

    def digits(self, length: int) -> str:
        """A fresh number."""
        ...

    def token(self, length: int) -> str:
        """A fresh secret of letters and digits."""
        ...


class CredentialWriter(Protocol):
    """A provider, as far as its credentials go."""

    @property
    def name(self) -> str:
        """Short, lower case; also the folder's name."""
        ...

    def write_credentials(self, make: CredentialMaker) -> None:
        """Write everything."""
        ...


def ensure(directory: Path, writers: Iterable[CredentialWriter]) -> Path:
    """
    Make the credentials in *directory* that are not there; a provider that joins later is added, nothing is touched.

    Returns:
        The path of `credentials.json`.

    Raises:
        CredentialsRefused: something else stands in the way.
    """
    summary = directory / "credentials.json"
    writers = tuple(writers)
    if directory.exists() and not directory.is_dir():
        raise CredentialsRefused(f"{directory} is not a folder; choose another place for the credentials")
    if not _missing(directory, writers):
        return summary
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.chmod(0o700)
        with FolderLock(directory / ".lock"):
            for writer in _missing(directory, writers):
                _keep_apart(directory, writer)
    except OSError as problem:
        raise CredentialsRefused(f"the credentials cannot be kept in {directory}: {problem}") from problem
    return summary


def _missing(directory: Path, writers: Iterable[CredentialWriter]) -> list[CredentialWriter]:
    known = _summary(directory)
    return [writer for writer in writers if writer.name not in known]


def _summary(directory: Path) -> dict[str, object]:
    try:
        said = json.loads((directory / "credentials.json").read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as problem:
        raise CredentialsRefused(
            f"{directory / 'credentials.json'} cannot be read ({problem}); remove the folder to have new keys made"
        ) from problem
    if not isinstance(said, dict):
        raise CredentialsRefused(f"{directory / 'credentials.json'} is no list of credentials; remove the folder")
    return said


def _keep_apart(directory: Path, writer: CredentialWriter) -> None:
    """Build one provider's set aside, then move it in, the summary last."""
    aside = Path(tempfile.mkdtemp(prefix=".new-", dir=directory))
    try:
        maker = _Maker(aside, writer.name)
        writer.write_credentials(maker)
        (directory / "platform").mkdir(mode=0o700, exist_ok=True)
        for path in sorted((aside / "platform").iterdir()):
            path.replace(directory / "platform" / path.name)
        shutil.rmtree(directory / writer.name, ignore_errors=True)
        (aside / writer.name).rename(directory / writer.name)
        _write(aside / "credentials.json", json.dumps(_summary(directory) | maker.summary(), indent=2) + "\n")
        (aside / "credentials.json").replace(directory / "credentials.json")
    finally:
        shutil.rmtree(aside, ignore_errors=True)


class _Maker:
    """Writes below a folder that nobody looks at yet."""

    def __init__(self, aside: Path, provider: str) -> None:
        self._aside = aside
        self._provider = provider
        self._facts: dict[str, str] = {}
        self._files: list[str] = []
        for folder in (provider, "platform"):
            (aside / folder).mkdir(mode=0o700)

    def write(self, name: str, content: str | bytes) -> None:
        _write(self._aside / self._provider / name, content)
        self._files.append(name)

    def write_platform(self, name: str, content: str | bytes) -> None:
        assert name.startswith(f"{self._provider}_"), "a platform's file says whose it is"
        _write(self._aside / "platform" / name, content)

    def note(self, **facts: str) -> None:
        for name, value in facts.items():
            _write(self._aside / self._provider / name, value)
        self._facts |= facts

    def rsa(self) -> RSAPrivateKey:
        return generate_private_key(65537, _KEY_BITS)

    def digits(self, length: int) -> str:
        return f"{secrets.randbelow(10**length):0{length}d}"

    def token(self, length: int) -> str:
        return "".join(secrets.choice(_LETTERS) for _ in range(length))

    def summary(self) -> dict[str, object]:
        files = {name: f"{self._provider}/{name}" for name in self._files}
        return {self._provider: {**self._facts, "files": files}}


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


def _write(path: Path, content: str | bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)


def pkcs1_pem(key: RSAPrivateKey) -> str:
    """`BEGIN RSA PRIVATE KEY`."""
    return key.private_bytes(_PEM, _PKCS1, serialization.NoEncryption()).decode()


def pkcs8_pem(key: RSAPrivateKey) -> str:
    """`BEGIN PRIVATE KEY`."""
    return key.private_bytes(_PEM, _PKCS8, serialization.NoEncryption()).decode()


def public_pem(key: RSAPrivateKey) -> str:
    """`BEGIN PUBLIC KEY`."""
    return key.public_key().public_bytes(_PEM, _SPKI).decode()


def bare(pem: str) -> str:
    """The base64 inside a PEM, on one line, as many SDKs want it."""
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
