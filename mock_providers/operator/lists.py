"""The two long lists: orders and exchanges, the latest first, filtered and in pages; texts for the templates."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Generic, TypeVar
from urllib.parse import quote, urlencode

from mock_providers.core.books.book import Trade
from mock_providers.core.control.state import ControlState
from mock_providers.core.money import yuan_text
from mock_providers.core.notifies.copies import Sought
from mock_providers.core.wire.journal import Entry, Wanted
from mock_providers.operator.story import felt

PAGE = 25
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class OrderRow:
    """
    One order in the list.

    Args:
        notifies: how many copies are "acked", "refused" and "pending".
    """

    href: str
    provider: str
    out_trade_no: str
    label: str
    subject: str
    amount: str
    state: str
    created_at: datetime
    notifies: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class WireRow:
    """One exchange in the list."""

    seq: int
    direction: str
    provider: str
    api: str
    order: str
    order_href: str
    at: datetime
    status: str
    signature_ok: bool | None
    acked: bool | None
    fault: str
    cause: str


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """
    Part of a list.

    Args:
        older: where the next part begins, None at the end.
    """

    rows: list[Item]
    older: int | None


def order_href(provider: str, out_trade_no: str, merchant_id: str = "") -> str:
    """The page of one order."""
    query = f"?{urlencode({'merchant': merchant_id})}" if merchant_id else ""
    return f"/orders/{quote(provider, safe='')}/{quote(out_trade_no, safe='')}{query}"


def amount_text(trade: Trade) -> str:
    """The total, with its currency."""
    opening = trade.opening
    sign = "¥" if opening.currency == "CNY" else f"{opening.currency} "
    return sign + yuan_text(opening.total_fen)


def orders(state: ControlState, query: Mapping[str, str], *, before: int | None) -> Page[OrderRow]:
    """
    A page of the book.

    Args:
        query: `q` is looked for in numbers, label and subject; `provider` and `state` must fit.
    """
    found = list(islice(_matching(state, query, before=before), PAGE + 1))
    tallies = _tallies(state)
    rows = [_order_row(trade, tallies) for trade in found[:PAGE]]
    return Page(rows, found[PAGE - 1].seq if len(found) > PAGE else None)


def _matching(state: ControlState, query: Mapping[str, str], *, before: int | None) -> Iterator[Trade]:
    text, provider, wanted = query.get("q", "").strip().lower(), query.get("provider", ""), query.get("state", "")
    for trade in state.book.newest(now=state.schedule.now(), before=before):
        opening = trade.opening
        if (provider and opening.provider != provider) or (wanted and trade.state != wanted):
            continue
        names = (opening.out_trade_no, opening.label, opening.subject, opening.merchant_id, trade.trade_no or "")
        if not text or any(text in name.lower() for name in names):
            yield trade


def _tallies(state: ControlState) -> Mapping[tuple[str, str], Counter[str]]:
    tallies: dict[tuple[str, str], Counter[str]] = {}
    for one in state.notifier.matching(Sought()):
        notice = one.attempt.notice
        word = "pending" if one.state != "done" else "acked" if one.acked else "refused"
        tallies.setdefault((notice.provider, notice.out_trade_no), Counter())[word] += 1
    return tallies


def _order_row(trade: Trade, tallies: Mapping[tuple[str, str], Counter[str]]) -> OrderRow:
    opening = trade.opening
    return OrderRow(
        href=order_href(opening.provider, opening.out_trade_no, opening.merchant_id),
        provider=opening.provider,
        out_trade_no=opening.out_trade_no,
        label=opening.label,
        subject=opening.subject,
        amount=amount_text(trade),
        state=trade.state,
        created_at=opening.created_at,
        notifies=tallies.get((opening.provider, opening.out_trade_no), Counter()),
    )


def wire(state: ControlState, query: Mapping[str, str], *, before: int | None, language: str) -> Page[WireRow]:
    """
    A page of the journal.

    Args:
        query: `order`, `provider`, `direction` and `signature` must fit.
    """
    wanted = Wanted(
        provider=query.get("provider") or None,
        order=query.get("order") or None,
        direction=query.get("direction") or None,
        signature=query.get("signature") or None,
    )
    found = list(islice(state.journal.newest(wanted, before=before), PAGE + 1))
    rows = [_wire_row(seq, entry, language) for seq, entry in found[:PAGE]]
    return Page(rows, found[PAGE - 1][0] if len(found) > PAGE else None)


def _wire_row(seq: int, entry: Entry, language: str) -> WireRow:
    told = entry.doctor() if entry.doctor is not None and entry.signature_ok is False else None
    sentence = (told or {}).get("sentence")
    return WireRow(
        seq=seq,
        direction=entry.direction,
        provider=entry.provider,
        api=entry.api,
        order=entry.order,
        order_href=order_href(entry.provider, entry.order) if entry.order else "",
        at=entry.schedule_at,
        status=str(entry.response.status) if entry.response is not None else "",
        signature_ok=entry.signature_ok,
        acked=entry.acked,
        fault=felt(entry),
        cause=str(sentence.get(language, "")) if isinstance(sentence, Mapping) else "",
    )
