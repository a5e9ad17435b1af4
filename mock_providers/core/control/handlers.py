"""The calls of the control API, one method each; bodies and queries are checked here, work is done elsewhere."""

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from mock_providers.core.book import Trade
from mock_providers.core.control.problems import ControlProblem, json_response, only, read_int, read_json, read_seconds
from mock_providers.core.control.state import ACTIONS, ControlState
from mock_providers.core.notifier import Delivery
from mock_providers.errors import closest

_PAGE = 1000
_PAGE_MAX = 10_000
_CURSOR_MAX = 10**15
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
                **state.front(),
            }
        )

    async def trades(self, request: web.Request) -> web.Response:
        """A page of the book, in order of creation."""
        _only_query(request, "provider")
        items, cursor = self._state.book.page(
            after=_after(request),
            limit=_limit(request),
            provider=request.query.get("provider") or None,
            now=self._state.schedule.now(),
        )
        return json_response({"items": [self._state.trade_json(trade) for trade in items], "next": cursor})

    async def trade(self, request: web.Request) -> web.Response:
        """One trade."""
        return json_response(self._state.trade_json(self._trade(request)))

    async def buyer(self, request: web.Request) -> web.Response:
        """The buyer acts on an order number."""
        body = await _body(request, "action")
        trade = self._trade(request)
        self._state.act(trade, _action(body.get("action")))
        return json_response(self._state.trade_json(trade))

    async def scan_qr(self, request: web.Request) -> web.Response:
        """The buyer acts on what the QR code says."""
        body = await _body(request, "qr_code", "action")
        action = _action(body.get("action"))
        trade = self._state.book.by_qr(str(body.get("qr_code")), now=self._state.schedule.now())
        if trade is None:
            raise ControlProblem(
                404, "unknown_qr", "no order has this QR code", next_step="take `qr_code` from the precreate answer"
            )
        self._state.act(trade, action)
        return json_response(self._state.trade_json(trade))

    def _trade(self, request: web.Request) -> Trade:
        provider, order = request.match_info["provider"], request.match_info["out_trade_no"]
        trade = self._state.book.by_order(provider, order, now=self._state.schedule.now())
        if trade is None:
            raise ControlProblem(
                404,
                "unknown_order",
                f"{provider} knows no order {order}",
                next_step="list what there is with GET /control/v1/trades",
            )
        return trade

    async def notifies(self, request: web.Request) -> web.Response:
        """A page of deliveries."""
        _only_query(request, "state")
        state = request.query.get("state") or None
        if state not in {None, "pending", "done"}:
            raise ControlProblem(400, "bad_query", f"state={state}", next_step="give state as pending or done")
        items, cursor = self._state.notifier.page(state=state, after=_after(request), limit=_limit(request))
        return json_response({"items": items, "next": cursor})

    async def deliver(self, request: web.Request) -> web.Response:
        """Send a delivery now, or one that was sent before once more; answers when the merchant has."""
        sent = await self._state.notifier.deliver(self._delivery(request))
        return json_response(self._state.notifier.as_json(sent))

    async def drop(self, request: web.Request) -> web.Response:
        """Lose a delivery."""
        delivery = self._delivery(request)
        self._state.notifier.drop(delivery)
        return json_response(self._state.notifier.as_json(delivery))

    async def hold(self, request: web.Request) -> web.Response:
        """Keep a delivery until it is delivered or dropped by hand."""
        delivery = self._delivery(request)
        self._state.notifier.hold(delivery)
        return json_response(self._state.notifier.as_json(delivery))

    def _delivery(self, request: web.Request) -> Delivery:
        delivery = self._state.notifier.find(request.match_info["id"])
        if delivery is None:
            raise ControlProblem(
                404, "unknown_notify", "no such notify", next_step="list them with GET /control/v1/notifies"
            )
        return delivery

    async def counts(self, _: web.Request) -> web.Response:
        """How many deliveries of which kind."""
        notifier = self._state.notifier
        return json_response({**notifier.counts.as_json(), "pending": notifier.pending})

    async def clock(self, _: web.Request) -> web.Response:
        """Both clocks."""
        return json_response(self._state.clock_json())

    async def advance(self, request: web.Request) -> web.Response:
        """Move the schedule; answers when all that fell due has been delivered and answered."""
        body = await _body(request, "seconds", "until_idle")
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
        self._state.schedule.rate = read_seconds(await _body(request, "rate"), "rate", highest=_RATE_MAX)
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
        _only_query(request)
        items, cursor = self._state.faults.decisions(after=_after(request), limit=_limit(request))
        return json_response({"items": items, "next": cursor})

    async def journal(self, request: web.Request) -> web.Response:
        """Every exchange, raw."""
        _only_query(request)
        items, cursor = self._state.journal.page(after=_after(request), limit=_limit(request))
        return json_response({"items": items, "next": cursor})

    async def reset(self, _: web.Request) -> web.Response:
        """Forget the book, the journal, what is pending, the counts and the attempts."""
        self._state.reset()
        return json_response({"ok": True})


def _action(value: object) -> str:
    if value not in ACTIONS:
        raise ControlProblem(
            400,
            "unknown_action",
            f"action: {value!r}.{closest(str(value), ACTIONS)}",
            next_step=f"give action as one of {', '.join(ACTIONS)}",
        )
    return str(value)


async def _body(request: web.Request, *known: str) -> dict[str, Any]:
    body = await read_json(request)
    only(body, known, code="bad_body")
    return body


def _only_query(request: web.Request, *more: str) -> None:
    only(request.query, (*more, "after", "limit"), code="bad_query")


def _after(request: web.Request) -> int:
    return read_int(request, "after", default=0, lowest=0, highest=_CURSOR_MAX)


def _limit(request: web.Request) -> int:
    return read_int(request, "limit", default=_PAGE, lowest=1, highest=_PAGE_MAX)
