"""Settings, apps, crash points, ids, and what the process says when it cannot start."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import structlog
from pydantic import ValidationError

from reference_gateway import __main__ as process
from reference_gateway.apps import load_apps
from reference_gateway.channels.registry import channels_for
from reference_gateway.clock import SystemClock
from reference_gateway.crash import PLACES, KillAt, crash_point_from, no_crash
from reference_gateway.errors import SettingsRefused
from reference_gateway.ids import RandomIds, SeededIds
from tests.unit.reference_gateway.support import settings

ROOM = Path(process.__file__).parent


@pytest.mark.parametrize(
    ("name", "nearest"), [("GATEWAY_PROT", "GATEWAY_PORT"), ("GATEWAY_DATABASE_URI", "GATEWAY_DATABASE_URL")]
)
def test_a_misspelt_variable_is_refused_with_the_nearest_one(monkeypatch, name, nearest):
    monkeypatch.setenv(name, "1")
    with pytest.raises(ValidationError, match=f"did you mean {nearest}"):
        settings()


@pytest.mark.parametrize(
    "changes",
    [
        {"port": 70000},
        {"order_ttl_s": 0},
        {"poll_ladder_s": ()},
        {"poll_ladder_s": (0,)},
        {"lease_s": 5, "channel_timeout_s": 8},
        {"sync_wait_ms": -1},
        {"prot": 1},
    ],
)
def test_settings_that_make_no_sense_are_refused(changes):
    with pytest.raises(ValidationError):
        settings(**changes)


def test_a_channel_told_of_by_halves_is_refused_and_one_not_told_of_is_absent(tmp_path):
    with pytest.raises(ValidationError, match="GATEWAY_ALIPAY_APP_ID"):
        settings(alipay_app_id="")
    without = settings(alipay_gateway_url="", alipay_app_id="")
    with pytest.raises(SettingsRefused, match="no channel is set up"):
        channels_for(without, clock=SystemClock())
    key = tmp_path / "key.pem"
    key.write_text("no key")
    for files in ({}, {"alipay_app_private_key_file": key, "alipay_public_key_file": key}):
        with pytest.raises(SettingsRefused):
            channels_for(settings(**files), clock=SystemClock())


def test_settings_are_frozen_and_keep_the_database_url_to_themselves():
    made = settings(database_url="postgresql+asyncpg://user:hunter2@/x")
    assert "hunter2" not in repr(made)
    assert "hunter2" not in json.dumps(made.model_dump(mode="json"))
    with pytest.raises(ValidationError):
        made.port = 1  # type: ignore[misc]


@pytest.mark.parametrize("text", ["create.after_order_raw", "relay.before_send:0", "relay.before_send:x", ":1"])
def test_a_crash_point_that_does_not_exist_is_refused(text):
    with pytest.raises(SettingsRefused):
        crash_point_from(text)


def test_an_unwired_crash_point_does_nothing():
    assert crash_point_from("") is no_crash
    for place in PLACES:
        no_crash(place)


def test_a_wired_crash_point_kills_at_its_third_passing(monkeypatch):
    killed: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: killed.append((pid, number)))
    point = crash_point_from("relay.before_send:3")
    assert isinstance(point, KillAt)
    for place in ("relay.before_send", "relay.after_send", "relay.before_send"):
        point(place)
    assert killed == []
    point("relay.before_send")
    assert killed == [(os.getpid(), signal.SIGKILL)]


def test_every_crash_point_is_passed_somewhere_and_every_passed_one_is_listed():
    called = set()
    for path in ROOM.rglob("*.py"):
        called |= {
            line.split('crash_point("')[1].split('"')[0]
            for line in path.read_text().splitlines()
            if 'crash_point("' in line
        }
    assert called == set(PLACES)


def test_seeded_ids_repeat_and_random_ones_do_not():
    assert [SeededIds(7).new("G") for _ in range(2)] == [SeededIds(7).new("G")] * 2
    seeded, random = SeededIds(7), RandomIds()
    for ids in (seeded, random):
        made = [ids.new("pay") for _ in range(100)]
        assert len(set(made)) == 100
        assert all(name.isalnum() and name.isascii() and len(name) <= 32 for name in made)


@pytest.mark.parametrize(
    "apps",
    [
        "{}",
        "[{}]",
        "not json",
        '[{"app_id":"live","secret":"short"}]',
        '[{"app_id":"live","secret":"long enough to serve","secrets":"x"}]',
        '[{"app_id":"a b","secret":"long enough to serve"}]',
    ],
)
def test_an_apps_file_that_is_none_is_refused_and_keeps_its_secrets(tmp_path, apps):
    path = tmp_path / "apps.json"
    path.write_text(apps)
    with pytest.raises(SettingsRefused) as caught:
        load_apps(path)
    assert "long enough to serve" not in caught.value.detail


def test_the_apps_are_read_by_id(tmp_path):
    path = tmp_path / "apps.json"
    path.write_text('[{"app_id":"live","secret":"long enough to serve","webhook_url":"http://127.0.0.1:1/"}]')
    assert load_apps(path)["live"].webhook_url == "http://127.0.0.1:1/"
    with pytest.raises(SettingsRefused):
        load_apps(tmp_path / "missing.json")


def run_process(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    built = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}  # noqa: TID251
    return subprocess.run(
        [sys.executable, "-m", "reference_gateway", *arguments],
        env={**built, **variables},
        cwd=ROOM.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def started(monkeypatch, capsys):
    """Starts the gateway's program here, with these words and variables; its exit code, stdout and stderr."""
    for name in [name for name in os.environ if name.startswith("GATEWAY_")]:  # noqa: TID251
        monkeypatch.delenv(name)

    def start(*argv, **variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        code = process.main(list(argv))
        return code, *capsys.readouterr()

    yield start
    structlog.reset_defaults()


COMPLETE: dict[str, Any] = {
    "GATEWAY_DATABASE_URL": "memory:",
    "GATEWAY_ALIPAY_GATEWAY_URL": "http://127.0.0.1:9/gateway.do",
    "GATEWAY_ALIPAY_APP_ID": "2021",
    "GATEWAY_ALIPAY_SELLER_ID": "2088",
    "GATEWAY_ALIPAY_APP_PRIVATE_KEY_FILE": "/nowhere",
    "GATEWAY_ALIPAY_PUBLIC_KEY_FILE": "/nowhere",
    "GATEWAY_APPS_FILE": "/nowhere",
}


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "GATEWAY_DATABASE_URL"),
        ({**COMPLETE, "GATEWAY_PROT": "1"}, "did you mean GATEWAY_PORT"),
        (COMPLETE, "worlds of one process only"),
    ],
)
def test_a_gateway_that_cannot_start_says_why_and_exits_2(variables, said, started):
    code, told, complaint = started(**variables)

    assert (code, told) == (2, "")
    assert said in complaint
    assert "Traceback" not in complaint


def test_a_process_that_cannot_start_says_why_and_exits_2():
    ended = run_process(**{**COMPLETE, "GATEWAY_DATABASE_URL": "postgresql+asyncpg://x@/y?host=/nowhere"})
    assert ended.returncode == 2
    assert "cannot be read" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_a_process_takes_no_arguments(started):
    code, told, complaint = started("--port", "1")

    assert (code, told) == (2, "")
    assert "usage: python -m reference_gateway" in complaint
