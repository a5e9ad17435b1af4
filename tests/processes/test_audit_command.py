"""
`payproof audit` beside a running sandbox: what somebody did by hand is judged, and nothing is disturbed.
"""

import asyncio
import json
import sys

import pytest

from harness.control import SimulatorControl
from tests.processes.command import Up, run
from tests.processes.helpers import open_folder
from tests.processes.rounds import create

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc to see who is alive"),
]
SETTLED_S = 60


@pytest.fixture
def home():
    with open_folder() as folder:
        yield folder / "home"


def audit(home, *options):
    done = run("audit", "--home", str(home), "--json", *options)
    return done.returncode, json.loads(done.stdout)


async def buy(up):
    """
    A payment that is opened, paid, notified and told to the platform.
    """
    payment = await create(up, "pp000001")
    assert payment
    control = SimulatorControl(up.where("control API").removesuffix("/control/v1"))
    try:
        (trade,) = [trade async for trade in control.trades()]
        await control.buyer(trade.provider, trade.out_trade_no)
        await control.advance(0)
        heard = up.home / "runs" / "latest" / "webhooks.ndjson"
        async with asyncio.timeout(SETTLED_S):
            while not heard.is_file():
                await control.advance(60)
    finally:
        await control.close()


def test_what_happened_in_a_sandbox_is_audited(home):
    with Up(home, "--profile", "calm").serving() as up:
        code, told = audit(home)
        assert (code, told["verdict"]) == (3, "UNKNOWN")
        assert "no payment succeeded" in told["reasons"][0]

        asyncio.run(buy(up))
        code, told = audit(home)
        assert (code, told["verdict"], told["reasons"]) == (0, "PASS", [])
        assert (told["paid"], told["webhooks"], told["lost"], told["credited_twice"]) == (1, 1, 0, 0)

        (home / "runs" / "latest" / "webhooks.ndjson").unlink()
        code, told = audit(home)
        assert (code, told["verdict"]) == (3, "UNKNOWN")
        assert told["reasons"] == ["payments were paid and no webhook was received"]


def test_without_a_sandbox_there_is_nothing_to_audit(home):
    done = run("audit", "--home", str(home))

    assert done.returncode == 2
    assert "no sandbox has ever run in" in done.stderr
    assert "payproof up" in done.stderr
