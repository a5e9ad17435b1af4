"""
The credentials folder: private, complete, made once, whoever comes first.
"""

import json
import os
import stat
import subprocess
import sys
from base64 import b64decode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)

from mock_providers.errors import CredentialsRefused
from mock_providers.registry import PROVIDERS, make_credentials


def test_folders_and_files_are_private(credentials_dir):
    for path in credentials_dir.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    assert stat.S_IMODE(credentials_dir.stat().st_mode) == 0o700


def private_der(key):
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def public_der(key):
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_every_form_holds_the_same_key(credentials_dir):
    mine = credentials_dir / "alipay"
    keys = [
        load_pem_private_key((mine / f"app_private_key.{kind}.pem").read_bytes(), None) for kind in ("pkcs1", "pkcs8")
    ]
    keys += [
        load_der_private_key(b64decode((mine / f"app_private_key.{kind}.b64").read_text()), None)
        for kind in ("pkcs1", "pkcs8")
    ]
    assert len({private_der(key) for key in keys}) == 1
    public = load_pem_public_key((mine / "app_public_key.pem").read_bytes())
    assert public_der(keys[0].public_key()) == public_der(public)


def test_the_platforms_public_key_belongs_to_its_private_one_and_to_no_forger(credentials_dir):
    platform, mine = credentials_dir / "platform", credentials_dir / "alipay"
    public = public_der(load_pem_public_key((mine / "alipay_public_key.pem").read_bytes()))
    bare = public_der(load_der_public_key(b64decode((mine / "alipay_public_key.b64").read_text())))
    true, forger = (
        public_der(load_pem_private_key((platform / name).read_bytes(), None).public_key())
        for name in ("alipay_private_key.pem", "alipay_forger_private_key.pem")
    )
    assert public == bare == true != forger


def test_the_summary_names_files_that_exist(credentials_dir):
    summary = json.loads((credentials_dir / "credentials.json").read_text())["alipay"]
    assert summary["app_id"].startswith("2021")
    assert len(summary["app_id"]) == len(summary["seller_id"]) == 16
    assert summary["seller_id"] == (credentials_dir / "alipay" / "seller_id").read_text()
    assert all((credentials_dir / path).is_file() for path in summary["files"].values())


def test_a_second_start_changes_nothing(credentials_dir):
    before = {path: path.read_bytes() for path in credentials_dir.rglob("*") if path.is_file()}
    make_credentials(credentials_dir)
    assert {path: path.read_bytes() for path in credentials_dir.rglob("*") if path.is_file()} == before


def test_processes_that_start_at_once_agree(tmp_path):
    code = "import sys; from pathlib import Path; from mock_providers.registry import PROVIDERS, make_credentials\n"
    code += "print(make_credentials(Path(sys.argv[1])).read_text())"
    command = [sys.executable, "-c", code, str(tmp_path / "c")]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    told = {process.communicate(timeout=60)[0] for process in started}
    assert [process.returncode for process in started] == [0, 0, 0]
    assert len(told) == 1
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == [
        ".lock", *sorted(("credentials.json", "platform", *PROVIDERS)),
    ]  # fmt: skip


def test_a_start_that_was_killed_half_way_is_made_whole(tmp_path):
    (tmp_path / ".new-abc" / "alipay").mkdir(parents=True)
    (tmp_path / "alipay").mkdir()
    (tmp_path / "alipay" / "app_id").write_text("half")
    make_credentials(tmp_path)
    assert (tmp_path / "alipay" / "app_id").read_text() != "half"


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path):
    (tmp_path / "c").write_text("x")
    with pytest.raises(CredentialsRefused, match="not a folder"):
        make_credentials(tmp_path / "c")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_refused(tmp_path: Path):
    tmp_path.chmod(0o500)
    with pytest.raises(CredentialsRefused):
        make_credentials(tmp_path / "c")
