"""The calls of the control API, one method each; bodies and queries are checked here, work is done elsewhere."""

from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web
from pydantic import ValidationError

from mock_providers.core.books.book import Trade
from mock_providers.core.control.problems import ControlProblem, json_response, only, read_json, read_seconds
from mock_providers.core.control.reading import (
    only_query,
    read_after,
    read_body,
    read_choice,
    read_limit,
    read_text,
    trade_of,
)
from mock_providers.core.control.state import ACTIONS, ControlState
from mock_providers.core.snapshot import from_json, to_json

_CONTRACT = Path(__file__).with_name("openapi.yaml")
_ADVANCE_MAX_S = 10 * 365 * 86_400.0
_RATE_MAX = 1e6
# Dates end with the year 9999, and ladders and expiries need some room.
_LATEST_AT = datetime(9000, 1, 1, tzinfo=UTC)


class Handlers:
    """Answers over one simulator."""

    def __init__(self, state: ControlState) -> None:
        self._state = state

    async def health(self, _: web.Request) -> web.Response:
        """The process is there."""
        return json_response({"ok": True})

    async def info(self, _: web.Request) -> web.Response:
        """What runs here."""
        return self._info()

    def _info(self) -> web.Response:
        state = self._state
        return json_response(
            {
                "seed": state.seed,
                "profile": state.faults.profile,
                "providers": {
                    name: {
                        "url": state.urls[name],
                        "gateway_url": state.urls[name] + provider.gateway_path,
                        "merchants": provider.merchants,
                    }
                    for name, provider in state.providers.items()
                },
                "rules": len(state.faults.rules()),
                "epoch": state.epoch,
                "workers": 1,
                **state.front(),
            }
        )

    async def openapi(self, _: web.Request) -> web.Response:
        """The contract of these calls."""
        return web.Response(body=_CONTRACT.read_bytes(), content_type="application/yaml")

    async def trades(self, request: web.Request) -> web.Response:
        """A page of the book, in order of creation."""
        only_query(request, "provider", "merchant")
        items, cursor = self._state.book.page(
            after=read_after(request),
            limit=read_limit(request),
            provider=read_text(request, "provider"),
            merchant_id=read_text(request, "merchant"),
            now=self._state.schedule.now(),
        )
        return json_response({"items": [self._state.trade_json(trade) for trade in items], "next": cursor})

    async def trade(self, request: web.Request) -> web.Response:
        """One trade."""
        only(request.query, ("merchant",), code="bad_query")
        return json_response(self._state.trade_json(trade_of(self._state, request)))

    async def buyer(self, request: web.Request) -> web.Response:
        """The buyer acts on an order number."""
        only(request.query, ("merchant",), code="bad_query")
        body = await read_body(request, "action")
        trade = trade_of(self._state, request)
        self._state.act(trade, read_choice(body, "action", ACTIONS, code="unknown_action"))
        return json_response(self._state.trade_json(trade))

    async def scan_qr(self, request: web.Request) -> web.Response:
        """The buyer acts on what the QR code says."""
        body = await read_body(request, "qr_code", "action")
        action = read_choice(body, "action", ACTIONS, code="unknown_action")
        trade = self._scanned(str(body.get("qr_code")))
        if trade is None:
            raise ControlProblem(
                404, "unknown_qr", "no order has this QR code", next_step="take `qr_code` from the precreate answer"
            )
        self._state.act(trade, action)
        return json_response(self._state.trade_json(trade))

    def _scanned(self, text: str) -> Trade | None:
        """The trade behind a code that a buyer scans, or behind what an app hands to the vendor's."""
        found = self._state.book.by_qr(text, now=self._state.schedule.now())
        links = (provider.cashier_link(text) for provider in self._state.providers.values())
        return found or next((trade for trade in links if trade is not None), None)

    async def counts(self, _: web.Request) -> web.Response:
        """How many deliveries of which kind."""
        notifier = self._state.notifier
        return json_response({**notifier.counts.as_json(), "pending": notifier.pending})

    async def clock(self, _: web.Request) -> web.Response:
        """Both clocks."""
        return json_response(self._state.clock_json())

    async def advance(self, request: web.Request) -> web.Response:
        """Move the schedule; answers when all that fell due has been delivered and answered."""
        body = await read_body(request, "seconds", "until_idle")
        until_idle = body.get("until_idle", False)
        if not isinstance(until_idle, bool):
            raise ControlProblem(400, "bad_body", f"until_idle: {until_idle!r}", next_step="give true or false")
        seconds = read_seconds(body, "seconds", highest=_ADVANCE_MAX_S)
        if (_LATEST_AT - self._state.schedule.now()).total_seconds() < seconds:
            raise ControlProblem(
                409,
                "end_of_time",
                f"the schedule would pass {_LATEST_AT:%Y-%m-%d}",
                next_step="start the simulator again; its schedule begins with the machine's date",
            )
        await self._state.schedule.advance(seconds, until_idle=until_idle)
        return json_response(self._state.clock_json())

    async def rate(self, request: web.Request) -> web.Response:
        """How fast the schedule flows; 0 stands still."""
        self._state.schedule.rate = read_seconds(await read_body(request, "rate"), "rate", highest=_RATE_MAX)
        return json_response(self._state.clock_json())

    async def faults(self, _: web.Request) -> web.Response:
        """The rules in force."""
        return self._rules()

    async def put_faults(self, request: web.Request) -> web.Response:
        """Other rules."""
        self._state.faults.replace(await read_json(request))
        return self._rules()

    async def add_fault(self, request: web.Request) -> web.Response:
        """One more rule."""
        self._state.faults.add(await read_json(request))
        return self._rules()

    async def remove_fault(self, request: web.Request) -> web.Response:
        """One rule less."""
        if not self._state.faults.remove(request.match_info["id"]):
            raise ControlProblem(404, "unknown_rule", "no such rule", next_step="list them with GET /control/v1/faults")
        return self._rules()

    def _rules(self) -> web.Response:
        return json_response({"profile": self._state.faults.profile, "rules": self._state.faults.rules()})

    async def decisions(self, request: web.Request) -> web.Response:
        """Every decision made."""
        only_query(request)
        items, cursor = self._state.faults.decisions(after=read_after(request), limit=read_limit(request))
        return json_response({"items": items, "next": cursor})

    async def reset(self, _: web.Request) -> web.Response:
        """Forget the book, the journal, what is pending, the counts and the attempts."""
        self._state.reset()
        return json_response({"ok": True})

    async def snapshot(self, _: web.Request) -> web.Response:
        """Everything that the run has made."""
        return web.Response(body=to_json(self._state.snapshot()), content_type="application/json")

    async def restore(self, request: web.Request) -> web.Response:
        """Go on from a snapshot, which may be larger than other bodies."""
        document = b"".join([chunk async for chunk in request.content.iter_any()])
        try:
            snapshot = from_json(document)
        except ValidationError as refused:
            raise bad_snapshot(refused) from None
        await self._state.restore(snapshot)
        return self._info()


def bad_snapshot(refused: ValidationError) -> ControlProblem:
    """What is wrong with a document that is no snapshot."""
    first = refused.errors()[0]
    where = ".".join(map(str, first["loc"]))
    return ControlProblem(
        400,
        "bad_snapshot",
        f"{where or 'the body'}: {first['msg']}",
        next_step="put back a document that GET /control/v1/snapshot of this version gave",
    )
