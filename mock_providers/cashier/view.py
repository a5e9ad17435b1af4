"""
What the cashier shows of a trade: which page, with which texts and buttons; pure, as texts for the templates.

Changes nothing, and trusts nothing that a merchant wrote: escaping is the templates' business, links are checked here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from urllib.parse import urlsplit

from mock_providers.core.books.book import Trade, TradeState
from mock_providers.core.money import yuan_text
from mock_providers.core.pages import Language
from mock_providers.core.provider import Departure

_BEIJING = timezone(timedelta(hours=8))
# What the address of a page may say has just happened.
SAID = frozenset({"pay", "insufficient_balance", "wrong_password", "cancel", "pay_twice", "pay_late"})
FAILURES = frozenset({"insufficient_balance", "wrong_password"})
# Buttons by the state that offers them, the first one large.
_WHILE_OPEN = ("pay", "insufficient_balance", "wrong_password", "pay_twice", "cancel")
_PAID = {"pay": "paid", "pay_twice": "paid_twice", "pay_late": "paid_late"}


@dataclass(frozen=True, slots=True)
class View:
    """
    One page of the cashier.

    Args:
        kind: "open" asks for a decision; "good", "neutral" and "bad" tell a result.
        heading: the name of a text, "" on an open order.
        banner: the name of a text above the buttons, or "".
        actions: the buttons.
        departs: whether the buyer is on the way back to the merchant.
    """

    kind: str
    heading: str = ""
    banner: str = ""
    actions: tuple[str, ...] = ()
    departs: bool = False


def view_of(trade: Trade, *, said: str) -> View:
    """
    Choose the page for *trade* as it stands.

    Args:
        said: what the buyer has just done, out of SAID, "stale", or "".
    """
    fresh = said in SAID
    if trade.state in {TradeState.CREATED, TradeState.WAITING}:
        if said == "cancel":
            return View("neutral", heading="cancelled", departs=True)
        banner = f"said_{said}" if said in FAILURES or said == "stale" else ""
        return View("open", banner=banner, actions=_WHILE_OPEN)
    if trade.state is TradeState.CLOSED:
        if trade.paid_at is not None:
            return View("neutral", heading="refunded_whole")
        # Money can be on its way only from somebody who came to the cashier.
        late = ("pay_late",) if trade.trade_no is not None else ()
        return View("bad", heading="closed", banner="said_stale" if said == "stale" else "", actions=late)
    return View("good", heading=_PAID.get(said, "paid"), departs=fresh)


def facts_of(trade: Trade, *, words: Mapping[str, str]) -> list[tuple[str, str]]:
    """The lines of the order's summary: what it is called, and its value."""
    opening = trade.opening
    lines = [("merchant", opening.merchant_id), ("order_no", opening.out_trade_no)]
    if trade.trade_no is not None:
        lines.append(("trade_no", trade.trade_no))
    if trade.paid_at is not None:
        lines.append(("paid_at", time_text(trade.paid_at)))
    if trade.refunded_fen:
        lines.append(("refunded", amount_text(trade.refunded_fen, opening.currency)))
    if trade.state in {TradeState.CREATED, TradeState.WAITING}:
        lines.append(("expires", time_text(opening.expires_at)))
    elif trade.closed_at is not None:
        lines.append(("closed_at", time_text(trade.closed_at)))
    return [(words[name], value) for name, value in lines]


def amount_text(amount_fen: int, currency: str) -> str:
    """
    Returns:
        "¥9.90", or "USD 9.90" for another currency.
    """
    return f"¥{yuan_text(amount_fen)}" if currency == "CNY" else f"{currency} {yuan_text(amount_fen)}"


def time_text(moment_at: datetime) -> str:
    """As the vendors' own pages write it, in Beijing time."""
    return f"{moment_at.astimezone(_BEIJING):%Y-%m-%d %H:%M:%S}"


def usable(departure: Departure | None) -> Departure | None:
    """*departure* if a browser may follow it: merchants write what they like, `javascript:` as well."""
    if departure is None:
        return None
    try:
        parts = urlsplit(departure.url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return None
    return departure if good and departure.url.isprintable() else None


def html_language(language: Language) -> str:
    """What stands in the page's `lang`."""
    return "zh-CN" if language == "zh" else "en"
