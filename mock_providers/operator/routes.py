"""
The operator's pages over HTTP: orders, one order, the wire, the faults; and the forms behind their buttons.

Reads the simulator through the control room's state and changes it through `acts`. A form is answered with the address
of a page, so that loading it again presses nothing.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from urllib.parse import urlencode

from aiohttp import web
from aiohttp.typedefs import Middleware

from mock_providers.core.books.book import CASHIER_PATH, Trade, TradeState, cashier_token
from mock_providers.core.control.problems import ControlProblem
from mock_providers.core.control.reading import trade_of
from mock_providers.core.control.state import ControlState
from mock_providers.core.money import yuan_text
from mock_providers.core.notifies.copies import Sought
from mock_providers.core.pages import Language, PageText, PageWords, Templates, language_of
from mock_providers.core.provider import Brand
from mock_providers.core.wire.journal import Entry, Wanted
from mock_providers.errors import BookRefused, RulesRefused
from mock_providers.operator import lists, scenario
from mock_providers.operator.acts import Acts
from mock_providers.operator.diagram import draw, span_text
from mock_providers.operator.exchange import show
from mock_providers.operator.faultforms import forms, profiles
from mock_providers.operator.gate import COOKIE, Gate
from mock_providers.operator.story import tell

_HERE = Path(__file__).parent
_STORY_MAX = 300
_DECISIONS = 200_000
_WEEK_S = 7 * 86_400
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class OperatorPages:
    """
    Args:
        profiles_dir: the fault profiles that can be chosen.
    """

    def __init__(
        self, state: ControlState, *, token: str, brands: Mapping[str, Brand], profiles_dir: Path | None
    ) -> None:
        self._state = state
        self._brands = brands
        self._profiles_dir = profiles_dir
        self._acts = Acts(state, profiles=profiles_dir)
        self._gate = Gate(token)
        self._templates = Templates(_HERE / "templates")
        self._words = PageWords(_HERE / "words.toml")

    @property
    def middleware(self) -> Middleware:
        """Comes before the control API's guard."""
        return self._gate.middleware(self._ask)

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        router = app.router
        router.add_get("/", self._guarded(self._orders))
        router.add_get("/orders/{provider}/{out_trade_no}", self._guarded(self._order))
        router.add_get("/orders/{provider}/{out_trade_no}/scenario.yaml", self._guarded(self._scenario))
        router.add_get("/wire", self._guarded(self._wire))
        router.add_get("/faults", self._guarded(self._faults))
        router.add_post("/do/{act}", self._guarded(self._do))

    def _guarded(self, handler: Handler) -> Handler:
        """Refusals as pages for people."""

        async def shown(request: web.Request) -> web.StreamResponse:
            try:
                return await handler(request)
            except ControlProblem as problem:
                return self._refusal(request, problem.status, [problem.detail])
            except BookRefused as refused:
                return self._refusal(request, 409, [str(refused)])
            except RulesRefused as refused:
                return self._refusal(request, 400, list(refused.problems))

        return shown

    async def _orders(self, request: web.Request) -> web.Response:
        query = request.query
        page = lists.orders(self._state, query, before=_before(query))
        return self._page(
            request,
            "orders.html",
            {
                "page": page,
                "states": [state.value for state in TradeState],
                "older": _address("/", query, before=page.older),
                "counts": self._state.notifier.counts.as_json(),
                "total": len(self._state.book),
            },
            tab="orders",
        )

    async def _order(self, request: web.Request) -> web.Response:
        state = self._state
        trade = trade_of(state, request)
        opening = trade.opening
        entries = list(islice(self._exchanges(trade), _STORY_MAX))[::-1]
        copies = [state.notifier.as_json(one) for one in state.notifier.matching(_of(trade))]
        language = self._language(request)
        return self._page(
            request,
            "order.html",
            {
                "trade": trade,
                "opening": opening,
                "amount": lists.amount_text(trade),
                "vendor_state": state.providers[opening.provider].vendor_state(trade),
                "cashier": state.urls.get(opening.provider, "") + CASHIER_PATH + cashier_token(trade),
                "copies": copies[::-1],
                "next_in": self._next_in(trade),
                "diagram": draw(tell(entries, copies, trade, words=self._words.in_language(language))),
                "exchanges": [show(seq, entry, language=language) for seq, entry in entries],
                "saved": f"{request.path}/scenario.yaml?{urlencode({'merchant': opening.merchant_id})}",
            },
            tab="orders",
        )

    def _exchanges(self, trade: Trade) -> Iterator[tuple[int, Entry]]:
        """
        Those of one order, the latest first; requests that were refused at the door too, if they speak of it.
        """
        opening = trade.opening
        number = opening.out_trade_no.encode("utf-8", "replace")
        for seq, entry in self._state.journal.newest(Wanted(provider=opening.provider)):
            refused = entry.signature_ok is False and not entry.order and number in entry.request.body
            if entry.order == opening.out_trade_no or refused:
                yield seq, entry

    def _next_in(self, trade: Trade) -> str:
        due_s = self._state.notifier.next_due_s(_of(trade))
        return "" if due_s is None else span_text(max(due_s - self._state.schedule.now_s, 0.0))

    async def _scenario(self, request: web.Request) -> web.Response:
        state = self._state
        trade = trade_of(state, request)
        decisions, _ = state.faults.decisions(after=0, limit=_DECISIONS)
        told = scenario.Told(
            trade=trade,
            channel=state.providers[trade.opening.provider].channel_of(trade),
            decisions=scenario.struck(decisions, trade),
            copies=state.notifier.matching(_of(trade)),
            until_at=state.schedule.now(),
            seed=state.seed,
        )
        return web.Response(
            text=scenario.write(told),
            content_type="application/yaml",
            headers={"Content-Disposition": f'attachment; filename="{scenario.file_name(trade)}"'},
        )

    async def _wire(self, request: web.Request) -> web.Response:
        query = request.query
        page = lists.wire(self._state, query, before=_before(query), language=self._language(request))
        return self._page(
            request,
            "wire.html",
            {"page": page, "older": _address("/wire", query, before=page.older)},
            tab="wire",
        )

    async def _faults(self, request: web.Request) -> web.Response:
        return self._fault_page(request)

    def _fault_page(
        self, request: web.Request, *, problems: list[str] | None = None, status: int = 200
    ) -> web.Response:
        return self._page(
            request,
            "faults.html",
            {
                "rules": self._state.faults.rules(),
                "profiles": list(profiles(self._profiles_dir)),
                "forms": forms(),
                "order": request.query.get("order", ""),
                "problems": problems or [],
            },
            tab="faults",
            status=status,
        )

    async def _do(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        act = request.match_info["act"]
        if not self._gate.admits(request, form) or act not in self._acts.names:
            return self._refusal(request, 403, [self._words.in_language(self._language(request))["stale"]])
        await self._acts.do(act, form)
        return web.Response(status=303, headers={"Location": _within(form.get("back", "/"))})

    async def _ask(self, request: web.Request) -> web.Response:
        """Show where the token goes, and take it."""
        refused = False
        if request.method == "POST":
            form = {name: str(value) for name, value in (await request.post()).items()}
            if self._gate.admits(request, form) and self._gate.opens(form.get("token", "")):
                answer = web.Response(status=303, headers={"Location": "/"})
                answer.set_cookie(COOKIE, self._gate.cookie, max_age=_WEEK_S, httponly=True, samesite="Strict")
                return answer
            refused = True
        return self._page(request, "token.html", {"refused": refused}, tab="", status=401)

    def _refusal(self, request: web.Request, status: int, problems: list[str]) -> web.Response:
        return self._page(request, "message.html", {"problems": problems}, tab="", status=status)

    def _language(self, request: web.Request) -> Language:
        asked = request.query.get("lang", "") or request.cookies.get("payproof_lang", "")
        return language_of(asked=asked, accepted=request.headers.get("Accept-Language", ""))

    def _page(
        self, request: web.Request, template: str, values: Mapping[str, object], *, tab: str, status: int = 200
    ) -> web.Response:
        language = self._language(request)
        state = self._state
        frame = {
            "lang": "zh-CN" if language == "zh" else "en",
            "words": self._words.in_language(language),
            "tab": tab,
            "key": self._gate.key,
            "back": request.rel_url.raw_path_qs if request.method == "GET" else "/",
            "other": _address(request.path, request.query, lang="en" if language == "zh" else "zh"),
            "query": request.query,
            "profile": state.faults.profile,
            "rule_count": len(state.faults.rules()),
            "pending": state.notifier.pending,
            "clock": state.schedule.now(),
            "rate": state.schedule.rate,
            "seed": state.seed,
            "vendors": {name: one.title_zh if language == "zh" else one.title_en for name, one in self._brands.items()},
            "moment": _moment,
            "yuan": yuan_text,
            "day": lambda at: f"{at:%Y-%m-%d}",
        }
        page = self._templates.page(template, {**frame, **values}, status=status, script="live.js")
        answer = _response(page)
        if "lang" in request.query:
            answer.set_cookie("payproof_lang", language, samesite="Strict", httponly=True)
        return answer


def _response(page: PageText) -> web.Response:
    answer = web.Response(status=page.status, body=page.html)
    answer.headers.update(page.headers)
    return answer


def _of(trade: Trade) -> Sought:
    opening = trade.opening
    return Sought(provider=opening.provider, order=opening.out_trade_no, merchant=opening.merchant_id)


def _before(query: Mapping[str, str]) -> int | None:
    text = query.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _address(path: str, query: Mapping[str, str], **changes: object) -> str:
    """The same page with another query; None takes a name away."""
    merged = {**query, **changes}
    kept = {name: str(value) for name, value in merged.items() if value not in {None, ""}}
    return f"{path}?{urlencode(kept)}" if kept else path


def _within(back: str) -> str:
    """An address of ours; a form's `back` leads nowhere else."""
    return back if back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable() else "/"


def _moment(at: datetime) -> str:
    return f"{at:%H:%M:%S}"
