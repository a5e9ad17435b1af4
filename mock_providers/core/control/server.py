"""The control API's HTTP front: its routes, its token, its port."""

from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Middleware

from mock_providers.core.control.deliveries import DeliveryHandlers
from mock_providers.core.control.events import STREAMS, Streams, end_streams
from mock_providers.core.control.handlers import Handlers
from mock_providers.core.control.money import MoneyHandlers
from mock_providers.core.control.problems import guard
from mock_providers.core.control.state import ControlState
from mock_providers.core.control.wire_log import WireLogHandlers
from mock_providers.core.server import url_of

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
        for route in (_route, _route_money, _route_deliveries, _route_journal):
            route(self._app, state)
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def start(self, *, host: str, port: int) -> None:
        """Listen; `url` is known afterwards."""
        self._state.new_epoch()
        self._runner = web.AppRunner(self._app, handle_signals=False, access_log=None, shutdown_timeout=_SHUTDOWN_S)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        self.url = url_of(self._runner)

    async def stop(self) -> None:
        """Answer what is in hand, then close."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None


def _route(app: web.Application, state: ControlState) -> None:
    router, calls = app.router, Handlers(state)
    router.add_get(f"{BASE}/health", calls.health)
    router.add_get(f"{BASE}/info", calls.info)
    router.add_get(f"{BASE}/openapi.yaml", calls.openapi)
    router.add_get(f"{BASE}/trades", calls.trades)
    router.add_get(f"{BASE}/trades/{{provider}}/{{out_trade_no}}", calls.trade)
    router.add_post(f"{BASE}/trades/{{provider}}/{{out_trade_no}}/buyer", calls.buyer)
    router.add_post(f"{BASE}/qr", calls.scan_qr)
    router.add_get(f"{BASE}/counts", calls.counts)
    router.add_get(f"{BASE}/clock", calls.clock)
    router.add_post(f"{BASE}/clock/advance", calls.advance)
    router.add_post(f"{BASE}/clock/rate", calls.rate)
    router.add_get(f"{BASE}/faults", calls.faults)
    router.add_put(f"{BASE}/faults", calls.put_faults)
    router.add_get(f"{BASE}/faults/decisions", calls.decisions)
    router.add_post(f"{BASE}/faults/rules", calls.add_fault)
    router.add_delete(f"{BASE}/faults/rules/{{id}}", calls.remove_fault)
    router.add_post(f"{BASE}/reset", calls.reset)
    router.add_get(f"{BASE}/snapshot", calls.snapshot)
    router.add_put(f"{BASE}/snapshot", calls.restore)


def _route_money(app: web.Application, state: ControlState) -> None:
    router, calls = app.router, MoneyHandlers(state)
    router.add_get(f"{BASE}/merchants", calls.merchants)
    router.add_get(f"{BASE}/payouts", calls.payouts)
    router.add_get(f"{BASE}/payouts/{{provider}}/{{out_biz_no}}", calls.payout)
    router.add_get(f"{BASE}/bills/planted", calls.planted)
    router.add_post(f"{BASE}/bills/planted", calls.plant)
    router.add_delete(f"{BASE}/bills/planted", calls.unplant)


def _route_deliveries(app: web.Application, state: ControlState) -> None:
    router, calls = app.router, DeliveryHandlers(state)
    router.add_get(f"{BASE}/notifies", calls.page)
    router.add_post(f"{BASE}/notifies/reorder", calls.reorder)
    router.add_get(f"{BASE}/notifies/{{id}}", calls.one)
    router.add_post(f"{BASE}/notifies/{{id}}/deliver", calls.deliver)
    router.add_post(f"{BASE}/notifies/{{id}}/copies", calls.copy)
    router.add_post(f"{BASE}/notifies/{{id}}/drop", calls.drop)
    router.add_post(f"{BASE}/notifies/{{id}}/hold", calls.hold)
    router.add_post(f"{BASE}/notifies/{{id}}/release", calls.release)
    router.add_post(f"{BASE}/trades/{{provider}}/{{out_trade_no}}/next-rung", calls.next_rung)


def _route_journal(app: web.Application, state: ControlState) -> None:
    router, calls = app.router, WireLogHandlers(state)
    router.add_get(f"{BASE}/journal", calls.page)
    router.add_get(f"{BASE}/journal/stream", calls.stream)
    router.add_get(f"{BASE}/journal/{{seq}}", calls.entry)
    router.add_get(f"{BASE}/journal.ndjson", calls.download)
