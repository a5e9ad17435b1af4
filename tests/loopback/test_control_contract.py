"""
The control API against its OpenAPI file, both ways: every route is in it, and every operation answers as it says.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012
from ruamel.yaml import YAML

import mock_providers.core.control
from harness.control import SimulatorControl
from mock_providers.core.control.server import BASE
from tests.loopback.sandbox import Sandbox, sandbox

FILE = Path(mock_providers.core.control.__file__).with_name("openapi.yaml")
CONTRACT: Mapping[str, Any] = YAML(typ="safe").load(FILE)
REGISTRY: Registry[Any] = Registry().with_resource("urn:control", DRAFT202012.create_resource(CONTRACT))
VERBS = ("get", "put", "post", "delete")
EXCHANGE = {"$ref": "#/components/schemas/Exchange"}
RULE = {"id": "late", "fault": "delay", "where": {"order": "*"}, "with": {"seconds": 600}}
DIFFERENCE = {"provider": "alipay", "day": "2026-11-27", "kind": "missing_row"}
ACTION = {"action": "pay"}
# Not every provider sends money at this moment, so this one comes with a snapshot.
PAYOUT = {
    "provider": "alipay",
    "out_biz_no": "b1",
    "order_no": "p1",
    "amount_fen": 100,
    "payee": "anybody",
    "asked_at": "2026-11-27T00:00:00Z",
}


@dataclass(frozen=True)
class Operation:
    """
    One operation of the file.
    """

    verb: str
    path: str
    said: Mapping[str, Any]

    def answer(self, status: int) -> Mapping[str, Any]:
        """
        The answers that the file has for this status, by content type.
        """
        found = self.said["responses"].get(str(status)) or self.said["responses"]["default"]
        if "$ref" in found:
            found = CONTRACT["components"]["responses"][found["$ref"].rpartition("/")[2]]
        return dict(found["content"])


OPERATIONS = {
    said["operationId"]: Operation(verb, path, said)
    for path, item in CONTRACT["paths"].items()
    for verb, said in item.items()
    if verb in VERBS
}

# One call of each operation that succeeds, in a sandbox that `furnished` has prepared: (path, body).
EXAMPLES: Mapping[str, tuple[str, Any]] = {
    "health": ("/health", None),
    "info": ("/info", None),
    "openapi": ("/openapi.yaml", None),
    "merchants": ("/merchants", None),
    "trades": ("/trades?provider=alipay&limit=1", None),
    "trade": ("/trades/alipay/o1", None),
    "buyer": ("/trades/alipay/o3/buyer", ACTION),
    "next_rung": ("/trades/alipay/o1/next-rung", None),
    "qr": ("/qr", {"qr_code": "{qr}", **ACTION}),
    "payouts": ("/payouts?provider=alipay", None),
    "payout": ("/payouts/alipay/b1", None),
    "notifies": ("/notifies?state=pending&order=o1", None),
    "reorder": ("/notifies/reorder", {"ids": ["{pending}"]}),
    "notify": ("/notifies/{pending}", None),
    "deliver": ("/notifies/{pending}/deliver", None),
    "copy": ("/notifies/{pending}/copies", {"seal": "foreign"}),
    "drop": ("/notifies/{pending}/drop", None),
    "hold": ("/notifies/{pending}/hold", None),
    "release": ("/notifies/{held}/release", None),
    "counts": ("/counts", None),
    "clock": ("/clock", None),
    "advance": ("/clock/advance", {"seconds": 60}),
    "set_rate": ("/clock/rate", {"rate": 2}),
    "faults": ("/faults", None),
    "put_faults": ("/faults", {"profile": "mine", "rules": [RULE]}),
    "decisions": ("/faults/decisions?limit=2", None),
    "add_rule": ("/faults/rules", {**RULE, "id": "later"}),
    "delete_rule": ("/faults/rules/late", None),
    "journal": ("/journal?direction=in", None),
    "journal_stream": ("/journal/stream?after=0", None),
    "exchange": ("/journal/{seq}", None),
    "journal_ndjson": ("/journal.ndjson", None),
    "planted": ("/bills/planted", None),
    "plant": ("/bills/planted", DIFFERENCE),
    "unplant": ("/bills/planted", None),
    "reset": ("/reset", None),
    "snapshot": ("/snapshot", None),
    "restore": ("/snapshot", "{snapshot}"),
}

# One call of each operation that is refused; those that take nothing can only be asked without the token.
REFUSALS: Mapping[str, tuple[str, Any, int]] = {
    "trades": ("/trades?limt=1", None, 400),
    "trade": ("/trades/alipay/none", None, 404),
    "buyer": ("/trades/alipay/o1/buyer", ACTION, 409),
    "next_rung": ("/trades/alipay/o3/next-rung", None, 409),
    "qr": ("/qr", {"qr_code": "none", **ACTION}, 404),
    "payouts": ("/payouts?after=x", None, 400),
    "payout": ("/payouts/alipay/none", None, 404),
    "notifies": ("/notifies?state=lost", None, 400),
    "reorder": ("/notifies/reorder", {"ids": []}, 400),
    "notify": ("/notifies/none", None, 404),
    "deliver": ("/notifies/n99/deliver", None, 404),
    "copy": ("/notifies/{pending}/copies", {"seal": "mine"}, 400),
    "drop": ("/notifies/n99/drop", None, 404),
    "hold": ("/notifies/n99/hold", None, 404),
    "release": ("/notifies/{pending}/release", None, 409),
    "advance": ("/clock/advance", {"seconds": -1}, 400),
    "set_rate": ("/clock/rate", {"rate": "fast"}, 400),
    "put_faults": ("/faults", {"rules": [{"id": "a", "fault": "dorp"}]}, 400),
    "decisions": ("/faults/decisions?limit=0", None, 400),
    "add_rule": ("/faults/rules", RULE, 400),
    "delete_rule": ("/faults/rules/none", None, 404),
    "journal": ("/journal?direction=up", None, 400),
    "journal_stream": ("/journal/stream?signature=bad", None, 400),
    "exchange": ("/journal/999", None, 404),
    "journal_ndjson": ("/journal.ndjson?order=o1&before=3", None, 400),
    "plant": ("/bills/planted", {**DIFFERENCE, "kind": "missing"}, 400),
    "restore": ("/snapshot", {}, 400),
}
_BARE = sorted(set(OPERATIONS) - set(REFUSALS))


async def furnished(box: Sandbox) -> dict[str, Any]:
    """
    Orders, a refund, a payout, deliveries pending and held, a rule that has decided, a difference; names for examples.
    """
    snapshot = await box.control("GET", "/snapshot")
    merchant = (await box.control("GET", "/info"))["providers"]["alipay"]["merchants"][0]
    await box.control("PUT", "/snapshot", {**snapshot, "payouts": [{**PAYOUT, "merchant_id": merchant}]})
    await box.control("PUT", "/faults", {"rules": [RULE]})
    await box.pay("o1")
    await box.refund("0.23", "r1", "o1")
    await box.pay("o2", label="pp000002")
    qr = (await box.precreate("o3", label="pp000003"))["qr_code"]
    (held,) = (await box.control("GET", "/notifies?order=o2"))["items"]
    await box.control("POST", f"/notifies/{held['id']}/hold")
    (pending, _) = (await box.control("GET", "/notifies?order=o1"))["items"]
    await box.control("POST", "/bills/planted", DIFFERENCE)
    snapshot = await box.control("GET", "/snapshot")
    seq = (await box.control("GET", "/journal?limit=1"))["items"][0]["seq"]
    return {"seq": str(seq), "pending": pending["id"], "held": held["id"], "qr": qr, "snapshot": snapshot}


def filled(value: Any, names: Mapping[str, Any]) -> Any:
    """
    *value* with the names in braces replaced.
    """
    if isinstance(value, dict):
        return {key: filled(one, names) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, names) for one in value]
    if isinstance(value, str) and (whole := re.fullmatch(r"\{(\w+)\}", value)):
        return names[whole.group(1)]
    return value.format(**names) if isinstance(value, str) else value


def conforms(value: Any, schema: Any) -> None:
    """
    Raises with every difference between *value* and a schema of the file.
    """
    validator: Any = Draft202012Validator(
        _anchored(schema), registry=REGISTRY, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    problems = [f"{'/'.join(map(str, error.path))}: {error.message}" for error in validator.iter_errors(value)]
    assert not problems, "\n".join(problems)


def _anchored(schema: Any) -> Any:
    """
    A schema cut out of the file, its references still pointing into the file.
    """
    if isinstance(schema, dict):
        return {
            key: f"urn:control{one}" if key == "$ref" and one.startswith("#") else _anchored(one)
            for key, one in schema.items()
        }
    return [_anchored(one) for one in schema] if isinstance(schema, list) else schema


async def checked(box: Sandbox, operation: Operation, path: str, *, body: Any, status: int, token: str = "") -> None:
    """
    Make the call, and hold its status, content type and body against the file.
    """
    url = f"{box.simulator.control_url}{BASE}{path}"
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        aiohttp.ClientSession() as session,
        session.request(operation.verb, url, json=body, headers=headers) as answer,
    ):
        said = operation.answer(status)
        assert (answer.status, answer.content_type in said) == (status, True), answer.content_type
        match answer.content_type:
            case "text/event-stream":
                await answer.content.readuntil(b"\n\n")
                _, _, data = (await answer.content.readuntil(b"\n\n")).partition(b"data: ")
                conforms(orjson.loads(data), EXCHANGE)
            case "application/x-ndjson":
                lines = (await answer.read()).splitlines()
                assert len(lines) == 4
                for line in lines:
                    conforms(orjson.loads(line), EXCHANGE)
            case "application/yaml":
                assert await answer.read() == FILE.read_bytes()
            case kind:
                conforms(await answer.json(content_type=None), said[kind]["schema"])


def test_the_file_is_whole():
    Draft202012Validator.check_schema({"$defs": CONTRACT["components"]["schemas"]})
    text = FILE.read_text("utf-8")
    for target in set(re.findall(r'\$ref: "#/components/(\w+/\w+)"', text)):
        kind, name = target.split("/")
        assert name in CONTRACT["components"][kind], target
    for name, operation in OPERATIONS.items():
        parameters = [str(one) for one in operation.said.get("parameters", ())]
        assert len(parameters) == len({*parameters}), name
        assert "default" in operation.said["responses"], name
    assert OPERATIONS.keys() == EXAMPLES.keys()


@pytest.mark.asyncio
async def test_every_route_is_in_the_file_and_the_reverse(box):
    app = box.simulator._control._app
    served = {
        (route.method.lower(), str(route.resource.canonical).removeprefix(BASE))
        for route in app.router.routes()
        if route.method != "HEAD" and str(route.resource.canonical).startswith(BASE)
    }
    assert served == {(operation.verb, operation.path) for operation in OPERATIONS.values()}


@pytest.mark.asyncio
@pytest.mark.parametrize("name", sorted(OPERATIONS))
async def test_an_operation_answers_as_described(box, name):
    names = await furnished(box)
    path, body = EXAMPLES[name]
    operation = OPERATIONS[name]
    if isinstance(body, dict) and "requestBody" in operation.said:
        conforms(filled(body, names), operation.said["requestBody"]["content"]["application/json"]["schema"])
    await checked(box, operation, filled(path, names), body=filled(body, names), status=200)


@pytest.mark.asyncio
@pytest.mark.parametrize("name", sorted(REFUSALS))
async def test_a_refusal_is_a_problem_as_described(box, name):
    names = await furnished(box)
    path, body, status = REFUSALS[name]
    await checked(box, OPERATIONS[name], filled(path, names), body=filled(body, names), status=status)


@pytest.mark.asyncio
async def test_without_the_token_every_operation_is_refused_as_described(credentials_dir):
    async with sandbox(credentials_dir, control_token="hush") as box:
        for name in _BARE:
            path, _ = EXAMPLES[name]
            await checked(box, OPERATIONS[name], path, body=None, status=401, token="wrong")
        await checked(box, OPERATIONS["health"], "/health", body=None, status=200, token="hush")


def test_the_client_has_a_method_for_every_operation():
    assert [name for name in OPERATIONS if not hasattr(SimulatorControl, name)] == []
