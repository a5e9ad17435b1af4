"""
A driver that is wrong, and a gateway that is configured wrongly, are told within seconds, in words, with exit 2.
"""

import asyncio
import shutil
from dataclasses import replace

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from harness.commands.rehearsal import rehearse
from harness.errors import ConfigError, DriverError, ServerStartError
from harness.ids import Ids
from harness.sut.driver.gateway import HttpGateway
from harness.sut.driver.schema import DriverFile
from harness.world.external import ExternalPlan, ExternalWorld
from harness.world.home import Home
from tests.processes.command import run

pytestmark = pytest.mark.processes
module_loop = pytest.mark.asyncio(loop_scope="module")
PAGE = "<html><h1>Please log in</h1></html>"


class Stranger:
    """A gateway of few words: it answers every call with the same, and may call a provider once."""

    def __init__(self) -> None:
        self.said = {"id": "1", "state": "NEW", "qr": "q"}
        self.calls_provider = self.app_id = ""
        self.url = ""

    async def hear(self, request):
        if request.path == "/":
            return web.Response()
        if self.calls_provider:
            form = {**UNSIGNED, "app_id": self.app_id}
            async with aiohttp.ClientSession() as session, session.post(self.calls_provider, data=form):
                self.calls_provider = ""
        return web.Response(text=PAGE, content_type="text/html") if self.said is None else web.json_response(self.said)


