"""The server against its own contract: Schemathesis makes requests out of openapi.yaml, good and bad, all checks on."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from reference_gateway.clock import SystemClock
from reference_gateway.errors import GatewayError
from reference_gateway.http.ops_api import OPENAPI
from tests.unit.reference_gateway.live import LiveWorld
from tests.unit.reference_gateway.support import Merchant

EXAMPLES = 12
# Whether a channel is there, and has that product, is a matter of this gateway's settings; a purpose needs its fields.
BEYOND_SCHEMA = {"unknown_channel", "unknown_product", "unsupported"}
# Which fields go together.
RULES_BEYOND = ("shares need", "whose purpose is", "needs it", "needs a", "purpose", "times", "has pre-authorisation")


class Serving:
    """A gateway over memory on a loop of its own thread, and how its merchant signs."""

    def __init__(self) -> None:
        self.url = ""
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event
        self._merchant: Merchant
        self.broken: list[Any] = []

    @contextmanager
    def running(self) -> Iterator["Serving"]:
        thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="gateway")
        thread.start()
        assert self._ready.wait(20)
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._stop.set)
            thread.join(20)

    async def _serve(self) -> None:
        clock: Any = SystemClock()
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._loop.set_exception_handler(lambda _, context: self.broken.append(context))
        async with LiveWorld(clock=clock) as world:
            self._merchant = world.merchant
            self.url = world.gateway.url
            self._ready.set()
            await self._stop.wait()

    def sign(self, request: Any) -> None:
        """Sign what is about to be sent, exactly as it goes on the wire."""
        body = request.body or b""
        raw = body.encode() if isinstance(body, str) else body
        signed = self._merchant.headers(request.method, request.path_url, raw)
        del signed["Content-Type"]
        request.headers.update(signed)


@pytest.fixture(scope="module")
def serving():
    with Serving().running() as served:
        yield served


class Signature:
    """What a merchant's client does to each request."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    def __call__(self, request: Any) -> Any:
        self._serving.sign(request)
        return request


SCHEMA = schemathesis.openapi.from_path(OPENAPI)


@SCHEMA.parametrize()
@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
def test_the_server_keeps_its_contract(case, serving):
    auth = None if forged(case) else Signature(serving)
    response = case.call(base_url=serving.url, auth=auth)
    excluded = [positive_data_acceptance] if beyond_schema(case, response) else []
    case.validate_response(response, excluded_checks=excluded, transport_kwargs={"auth": auth})


def forged(case):
    """Whether the headers are wrong on purpose; signing would make them right again."""
    headers = case.meta.components.get(ParameterLocation.HEADER)
    return headers is not None and headers.mode is GenerationMode.NEGATIVE


def beyond_schema(case, response):
    """Whether the refusal has a reason that JSON Schema cannot say."""
    if response.status_code not in (400, 422):
        return False
    if case.path.startswith("/notify/"):
        return True  # who signed it is the whole question
    if "problem+json" not in response.headers["content-type"][0]:
        return False
    code, detail = response.json()["code"], response.json()["detail"]
    floats = isinstance(case.body, dict) and any(isinstance(value, float) for value in case.body.values())
    # 100.0 is an integer to JSON Schema, and no amount to us; a packet has at least a fen for each share.
    return code in BEYOND_SCHEMA or (
        code == "invalid_field" and (floats or any(rule in detail for rule in RULES_BEYOND))
    )


def test_all_checks_that_there_are_were_on():
    assert len(CHECKS.get_all_names()) >= 12


def test_nothing_broke_behind_the_answers(serving):
    # A refusal that background work met is told to whoever asked.
    assert [one for one in serving.broken if not isinstance(one.get("exception"), GatewayError)] == []
