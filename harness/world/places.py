"""
Where servers may keep things: folders that the user they run as can reach, short enough for sockets, ours alone.

Root does not run a database, so its server runs as an ordinary user, who may be unable to enter the folders that root
works in. Then things are kept elsewhere. It refuses to change the mode of any folder that it did not make.
"""

import contextlib
import hashlib
import os
import pwd
import shutil
import stat
import tempfile
from pathlib import Path

from harness.errors import ServerStartError
from harness.world.launch import Identity

# Kept over a reboot, unlike the temp folder.
LASTING_PLACES = (Path("/var/tmp"), Path(tempfile.gettempdir()))  # noqa: S108 - what is made there is checked
# A socket's path must fit in 104 bytes on macOS; names in the folder take up to 20.
SOCKET_FOLDER_BYTES_MAX = 80


def serving_identity(user: str) -> Identity | None:
    """
    Who a server that refuses to run as root runs as; None when that is simply us.

    Raises:
        ServerStartError: we are root and there is no such user.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise ServerStartError(
            f"as root the database runs as the user {user!r}, who does not exist here",
            hint="run as an ordinary user, or add that user",
        ) from None
    if entry.pw_uid == 0:
        raise ServerStartError(f"the user {user!r} is root by another name", hint="name an ordinary user")
    return Identity(entry.pw_uid, entry.pw_gid)


def reachable(path: Path, identity: Identity | None) -> bool:
    """
    Whether that user may enter every folder above *path*.
    """
    if identity is None:
        return True
    return all(_may_enter(folder, identity) for folder in path.resolve().parents)


def _may_enter(folder: Path, identity: Identity) -> bool:
    about = folder.stat()
    if about.st_uid == identity.uid:
        return bool(about.st_mode & stat.S_IXUSR)
    if about.st_gid == identity.gid:
        return bool(about.st_mode & stat.S_IXGRP)
    return bool(about.st_mode & stat.S_IXOTH)


def lasting_root(identity: Identity | None) -> Path:
    """
    A folder of ours outside the home that *identity* can enter, for data and binaries.
    """
    for place in LASTING_PLACES:
        if place.is_dir() and reachable(place / "x", identity):
            return own_folder(place / f"payproof-{os.geteuid()}")
    raise ServerStartError("no folder for temporary files can be entered by the database's user")


def socket_folder(purpose: str, key: Path, *, identity: Identity | None = None) -> Path:
    """
    A short folder, mode 0700, for the sockets of one server; the same for the same *key*.
    """
    roots = (Path(tempfile.gettempdir()), Path("/tmp"))  # noqa: S108 - what is made there is checked
    digest = hashlib.blake2b(os.fsencode(key.resolve()), digest_size=6).hexdigest()
    for root in roots:
        folder = root / f"payproof-{os.geteuid()}" / f"{purpose}-{digest}"
        if len(os.fsencode(folder)) <= SOCKET_FOLDER_BYTES_MAX and reachable(folder.parent, identity):
            own_folder(folder.parent)
            return given_folder(folder, identity)
    raise ServerStartError(f"no folder is short enough for a socket and reachable; tried {roots[0]} and {roots[-1]}")


def own_folder(folder: Path) -> Path:
    """
    Make a folder that others may pass through but not list, or check that it is still ours alone.

    Raises:
        ServerStartError: somebody else has put something there.
    """
    if not folder.exists():
        folder.mkdir(mode=0o711, exist_ok=True)
        folder.chmod(0o711)
    about = folder.lstat()
    safe = stat.S_ISDIR(about.st_mode) and about.st_uid == os.geteuid() and not about.st_mode & 0o022
    if not safe:
        raise ServerStartError(f"{folder} is not a folder of ours alone", hint="remove it")
    return folder


def given_folder(folder: Path, identity: Identity | None) -> Path:
    """
    Make a folder with mode 0700 that belongs to *identity*, or check that it does.

    Raises:
        ServerStartError: it belongs to somebody else.
    """
    owner = os.geteuid() if identity is None else identity.uid
    if not folder.exists():
        folder.mkdir(mode=0o700)
        if identity is not None:
            _give(folder, identity)
    about = folder.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != owner:
        raise ServerStartError(f"{folder} belongs to user {about.st_uid}, not {owner}", hint="remove it")
    return folder


def _give(folder: Path, identity: Identity) -> None:
    try:
        os.chown(folder, identity.uid, identity.gid)
    except PermissionError:
        folder.rmdir()
        raise ServerStartError(
            f"this root may not give {folder} to user {identity.uid}",
            hint="run as an ordinary user, or point PAYPROOF_DATABASE_URL at a PostgreSQL of your own",
        ) from None


def drop_folder(folder: Path) -> None:
    """
    Remove a socket folder, unless something is left in it.
    """
    with contextlib.suppress(OSError):
        folder.rmdir()


def copy_once(source: Path, target: Path, *names: str) -> Path:
    """
    Copy the named entries of *source* to *target*, at once or not at all; later calls find them there.
    """
    if target.exists():
        return target
    with tempfile.TemporaryDirectory(prefix="copying-", dir=target.parent) as scratch:
        half = Path(scratch) / "copy"
        half.mkdir(mode=0o755)
        for name in names:
            if (source / name).is_dir():
                shutil.copytree(source / name, half / name, symlinks=True)
        half.chmod(0o755)
        try:
            half.rename(target)
        except OSError:
            # Another process was quicker; its copy is as good.
            if not target.exists():
                raise
    return target
