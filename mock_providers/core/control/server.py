"""The control API's HTTP front: its routes, its token, its port; and the same calls for whoever is in this process."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, cast
from urllib.parse import unquote

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from mock_providers.core.control.deliveries import DeliveryHandlers
from mock_providers.core.control.events import STREAMS, Streams, end_streams
from mock_providers.core.control.handlers import Handlers
from mock_providers.core.control.money import MoneyHandlers
from mock_providers.core.control.problems import answered, guard
from mock_providers.core.control.state import ControlState
from mock_providers.core.control.wire_log import WireLogHandlers
from mock_providers.core.wire.server import url_of

BASE = "/control/v1"


class OperatorRoom(Protocol):
    """Pages for people, on the control API's port."""

    @property
    def middleware(self) -> Middleware:
        """Comes before the guard."""
        ...

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        ...


_ADD = {"GET": web.get, "POST": web.post, "PUT": web.put, "DELETE": web.delete}
_SHUTDOWN_S = 2.0
_BODY_BYTES = 8 * 1024 * 1024


class ControlServer:
    """Listens for tests and for people with curl."""

    def __init__(self, state: ControlState, *, token: str, pages: OperatorRoom | None = None) -> None:
        self._state = state
        before = () if pages is None else (pages.middleware,)
        self._app = web.Application(middlewares=[*before, guard(token)], client_max_size=_BODY_BYTES)
        if pages is not None:
            pages.add_to(self._app)
        self._app[STREAMS] = Streams()
        self._app.on_shutdown.append(end_streams)
        self._table = _table(state)
        self._app.add_routes(_ADD[method](BASE + path, answer) for method, path, answer in self._table)
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def start(self, *, host: str, port: int) -> None:
        """Listen; `url` is known afterwards."""
        self._state.new_epoch()
        self._runner = web.AppRunner(self._app, handle_signals=False, access_log=None, shutdown_timeout=_SHUTDOWN_S)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        self.url = url_of(self._runner)

    async def answer(self, method: str, path: str, *, query: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """
        Do as the API would, without a connection: for a test in this process that asks ten times a step.

        Args:
            path: below the base, as it would stand on the wire.
        """
        wanted = path.split("/")
        for known, pattern, handler in self._table:
            matched = _matched(pattern.split("/"), wanted) if known == method else None
            if matched is not None:
                call = cast("web.Request", _Call(method, path, matched, query, body))
                given = await answered(call, handler)
                assert isinstance(given, web.Response)
                content = given.body
                return given.status, content if isinstance(content, bytes) else b""
        raise LookupError(f"no such call: {method} {path}")

    async def stop(self) -> None:
        """Answer what is in hand, then close."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None


@dataclass(frozen=True, slots=True)
class _Call:
    """What the handlers read of a request."""

    method: str
    path: str
    match_info: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes

    async def read(self) -> bytes:
        """The whole body."""
        return self.body


def _matched(pattern: list[str], wanted: list[str]) -> dict[str, str] | None:
    """What stands in the places of the names, where the path fits."""
    if len(pattern) != len(wanted):
        return None
    found = {}
    for known, given in zip(pattern, wanted, strict=True):
        if known.startswith("{"):
            found[known[1:-1]] = unquote(given)
        elif known != given:
            return None
    return found


def _table(state: ControlState) -> tuple[tuple[str, str, Handler], ...]:
    """Every call, by method, path below the base, and what answers it."""
    run = Handlers(state)
    money = MoneyHandlers(state)
    notifies = DeliveryHandlers(state)
    journal = WireLogHandlers(state)
    return (
        ("GET", "/health", run.health),
        ("GET", "/info", run.info),
        ("GET", "/openapi.yaml", run.openapi),
        ("GET", "/trades", run.trades),
        ("GET", "/trades/{provider}/{out_trade_no}", run.trade),
        ("POST", "/trades/{provider}/{out_trade_no}/buyer", run.buyer),
        ("POST", "/qr", run.scan_qr),
        ("GET", "/counts", run.counts),
        ("GET", "/clock", run.clock),
        ("POST", "/clock/advance", run.advance),
        ("POST", "/clock/rate", run.rate),
        ("GET", "/faults", run.faults),
        ("PUT", "/faults", run.put_faults),
        ("GET", "/faults/decisions", run.decisions),
        ("POST", "/faults/rules", run.add_fault),
        ("DELETE", "/faults/rules/{id}", run.remove_fault),
        ("POST", "/reset", run.reset),
        ("GET", "/snapshot", run.snapshot),
        ("PUT", "/snapshot", run.restore),
        ("GET", "/merchants", money.merchants),
        ("GET", "/payouts", money.payouts),
        ("GET", "/payouts/{provider}/{out_biz_no}", money.payout),
        ("GET", "/bills/planted", money.planted),
        ("POST", "/bills/planted", money.plant),
        ("DELETE", "/bills/planted", money.unplant),
        ("GET", "/notifies", notifies.page),
        ("POST", "/notifies/reorder", notifies.reorder),
        ("GET", "/notifies/{id}", notifies.one),
        ("POST", "/notifies/{id}/deliver", notifies.deliver),
        ("POST", "/notifies/{id}/copies", notifies.copy),
        ("POST", "/notifies/{id}/drop", notifies.drop),
        ("POST", "/notifies/{id}/hold", notifies.hold),
        ("POST", "/notifies/{id}/release", notifies.release),
        ("POST", "/trades/{provider}/{out_trade_no}/next-rung", notifies.next_rung),
        ("GET", "/journal", journal.page),
        ("GET", "/journal/stream", journal.stream),
        ("GET", "/journal/{seq}", journal.entry),
        ("GET", "/journal.ndjson", journal.download),
    )
