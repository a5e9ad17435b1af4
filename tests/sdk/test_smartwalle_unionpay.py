"""
The Go community's client of UnionPay, unmodified, against the simulator.

It has a module file of its own: where its package cannot be had, the other Go SDKs run all the same, and this says why.
"""

import asyncio
import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.chaos.unionpay_kit import Union
from tests.keys import copy_keys
from tests.loopback.sandbox import sandbox
from tests.unit.mock_providers.unionpay_desk import Merchant

pytestmark = [pytest.mark.asyncio, pytest.mark.sdk, pytest.mark.processes]

HERE = Path(__file__).parent / "go_unionpay"
BUILD_S, CALL_S = 110, 30
# What the client has beside the calls that the steps below drive.
OUT_OF_SCOPE = {
    "ACKNotification": "answers 200 and nothing else",
    "Decrypt*": "opens what the switch card_number=encrypted seals; a test of the simulator does that",
    "Encrypt*": "driven by CreateAccountPayment",
    "Load*FromFile": "the same from a file",
    "LoadWebPaymentTemplate": "the merchant's own page",
    "Request, URLValues, VerifySign": "driven by every call",
}


def built(folder: Path) -> Path:
    """
    The program; skips where there is no go, or the package cannot be had.
    """
    go = shutil.which("go")
    if go is None:
        pytest.skip("github.com/smartwalle/unionpay (Go) needs go on PATH")
    judge = folder / "judge"
    command = [go, "build", "-buildvcs=false", "-o", str(judge), "."]
    made = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=BUILD_S, check=False)
    if made.returncode != 0:
        pytest.skip(f"github.com/smartwalle/unionpay (Go) cannot be built here: {made.stderr.strip().splitlines()[-1]}")
    return judge


@pytest.fixture(scope="module")
def judge(tmp_path_factory) -> Path:
    return built(tmp_path_factory.mktemp("judge"))


class Shop(Union):
    judge: Path

    async def go(self, step: str, *words: str) -> Any:
        """
        One call of the client, in a process of its own; what it said.
        """
        command = [str(self.judge), str(self.merchant.directory), self.box.simulator.urls["unionpay"], step, *words]
        running = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={"NO_PROXY": "*"}
        )
        async with asyncio.timeout(CALL_S):
            said, problem = await running.communicate()
        assert running.returncode == 0, problem.decode()
        return json.loads(said)


@pytest_asyncio.fixture
async def shop(judge, tmp_path_factory):
    directory = tmp_path_factory.mktemp("credentials")
    copy_keys(directory)
    async with sandbox(directory) as box:
        shop = Shop(box, Merchant(directory))
        shop.judge = judge
        yield shop


async def test_the_encryption_certificate_is_fetched(shop):
    assert await shop.go("update") == shop.merchant.serial("acp_test_enc.cer")


async def test_an_app_order_is_paid_queried_and_told(shop):
    made = await shop.go("app", "appl0001", shop.box.receiver.url)
    assert len(made["TN"]) == 21
    moment = made["TxnTime"]
    waiting = await shop.go("query", "appl0001", moment)
    assert (waiting["OrigRespCode"], waiting["SettleAmt"]) == ("05", "0")
    await shop.pays("appl0001")
    paid = await shop.go("query", "appl0001", moment)
    assert (paid["OrigRespCode"], paid["TxnAmt"]) == ("00", "123")
    (arrived,) = await shop.box.receiver.until(1)
    found = await shop.go("notify", arrived.body.decode())
    assert (found["told"]["QueryId"], found["tampered"]) == (paid["QueryId"], True)
    assert (await shop.go("query", "appl0001", "20000101000000"))["Code"] == "34"


async def test_the_browsers_form_leads_to_the_cashier(shop):
    page = await shop.go("web", "webp0001", shop.box.receiver.url)
    fields = dict(re.findall(r'name="(\w+)"[^>]*value="([^"]*)"', page))
    url = f"{shop.box.simulator.urls['unionpay']}/gateway/api/frontTransReq.do"
    plain = {name: html.unescape(value) for name, value in fields.items()}
    async with shop.box.session.post(url, data=plain, allow_redirects=False) as answer:
        assert (answer.status, await answer.read()) == (302, b"")
        assert answer.headers["Location"].startswith(f"{shop.box.simulator.urls['unionpay']}/_cashier/")


async def test_a_payment_without_redirect_is_refunded_undone_and_reversed(shop):
    paid = await shop.go("account", "acco0001", "", "13552535506")
    assert paid["Code"] == "00"
    assert (await shop.go("refund", paid["QueryId"], "refd0001", "50", ""))["Code"] == "00"
    again = await shop.go("account", "acco0002", "", "13552535506")
    assert (await shop.go("revoke", again["QueryId"], "undo0001", "200", ""))["Code"] == "00"
    third = await shop.go("account", "acco0003", "", "13552535506")
    assert (await shop.go("reverse", "acco0003", third["TxnTime"]))["Code"] == "00"
    assert (await shop.go("account", "acco0004", "", "13552535507"))["Code"] == "66"


async def test_every_call_of_the_client_is_driven_or_out_of_scope():
    source = (HERE / "main.go").read_text(encoding="utf-8")
    driven = set(re.findall(r"\bc\.(\w+)\(", source)) | set(re.findall(r"\bclient\.(\w+)\(", source))
    assert driven >= {
        *("LoadEncryptKey", "CreateAppPayment", "CreateWebPayment", "GetTransaction", "CreateAccountPayment"),
        *("Refund", "Revoke", "ReverseAccountPayment", "DecodeNotification", "LoadRootCert", "LoadIntermediateCert"),
    }
    assert not driven & OUT_OF_SCOPE.keys()
