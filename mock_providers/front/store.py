"""
The `tls` folder of the credentials: the authority's certificate in every form, and a key for each vendor's hosts.

Made once, kept while it is valid and covers every host; then a new authority replaces it, which users must trust anew.
"""

import json
import os
import shutil
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from mock_providers.core.signatures.credentials import FolderLock
from mock_providers.errors import CredentialsRefused
from mock_providers.front.authority import Authority
from mock_providers.front.files import TRUSTSTORE_PASSWORD, TlsFiles
from mock_providers.front.hosts import VENDORS

_FRESH = timedelta(days=14)
_PEM = serialization.Encoding.PEM


def ensure_tls(directory: Path, *, now: datetime) -> TlsFiles:
    """
    Make *directory*/tls unless it is there and good.

    Args:
        directory: the credentials folder, which exists.

    Raises:
        CredentialsRefused: it cannot be kept there.
    """
    files = TlsFiles(directory / "tls")
    try:
        if not _good(files, now=now):
            with FolderLock(directory / ".lock"):
                if not _good(files, now=now):
                    _replace(files, Authority(now), directory=directory)
    except OSError as problem:
        raise CredentialsRefused(f"certificates cannot be kept in {files.folder}: {problem}") from problem
    return files


def _good(files: TlsFiles, *, now: datetime) -> bool:
    try:
        told = json.loads((files.folder / "tls.json").read_text())
        return bool(
            told["covers"] == _covered()
            and datetime.fromisoformat(told["expires_at"]) - now > _FRESH
            and all(path.is_file() for path in (files.ca_file, *map(files.server_file, VENDORS)))
        )
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return False


def _replace(files: TlsFiles, authority: Authority, *, directory: Path) -> None:
    aside = Path(tempfile.mkdtemp(prefix=".new-", dir=directory))
    try:
        fresh = TlsFiles(aside / "tls")
        fresh.folder.mkdir(mode=0o700)
        _write_set(fresh, authority)
        if files.folder.exists():
            files.folder.rename(aside / "former")
        fresh.folder.rename(files.folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _write_set(files: TlsFiles, authority: Authority) -> None:
    certificate = authority.certificate
    _write(files.ca_file, certificate.public_bytes(_PEM))
    _write(files.folder / "ca.cer", certificate.public_bytes(serialization.Encoding.DER))
    _write(files.truststore, _java_truststore(certificate))
    for name, vendor in VENDORS.items():
        key, server = authority.issue(vendor.names)
        secret = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        _write(files.server_file(name), secret + server.public_bytes(_PEM))
    summary = {"covers": _covered(), "expires_at": authority.expires_at.isoformat()}
    _write(files.folder / "tls.json", json.dumps(summary, indent=2).encode() + b"\n")


def _java_truststore(certificate: x509.Certificate) -> bytes:
    """In the old algorithms: Java 8 before update 301 reads no others, and nothing here is secret."""
    encryption = (
        serialization.PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(2048)
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())  # noqa: S303
        .build(TRUSTSTORE_PASSWORD.encode())
    )
    return pkcs12.serialize_java_truststore([pkcs12.PKCS12Certificate(certificate, b"payproof")], encryption)


def _covered() -> dict[str, list[str]]:
    return {name: list(vendor.names) for name, vendor in VENDORS.items()}


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
