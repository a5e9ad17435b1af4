"""
What goes into a report: the bytes of every channel's exchanges, and none of the run's secrets.
"""

import dataclasses
from pathlib import Path

import pytest

from harness.catalog import BY_ID
from harness.errands import Errand, run_errands
from harness.reports.check_page import CheckReport, check_page
from harness.trial import Result, Tally, wire_file
from harness.verdict import Verdict
from harness.words import Words

# One that signs with a private key, one each that signs with a shared secret.
CHANNELS = ("alipay", "wechatpay_v2", "unionpay_keyed")
RULE = BY_ID["idempotency/credited-once"]
SECRET_NAMES = ("private_key", "aes_key", "apiv2_key", "apiv3_key", "app_secret", "secure_key", "key.pem", "pkcs")
SECRET_CHARS_MIN = 16


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    A gateway that credits every notify, over each channel, and its report.
    """
    folder = tmp_path_factory.mktemp("run")
    results = [_broken(folder, channel) for channel in CHANNELS]
    told = CheckReport(verdict=Verdict.FAIL, results=results, facts={}, run_dir=folder, again="payproof check")
    (folder / "report.html").write_text(check_page(told, words=Words("en")), encoding="utf-8")
    return folder


def _broken(folder: Path, channel: str) -> Result:
    history = folder / "cases" / channel / "duplicates.ndjson"
    history.parent.mkdir(parents=True)
    errand = Errand(
        case="duplicates", channel=channel, seed=1, credentials=folder / "keys", history=history,
        mutant="credits-every-notify",
    )  # fmt: skip
    tally = Tally()
    for _, played in run_errands([errand]):
        tally.add(played)
    ((case, judged), *_) = tally.said[RULE.id, channel]
    bare = Result(requirement=RULE, channel=channel, world="in_process", verdict=Verdict.FAIL, case=case)
    return dataclasses.replace(bare, finding=judged.findings[0])


def secrets_of(keys: Path) -> dict[str, str]:
    """
    The longest line of each file that holds a secret, by its name.
    """
    found = {}
    for file in keys.rglob("*"):
        if file.is_file() and any(word in file.name for word in SECRET_NAMES) and "public" not in file.name:
            lines = [line for line in file.read_text(errors="replace").splitlines() if "-----" not in line]
            secret = max(lines, key=len, default="")
            if len(secret) >= SECRET_CHARS_MIN:
                found[str(file.relative_to(keys))] = secret
    return found


def test_each_channel_shows_its_bytes(run_dir: Path):
    told = (run_dir / "report.html").read_text(encoding="utf-8")

    for said in ("alipay.trade.precreate", "v2.unifiedorder", "backTransReq/01"):
        assert said in told
    assert told.count("string to sign") > 2 * len(CHANNELS)


def test_no_secret_reaches_the_run_folder(run_dir: Path):
    secrets = secrets_of(run_dir / "keys")
    kept = [run_dir / "report.html"]
    for channel in CHANNELS:
        history = run_dir / "cases" / channel / "duplicates.ndjson"
        kept += [history, wire_file(history)]

    assert {"wechatpay/apiv2_key", "unionpay/acp_test_sign.key.pem"} <= set(secrets)
    for file in kept:
        text = file.read_text(encoding="utf-8")
        assert text
        assert not [name for name, secret in secrets.items() if secret in text]
