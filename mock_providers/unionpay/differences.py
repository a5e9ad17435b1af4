"""
What a reconciliation file is made to get wrong on request; the book stays true.

Works on the lines of one day, before they are written.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from mock_providers.core.books.planted import Difference, DifferenceKind
from mock_providers.unionpay.bill import Line
from mock_providers.unionpay.work import PROVIDER, Office

Lines = list[Line]
_DAY = timedelta(days=1)


def with_differences(office: Office, day: date, true_lines: Callable[[date], Sequence[Line]]) -> tuple[Lines, bool]:
    """
    The lines of a day as they shall be written.

    Args:
        true_lines: what the book says of any day.

    Returns:
        The lines, and whether the file is there even without any.
    """
    lines, planted = list(true_lines(day)), _planted(office, day)
    for one in _planted(office, day - _DAY):
        if one.kind is DifferenceKind.REFUND_OTHER_DAY:
            lines += [line for line in true_lines(day - _DAY) if line.back and _fits(one, line)][:1]
    for one in planted:
        if one.kind is DifferenceKind.EMPTY_BILL:
            return [], True
        place = next((at for at, line in enumerate(lines) if _fits(one, line)), None)
        if place is not None:
            _apply(one, lines, place)
    return lines, bool(planted)


def _planted(office: Office, day: date) -> Sequence[Difference]:
    return office.book.planted.of(PROVIDER, office.merchant.mer_id, day)


def _fits(one: Difference, line: Line) -> bool:
    """Whether a line can bear the difference: named, or any of the kind that it is about."""
    if one.kind is DifferenceKind.REFUND_OTHER_DAY and not line.back:
        return False
    if one.kind is DifferenceKind.FEE and line.back:
        return False
    return one.out_trade_no in {"", line.number}


def _apply(one: Difference, lines: Lines, place: int) -> None:
    line = lines[place]
    if one.kind in {DifferenceKind.MISSING_ROW, DifferenceKind.REFUND_OTHER_DAY}:
        del lines[place]
    elif one.kind is DifferenceKind.EXTRA_ROW:
        stranger = replace(line, order_id=_another(line.order_id), query_id=_another(line.query_id), number="")
        lines.insert(place + 1, stranger)
    elif one.kind is DifferenceKind.AMOUNT:
        lines[place] = replace(line, amount_fen=max(line.amount_fen + one.add_fen, 1))
    elif one.kind is DifferenceKind.FEE:
        lines[place] = replace(line, fee_fen=max(line.fee_fen + one.add_fen, 0))


def _another(number: str) -> str:
    """A number of the same shape that nobody has."""
    return f"{number[:-1]}{'7' if number[-1:] != '7' else '3'}"
