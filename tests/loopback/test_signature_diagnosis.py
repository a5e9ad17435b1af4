"""
A refused signature leaves its diagnosis in the journal, by the control API and in the file.
"""

import json
from pathlib import Path

import pytest

from mock_providers.doctor import main
from tests.loopback.sandbox import Sandbox, sandbox

pytestmark = pytest.mark.asyncio
PRECREATE = "alipay.trade.precreate"
BUSINESS = {"out_trade_no": "o1", "total_amount": "1.23", "subject": "tip pp000001"}


async def refused(box: Sandbox, params: dict[str, str]) -> None:
    async with box.session.post(box.simulator.alipay_url + "/gateway.do", data=params) as answer:
        assert "isv.invalid-signature" in await answer.text()


async def test_a_badly_signed_precreate_leaves_its_diagnosis_in_the_journal(box):
    params = box.merchant.signed(PRECREATE, BUSINESS)
    await refused(box, params | {"biz_content": json.dumps(BUSINESS, separators=(",", ":"))})
    (entry,) = await box.journal("in")
    doctor = entry["doctor"]
    assert (doctor["cause"], doctor["causes"]) == ("biz_content_rewritten", ["biz_content_rewritten"])
    assert set(doctor["sentence"]) == {"en", "zh"}
    assert doctor["built"] == entry["string_to_sign"]
    assert doctor["signed"] == doctor["built"].replace('":"', '": "').replace('","', '", "')
    assert doctor["first_difference"]["at"] == doctor["built"].index('"o1"')
    assert doctor["tried"] > 1


async def test_a_notifys_journal_entry_can_be_pasted_to_the_doctor(
    box, credentials_dir: Path, tmp_path: Path, capfdbinary
):
    await box.rule("forged_signature", {"on": "notify"})
    await box.pay()
    await box.advance(0)
    found = []
    for entry in (await box.control("GET", "/journal"))["items"][1:]:
        pasted = tmp_path / "entry.json"
        pasted.write_text(json.dumps(entry))
        code = main([str(pasted), "--credentials-dir", str(credentials_dir), "--json"])
        found.append((code, json.loads(capfdbinary.readouterr().out)["cause"]))
    assert found == [(1, "forger_key"), (0, None)]


async def test_a_good_signature_needs_no_doctor(box):
    await box.precreate()
    (entry,) = await box.journal("in")
    assert entry["doctor"] is None


async def test_the_journals_file_carries_the_diagnosis_too(credentials_dir: Path, tmp_path: Path):
    file = tmp_path / "wire.ndjson"
    async with sandbox(credentials_dir, journal_file=file) as box:
        params = box.merchant.signed(PRECREATE, BUSINESS)
        await refused(box, params | {"sign": params["sign"].rstrip("=")})
    (line,) = file.read_text().splitlines()
    assert json.loads(line)["doctor"]["cause"] == "base64_padding"
    assert "PRIVATE" not in line
