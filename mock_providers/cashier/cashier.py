"""
The cashier's visits: a browser comes, looks at an order, presses a button, and is sent on its way.

Everything that a buyer does goes through one door, the same as for tests. It opens no socket: the provider's own server
hands the requests in, so that the pages stand wherever a provider is served, under the vendors' own names too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from mock_providers.cashier.view import FAILURES, SAID, View, amount_text, facts_of, html_language, usable, view_of
from mock_providers.core.books.book import CASHIER_PATH, Book, Trade, TradeState, cashier_token
from mock_providers.core.clock import ScheduleClock
from mock_providers.core.pages import FormKeys, Language, PageText, PageWords, Templates, language_of
from mock_providers.core.plans import PLAIN_SHAPE, AnswerShape
from mock_providers.core.provider import Brand, Call, Departure, Provider
from mock_providers.core.wire.journal import RawRequest
from mock_providers.core.wire.reply import WireReply
from mock_providers.errors import BookRefused

_HERE = Path(__file__).parent
_FORM_BYTES = 16_384
_FORM_FIELDS = 16
# How long a buyer sees the result before the merchant's page comes.
_LINGER_S = 3
_LOOKING = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a browser, read."""

    trade: Trade
    token: str
    language: Language
    asked: str
    said: str

    def address(self, **said: str) -> str:
        """The page's own address, in the language that was asked for by hand."""
        query = {name: value for name, value in (("said", said.get("said", "")), ("lang", self.asked)) if value}
        return f"{CASHIER_PATH}{self.token}" + (f"?{urlencode(query)}" if query else "")


class Cashier:
    """
    Args:
        act: lets the buyer of a trade do something.
    """

    def __init__(
        self,
        *,
        book: Book,
        schedule: ScheduleClock,
        act: Callable[[Trade, str], None],
        providers: Mapping[str, Provider],
        brands: Mapping[str, Brand],
    ) -> None:
        self._book = book
        self._schedule = schedule
        self._act = act
        self._providers = providers
        self._brands = brands
        self._keys = FormKeys()
        self._templates = Templates(_HERE / "templates")
        self._words = PageWords(_HERE / "words.toml")

    def read(self, provider: Provider, request: RawRequest) -> Call | None:
        """
        Understand a browser's request.

        Returns:
            None when this is no page of the cashier and no link to one.
        """
        looks = request.method in _LOOKING
        if not looks and CASHIER_PATH not in request.target:
            return None  # a merchant's call, as nearly all are
        parts = _split(request)
        if parts is None:
            return None
        path, query = parts
        if path.startswith(CASHIER_PATH):
            return self._visit(provider, request, token=path.removeprefix(CASHIER_PATH), query=query)
        return _linked(provider, request) if looks else None

    def _visit(self, provider: Provider, request: RawRequest, *, token: str, query: Mapping[str, str]) -> Call:
        asked = query.get("lang", "")
        language = language_of(asked=asked, accepted=_header(request, "accept-language"))
        trade = self._book.by_token(token, now=self._schedule.now())
        if trade is None:
            brand = self._brands[provider.name]
            return _call(None, "cashier", lambda: _reply(self._unknown(brand, language=language)))
        said = query.get("said", "")
        visit = Visit(trade, token, language, asked if asked == language else "", said if said in SAID else "")
        if request.method == "POST":
            form = _form(request)
            action = form.get("action", "")
            api = f"cashier.{action}" if action in SAID else "cashier"
            return _call(trade, api, lambda: self._press(visit, action, ours=self._ours(request, visit, form)))
        return _call(trade, "cashier", lambda: self._look(visit, may_scan=request.method == "GET"))

    def _ours(self, request: RawRequest, visit: Visit, form: Mapping[str, str]) -> bool:
        """Whether the form came out of our own page, and not out of somebody else's."""
        return _header(request, "sec-fetch-site") in {"", "same-origin", "none"} and self._keys.fits(
            visit.token, form.get("key", "")
        )

    def _look(self, visit: Visit, *, may_scan: bool) -> WireReply:
        """Show the order. Opening the page is what the vendors call scanning."""
        if visit.trade.state is TradeState.CREATED and may_scan:
            try:
                self._act(visit.trade, "scan")
            except BookRefused as refused:
                return _reply(self._refused(visit, refused))
        return _reply(self._page(visit, view_of(visit.trade, said=visit.said)))

    def _press(self, visit: Visit, action: str, *, ours: bool) -> WireReply:
        if not ours or action not in SAID:
            stale = view_of(visit.trade, said="stale")
            return _reply(self._page(visit, stale, status=400 if ours else 403))
        try:
            self._act(visit.trade, action)
        except BookRefused as refused:
            return _reply(self._refused(visit, refused))
        # The answer to a form is another address, so that loading the page again presses nothing.
        return _to(303, visit.address(said=action))

    def _page(self, visit: Visit, view: View, *, status: int = 200) -> PageText:
        trade = visit.trade
        departure = self._departure(trade, view, said=visit.said)
        leaves = departure is not None and departure.method == "POST"
        words = self._words.in_language(visit.language)
        return self._templates.page(
            "open.html" if view.kind == "open" else "result.html",
            {
                **self._frame(self._brands[trade.opening.provider], language=visit.language),
                "view": view,
                "amount": amount_text(trade.opening.total_fen, trade.opening.currency),
                "subject": trade.opening.subject,
                "facts": facts_of(trade, words=words),
                "key": self._keys.key(visit.token),
                "here": visit.address(),
                "other_language": self._other(visit),
                "departure": departure,
                "linger_s": _LINGER_S,
            },
            status=status,
            palette=_palette(self._brands[trade.opening.provider]),
            script="leave.js" if leaves else "",
            # Merchants answer with a redirect to wherever they like, and browsers hold that against the form.
            forms_to="http: https:" if leaves else "",
        )

    def _departure(self, trade: Trade, view: View, *, said: str) -> Departure | None:
        if not view.departs or said in FAILURES:
            return None
        return usable(self._providers[trade.opening.provider].departure(trade))

    def _refused(self, visit: Visit, refused: BookRefused) -> PageText:
        words = self._words.in_language(visit.language)
        brand = self._brands[visit.trade.opening.provider]
        return self._templates.page(
            "message.html",
            {
                **self._frame(brand, language=visit.language),
                "heading": words["refused"],
                "text": words.get(f"refused_{refused.code}", words["refused_other"]),
                "here": visit.address(),
                "other_language": self._other(visit),
            },
            status=409,
            palette=_palette(brand),
        )

    def _unknown(self, brand: Brand, *, language: Language) -> PageText:
        words = self._words.in_language(language)
        frame = self._frame(brand, language=language)
        return self._templates.page(
            "message.html",
            {**frame, "heading": words["unknown"], "text": words["unknown_text"], "here": "", "other_language": ""},
            status=404,
            palette=_palette(brand),
        )

    def _frame(self, brand: Brand, *, language: Language) -> dict[str, object]:
        return {
            "lang": html_language(language),
            "title": brand.title_zh if language == "zh" else brand.title_en,
            "logo": brand.logo_svg,
            "words": self._words.in_language(language),
        }

    @staticmethod
    def _other(visit: Visit) -> str:
        query = {"lang": "en" if visit.language == "zh" else "zh"} | ({"said": visit.said} if visit.said else {})
        return f"{CASHIER_PATH}{visit.token}?{urlencode(query)}"


