"""
The command line as a contract: exit codes, one JSON object and nothing else, and sentences that say what to do.
"""

import re
import socket
import subprocess
import sys

import orjson
import pytest

from harness.script.loader import ROOT
from harness.settings import child_environment
from tests.processes.command import PAYPROOF, Up, run
from tests.processes.helpers import REPO

pytestmark = pytest.mark.processes
STORM = ROOT / "notify" / "duplicate-storm.yaml"
DEMO_KEYS = {
    "payments", "paid", "refunded", "notifies_sent", "notifies_duplicate", "notifies_forged", "lost", "credited_twice",
    "mismatched", "seed", "elapsed_s", "verdict",
}  # fmt: skip
CLEAN = {"lost": 0, "credited_twice": 0, "mismatched": 0, "verdict": "PASS"}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """One home for all, so that the database is made once."""
    return tmp_path_factory.mktemp("commands") / "home"


def refused(*argv, **environment):
    """Run what has to be refused as bad input; what it said."""
    done = run(*argv, **environment)
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert done.stderr.startswith("payproof: ")
    assert "Traceback" not in done.stderr
    return done.stderr


def accepted(*argv):
    """Run what has to pass; the one JSON object on its stdout."""
    done = run(*argv, "--json")
    assert done.returncode == 0, done.stderr
    return orjson.loads(done.stdout), done.stderr


# What passes


def test_the_demo_prints_one_object_with_the_keys_that_others_rely_on(home):
    told, people = accepted("demo", "--payments", "30", "--seed", "7", "--home", str(home))

    assert told.keys() >= DEMO_KEYS
    assert told | CLEAN | {"payments": 30, "paid": 30, "seed": 7} == told
    assert "verdict PASS" in people


def test_duplicate_storm_passes_and_several_scenarios_are_one_object(home):
    told, people = accepted("chaos", "duplicate-storm", str(STORM), "--seed", "7", "--home", str(home))

    assert told["verdict"] == "PASS"
    assert [one | CLEAN | {"seed": 7, "paid": 30} for one in told["scenarios"]] == told["scenarios"]
    assert people.count("verdict PASS") == 2
    assert not [line for one in told["scenarios"] for line in one["findings"]]


def test_one_scenario_is_its_own_object(home):
    told, _ = accepted("chaos", "duplicate-storm", "--seed", "7", "--home", str(home))

    assert told | CLEAN | {"scenario": "notify/duplicate-storm", "seed": 7} == told


def test_a_steady_load_loses_nothing(home):
    told, _ = accepted("load", "steady", "--rate", "50", "--duration", "5", "--home", str(home))

    assert told | CLEAN | {"shape": "steady", "refused": 0, "unanswered": 0} == told
    assert told["settled"] == told["sent"] == 250


def test_a_load_over_several_gateways_and_simulators_loses_nothing(home):
    words = ("--gateways", "2", "--simulators", "3", "--mix", "alipay=1,wechatpay_v3=1,unionpay_keyed=1")
    told, _ = accepted("load", "steady", "--rate", "40", "--duration", "3", *words, "--home", str(home))

    assert told | CLEAN | {"refused": 0, "unanswered": 0, "settled": 120} == told
    # Each of the simulators has keys of its own.
    assert {folder.name for folder in (home / "credentials" / "merchants").iterdir()} >= {"2", "3"}


@pytest.mark.parametrize("kind", ["requirements", "faults", "scenarios", "providers"])
def test_a_list_is_an_object_with_its_kind(kind):
    told, _ = accepted("list", kind)

    assert list(told) == [kind]
    assert all(row["id"] for row in told[kind])


def test_the_schema_in_the_library_is_what_the_command_prints():
    assert run("schema").stdout == (ROOT / "schema.json").read_text()


def test_help_imports_nothing_heavy():
    told = subprocess.run(
        [sys.executable, "-X", "importtime", *PAYPROOF[1:], "--help"],
        cwd=REPO, env=child_environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in told.stderr.splitlines()}

    assert "typer" in imported
    assert not imported & {"aiohttp", "sqlalchemy", "hypothesis", "cryptography", "orjson", "ruamel", "mock_providers"}