UNSIGNED = {
    "method": "alipay.trade.precreate", "charset": "utf-8", "sign_type": "RSA2", "version": "1.0",
    "timestamp": "2026-01-01 00:00:00", "sign": "AAAA", "biz_content": '{"out_trade_no":"x","subject":"tip pp999901"}',
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stranger():
    told = Stranger()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", told.hear)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    told.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield told
    await runner.cleanup()


def driver(url, **changes):
    asked = {"path": "/orders", "id": "/id", "status": "/state", "pay": "/qr"}
    facts = {
        "name": "stranger",
        "url": url,
        "channels": {"alipay": "a"},
        "create": {**asked, "body": {"no": "{{order_no}}"}},
        "get": {**asked, "method": "GET"},
        "states": {"NEW": "PENDING", "PAID": "PAID"},
    }
    return DriverFile.model_validate(facts | changes)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(stranger, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stranger")
    with Home(folder / "home") as home:
        plan = ExternalPlan(home=home, run_dir=folder, ids=Ids(1), driver=driver(stranger.url), folder=folder)
        world = await ExternalWorld.open(plan)
        yield world
        await world.close()


@pytest.fixture(autouse=True)
def calm(stranger):
    stranger.said = {"id": "1", "state": "NEW", "qr": "q"}


async def told(world, wrong):
    """What the rehearsal says of a driver."""
    world.plan = replace(world.plan, driver=wrong)
    world.gateway = world._http = HttpGateway(wrong, values=world._values)
    try:
        with pytest.raises(DriverError) as caught:
            await rehearse(world, patience_s=0.3, note=print)
    finally:
        await world._http.close()
    return f"{caught.value} | {caught.value.hint}"


@module_loop
async def test_a_page_of_html_is_no_answer(world, stranger):
    stranger.said = None

    said = await told(world, driver(stranger.url))

    assert "create: the answer (200) is not JSON" in said
    assert "Please log in" in said


@module_loop
async def test_a_pointer_that_leads_nowhere(world, stranger):
    stranger.said = {"order": {"state": "NEW"}}

    said = await told(world, driver(stranger.url))

    assert "create: /state: nothing is called 'state', in " in said
    assert '"order"' in said


@module_loop
async def test_a_state_without_a_meaning(world, stranger):
    stranger.said = {"id": "1", "state": "FRESH"}

    said = await told(world, driver(stranger.url))

    assert "stranger says 'FRESH' at /state, and states does not say what that means" in said
    assert "known: NEW, PAID" in said


@module_loop
async def test_a_gateway_that_refuses_the_first_payment(world, stranger):
    stranger.said = {"code": "E7", "why": "no such shop"}
    call = {"path": "/orders", "status": "/state", "no": {"/code": ["E7"]}}

    said = await told(world, driver(stranger.url, create=call))

    assert "stranger refused create with 200" in said
    assert "no such shop" in said


@module_loop
async def test_a_driver_that_cannot_look_at_an_order(world, stranger):
    said = await told(world, driver(stranger.url, get=None))

    assert "declares no get" in said


@module_loop
async def test_a_gateway_that_is_gone(world):
    said = await told(world, driver("http://127.0.0.1:9"))

    assert "stranger does not answer create at http://127.0.0.1:9" in said


@module_loop
async def test_a_gateway_that_was_not_pointed_at_the_simulator(world, stranger):
    said = await told(world, driver(stranger.url))

    assert "the simulator of alipay has not heard from it" in said
    assert "{{alipay_url}}" in said


@module_loop
async def test_a_gateway_with_other_keys(world, stranger):
    stranger.calls_provider = world.urls["alipay"]
    stranger.app_id = (world.plan.home.credentials / "alipay" / "app_id").read_text().strip()

    said = await told(world, driver(stranger.url))

    assert "alipay refused the signature of stranger's alipay.trade.precreate" in said
    assert "{{credentials_dir}}" in said


@module_loop
async def test_a_signing_plug_in_that_fails(world, stranger):
    def sign(**_):
        raise KeyError("shop_key")

    world.plan = replace(world.plan, driver=driver(stranger.url, signing="mine:sign"))
    world.gateway = world._http = HttpGateway(world.plan.driver, values=world._values, sign=sign)

    with pytest.raises(DriverError, match="signing mine:sign failed: KeyError: 'shop_key'"):
        await rehearse(world, patience_s=0.3, note=print)


# Before anything is asked


async def opened(tmp_path, wrong):
    with Home(tmp_path / "home") as home:
        plan = ExternalPlan(home=home, run_dir=tmp_path, ids=Ids(1), driver=wrong, folder=tmp_path)
        world = await ExternalWorld.open(plan)
        await world.close()


@module_loop
async def test_a_host_that_nobody_allowed(tmp_path):
    with pytest.raises(ConfigError, match=r"pay.example.com, which is not this machine") as caught:
        await opened(tmp_path, driver("http://pay.example.com"))

    assert "--allow-host pay.example.com" in caught.value.hint


@module_loop
async def test_a_secret_that_is_missing(tmp_path):
    with pytest.raises(DriverError, match="secret key: the environment variable NOBODY_HAS_SET_THIS is not set"):
        await opened(tmp_path, driver("http://127.0.0.1:9", secrets={"key": "env:NOBODY_HAS_SET_THIS"}))


@module_loop
async def test_a_secrets_file_that_is_missing(tmp_path):
    with pytest.raises(DriverError, match=r"secret key: .*/gone cannot be read: No such file"):
        await opened(tmp_path, driver("http://127.0.0.1:9", secrets={"key": "file:gone"}))


@module_loop
async def test_a_gateway_that_is_not_there_and_nobody_says_how_to_start(tmp_path):
    with pytest.raises(ServerStartError, match=r"stranger does not answer at http://127.0.0.1:9/") as caught:
        await opened(tmp_path, driver("http://127.0.0.1:9"))

    assert "start" in caught.value.hint


@module_loop
async def test_a_start_while_something_answers_there_already(tmp_path, stranger):
    with pytest.raises(ServerStartError, match=r"something answers at .* before stranger was started"):
        await opened(tmp_path, driver(stranger.url, start={"command": ["true"]}))


@module_loop
async def test_a_start_command_that_dies_is_told_with_its_last_words(world, tmp_path):
    shutil.copytree(world.plan.home.credentials, tmp_path / "home" / "credentials")
    file = tmp_path / "mine.yaml"
    file.write_text(
        "name: mine\nurl: 'http://127.0.0.1:{{gateway_port}}'\nchannels: {alipay: a}\n"
        "start: {command: [sh, -c, 'echo no database here >&2; exit 3']}\n"
        "create: {path: /, status: /s}\nstates: {NEW: PENDING}\n"
    )

    done = await asyncio.to_thread(run, "check", "--gateway", str(file), "--home", str(tmp_path / "home"))

    assert done.returncode == 2
    assert "gateway ended before it was ready" in done.stderr
    assert "no database here" in done.stderr
    assert "Traceback" not in done.stderr
