"""The control API's HTTP front: its routes, its token, its port."""

from aiohttp import web

from mock_providers.core.control.handlers import Handlers
from mock_providers.core.control.problems import guard
from mock_providers.core.control.state import ControlState
from mock_providers.core.server import url_of

BASE = "/control/v1"

_SHUTDOWN_S = 2.0
_BODY_BYTES = 8 * 1024 * 1024


class ControlServer:
    """Listens for tests and for people with curl."""

    def __init__(self, state: ControlState, *, token: str) -> None:
        self._app = web.Application(middlewares=[guard(token)], client_max_size=_BODY_BYTES)
        _route(self._app, Handlers(state))
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def start(self, *, host: str, port: int) -> None:
        """Listen; `url` is known afterwards."""
        self._runner = web.AppRunner(self._app, handle_signals=False, access_log=None, shutdown_timeout=_SHUTDOWN_S)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        self.url = url_of(self._runner)

    async def stop(self) -> None:
        """Answer what is in hand, then close."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None


def _route(app: web.Application, handlers: Handlers) -> None:
    router = app.router
    router.add_get(f"{BASE}/health", handlers.health)
    router.add_get(f"{BASE}/info", handlers.info)
    router.add_get(f"{BASE}/trades", handlers.trades)
    router.add_get(f"{BASE}/trades/{{provider}}/{{out_trade_no}}", handlers.trade)
    router.add_post(f"{BASE}/trades/{{provider}}/{{out_trade_no}}/buyer", handlers.buyer)
    router.add_post(f"{BASE}/qr", handlers.scan_qr)
    router.add_get(f"{BASE}/notifies", handlers.notifies)
    router.add_post(f"{BASE}/notifies/{{id}}/deliver", handlers.deliver)
    router.add_post(f"{BASE}/notifies/{{id}}/drop", handlers.drop)
    router.add_post(f"{BASE}/notifies/{{id}}/hold", handlers.hold)
    router.add_get(f"{BASE}/counts", handlers.counts)
    router.add_get(f"{BASE}/clock", handlers.clock)
    router.add_post(f"{BASE}/clock/advance", handlers.advance)
    router.add_post(f"{BASE}/clock/rate", handlers.rate)
    router.add_get(f"{BASE}/faults", handlers.faults)
    router.add_put(f"{BASE}/faults", handlers.put_faults)
    router.add_get(f"{BASE}/faults/decisions", handlers.decisions)
    router.add_post(f"{BASE}/faults/rules", handlers.add_fault)
    router.add_delete(f"{BASE}/faults/rules/{{id}}", handlers.remove_fault)
    router.add_get(f"{BASE}/journal", handlers.journal)
    router.add_post(f"{BASE}/reset", handlers.reset)