@pytest.mark.parametrize("module", ["harness.commands.chaos", "harness.commands.check", "harness.load.command"])
def test_a_command_imports_the_other_rooms_when_it_plays_in_process_and_not_before(module):
    told = subprocess.run(
        [sys.executable, "-c", f"import sys, {module}; print(*sys.modules)"],
        cwd=REPO, env=child_environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    imported = {name.partition(".")[0] for name in told.stdout.split()}

    assert "harness" in imported
    assert not imported & {"mock_providers", "reference_gateway", "sqlalchemy", "hypothesis"}


# What is refused, before anything starts


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["chaos", "duplicate-strom"], "no scenario 'duplicate-strom'; did you mean 'duplicate-storm'?"),
        (["chaos", "there/is/none.yaml"], "no file there/is/none.yaml"),
        (["demo", "--profile", "flakey"], "no profile is called flakey\n  did you mean flaky?"),
        (["load", "stead"], "no load shape is called stead\n  did you mean steady?"),
        (["list", "fault"], "there is no list of fault\n  did you mean faults?"),
        (["demo", "--sead", "1"], "No such option: --sead (Possible options: --seed)"),
        (["demo", "--payments", "none"], "--payments"),
        (["demoo"], "No such command 'demoo'"),
    ],
)
def test_a_slip_is_answered_with_the_closest_right_word(tmp_path, argv, said):
    home = tmp_path / "home"

    assert said in refused(*argv, PAYPROOF_HOME=str(home))
    assert not home.exists()


@pytest.mark.parametrize(
    ("right", "wrong", "column", "closest"),
    [
        ("purpose:", "porpose:", 1, "'purpose'"),
        ("copies: 5", "copeis: 5", 12, "'copies'"),
        ("- advance: 4d", "- advence: 4d", 5, "'advance'"),
        ("state/never-back", "state/never-bak", 5, "'state/never-back'"),
    ],
)
def test_a_misspelt_scenario_is_refused_with_its_place(tmp_path, right, wrong, column, closest):
    text = STORM.read_text()
    file, home = tmp_path / "storm.yaml", tmp_path / "home"
    file.write_text(text.replace(right, wrong))

    said = refused("chaos", "duplicate-storm", str(file), "--json", "--home", str(home))

    line = 1 + next(number for number, line in enumerate(text.splitlines()) if right in line)
    assert f"{file}:{line}:{column}: " in said
    assert f"did you mean {closest}?" in said
    assert not home.exists()


def test_a_misspelt_profile_is_refused_with_its_place(tmp_path):
    file, home = tmp_path / "mine.yaml", tmp_path / "home"
    file.write_text("profile: mine\nrules:\n  - {id: a, fault: dulicate, where: {on: notify}}\n")

    said = refused("demo", "--profile", str(file), "--home", str(home))

    assert f"{file}:3:13: no such fault: 'dulicate'; did you mean 'duplicate'?" in said
    assert not home.exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("PAYPROOF_HOEM", "PAYPROOF_HOEM is not a setting. Did you mean PAYPROOF_HOME?"),
        ("PAYPROOF_PROVIDERS_SEED", "PAYPROOF_PROVIDERS_SEED has no say in a sandbox\n  give --seed"),
        (
            "PAYPROOF_PROVIDERS_HOTS",
            "unknown variable PAYPROOF_PROVIDERS_HOTS. Did you mean 'PAYPROOF_PROVIDERS_HOST'?",
        ),
    ],
)
def test_a_variable_that_does_nothing_is_refused(tmp_path, name, said):
    done = run("providers", "--home", str(tmp_path / "home"), **{name: "1"})

    assert done.returncode == 2
    assert said in done.stderr


def test_a_run_folder_is_not_written_over(home, tmp_path):
    out = tmp_path / "run"
    out.mkdir()
    (out / "history.ndjson").touch()

    said = refused("demo", "--home", str(home), "--out", str(out))

    assert f"{out} holds a run already\n  name another folder with --out, or remove that one" in said


def test_a_folder_that_cannot_be_had_is_the_users_to_mend(tmp_path):
    file = tmp_path / "file"
    file.touch()

    assert f"{file} cannot be used: File exists\n  name another folder with --home" in refused(
        "demo", "--home", str(file)
    )


def test_a_home_in_use_and_a_taken_port_are_named(tmp_path):
    home = tmp_path / "home"
    with Up(home, command="providers").serving() as up:
        said = refused("demo", "--home", str(home))
        assert f"{home} is in use by process {up.process.pid}\n" in said
        port = int(re.findall(r":(\d+)/gateway\.do", up.where("Alipay gateway"))[0])
    with socket.create_server(("127.0.0.1", port)):
        said = run("up", "--home", str(home))
    assert said.returncode == 2
    assert f"port {port}, kept for alipay, is in use by another program" in said.stderr
    assert "Traceback" not in said.stderr


def test_named_gateways_are_tried_as_often_as_asked_and_their_power_is_told(home):
    done = run("gallery", "compares-before-it-writes", "--trials", "2", "--json", "--home", str(home))

    assert done.returncode == 0, done.stderr
    [row] = orjson.loads(done.stdout)["mutants"]
    assert (row["id"], row["caught_of"]) == ("compares-before-it-writes", [2, 2])
    assert row["caught_by"] == {"concurrency/other-body-at-once": {"of": [2, 2], "at_least": 0.342}}


def test_a_broken_gateway_that_nobody_has_is_refused_by_name(home):
    said = refused("gallery", "nobody", "--home", str(home))

    assert "no broken gateway is called nobody" in said
    assert "payproof list gallery" in said