def cashier_address(trade: Trade) -> str:
    """Where the page of *trade* stands, on the port of any provider."""
    return CASHIER_PATH + cashier_token(trade)


def _linked(provider: Provider, request: RawRequest) -> Call | None:
    """The way to the cashier from a link of the vendor's; a provider's own page comes first, which notes more."""
    try:
        trade = provider.cashier_link(_link(request))
    except BookRefused:
        return None  # the vendor has words of its own for that
    if trade is None:
        return None
    own = provider.read(request)
    return own if own.page else _call(trade, "cashier.link", lambda: _to(302, cashier_address(trade)))


def _palette(brand: Brand) -> dict[str, str]:
    return {"brand": brand.color, "ink": brand.ink}


def _call(trade: Trade | None, api: str, answer: Callable[[], WireReply]) -> Call:
    def perform(shape: AnswerShape = PLAIN_SHAPE) -> WireReply:  # noqa: ARG001  no fault strikes a page
        return answer()

    return Call(
        api=api,
        order="" if trade is None else trade.opening.out_trade_no,
        label="" if trade is None else trade.opening.label,
        string_to_sign=None,
        signature_ok=None,
        perform=perform,
        merchant="" if trade is None else trade.opening.merchant_id,
        faultable=False,
        page=True,
    )


def _reply(page: PageText) -> WireReply:
    return WireReply(page.status, page.headers, page.html)


def _to(status: int, address: str) -> WireReply:
    return WireReply(status, (("Location", address), ("Cache-Control", "no-store")), b"")


def _split(request: RawRequest) -> tuple[str, dict[str, str]] | None:
    try:
        parts = urlsplit(request.target)
        return parts.path, dict(parse_qsl(parts.query, max_num_fields=_FORM_FIELDS))
    except ValueError:
        return None


def _link(request: RawRequest) -> str:
    """The whole address that the browser was given, as far as it shows."""
    if request.target.startswith("/"):
        return f"https://{_header(request, 'host')}{request.target}"
    return request.target


def _form(request: RawRequest) -> dict[str, str]:
    if len(request.body) > _FORM_BYTES:
        return {}
    try:
        return dict(parse_qsl(request.body.decode("utf-8", "replace"), max_num_fields=_FORM_FIELDS))
    except ValueError:
        return {}


def _header(request: RawRequest, name: str) -> str:
    return next((value for key, value in request.headers if key.lower() == name), "")
