"""Folders for servers: reachable by the user that they run as, ours alone, and never changed by us."""

import os
import tempfile
from pathlib import Path

import pytest

from harness.errors import ServerStartError
from harness.world import places
from harness.world.launch import Identity
from harness.world.places import copy_once, drop_folder, given_folder, own_folder, reachable, socket_folder

STRANGER = Identity(uid=54321, gid=54321)


@pytest.fixture
def folder(tmp_path):
    """Not below a folder that keeps the stranger out: pytest's own are closed, so they are not looked at."""
    return tmp_path


@pytest.mark.parametrize(
    ("mode", "identity", "expected"),
    [
        (0o755, STRANGER, True),
        (0o711, STRANGER, True),
        (0o750, STRANGER, False),
        (0o700, STRANGER, False),
        (0o700, Identity(uid=os.geteuid(), gid=54321), True),
        (0o077, Identity(uid=os.geteuid(), gid=54321), False),
        (0o710, Identity(uid=54321, gid=os.getegid()), True),
        (0o701, Identity(uid=54321, gid=os.getegid()), False),
    ],
)
def test_who_may_enter(folder, monkeypatch, mode, identity, expected):
    inner = folder / "inner"
    inner.mkdir()
    inner.chmod(mode)
    monkeypatch.setattr(places, "_may_enter", only_for(inner))

    assert reachable(inner / "thing", identity) is expected
    inner.chmod(0o700)


def only_for(inner: Path):
    honest = places._may_enter
    return lambda folder, identity: folder != inner or honest(folder, identity)


def test_we_reach_everything(folder):
    assert reachable(folder / "nowhere" / "at" / "all", None)


def test_a_folder_of_ours_is_made_and_found_again(folder):
    made = own_folder(folder / "ours")

    assert own_folder(made) == made
    assert made.stat().st_mode & 0o777 == 0o711


@pytest.mark.parametrize(
    "spoil", [lambda f: f.symlink_to("/"), lambda f: f.write_text(""), lambda f: (f.mkdir(), f.chmod(0o777))]
)
def test_a_folder_that_others_could_change_is_refused(folder, spoil):
    spoil(folder / "theirs")

    with pytest.raises(ServerStartError, match="not a folder of ours alone"):
        own_folder(folder / "theirs")


def test_a_given_folder_that_is_a_link_is_refused(folder):
    (folder / "link").symlink_to(folder)

    with pytest.raises(ServerStartError, match="belongs to user"):
        given_folder(folder / "link", None)


def test_socket_folders_are_short_private_and_their_keys_own(folder, monkeypatch):
    long = folder / ("deep" * 30)
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(long))

    one, two = socket_folder("pg", folder / "one"), socket_folder("pg", folder / "two")

    assert one != two
    assert one == socket_folder("pg", folder / "one")
    assert len(str(one)) <= places.SOCKET_FOLDER_BYTES_MAX
    assert one.stat().st_mode & 0o777 == 0o700
    for made in (one, two):
        drop_folder(made)
        assert not made.exists()


def test_a_socket_folder_with_something_in_it_is_not_dropped(folder):
    (folder / "socket").touch()
    drop_folder(folder)

    assert (folder / "socket").exists()


def test_a_copy_is_made_once_and_whole(folder):
    source = folder / "source"
    (source / "a" / "b").mkdir(parents=True)
    (source / "a" / "b" / "file").write_text("first")
    copy_once(source, folder / "copy", "a", "not-there")
    (source / "a" / "b" / "file").write_text("second")
    copy_once(source, folder / "copy", "a")

    assert (folder / "copy" / "a" / "b" / "file").read_text() == "first"
    assert sorted(entry.name for entry in folder.iterdir()) == ["copy", "source"]
