"""
Dates as UnionPay writes them, in Beijing time whatever the machine's zone, and the settlement day that begins at night.
"""

import re
from datetime import date, datetime, time, timedelta, timezone

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")

_STAMP = re.compile(r"\d{14}", re.ASCII)
_DAY = re.compile(r"\d{4}", re.ASCII)


def text_of(at: datetime) -> str:
    """
    "20260102030405".

    Facts: unionpay/times
    """
    local = at.astimezone(BEIJING)
    return f"{local.year:04d}{local.month:02d}{local.day:02d}{local.hour:02d}{local.minute:02d}{local.second:02d}"


def moment_of(text: str) -> datetime:
    """
    Read YYYYMMDDhhmmss.

    Raises:
        ValueError: another shape, or no such moment.
    """
    if not _STAMP.fullmatch(text):
        raise ValueError("a moment is written YYYYMMDDhhmmss")
    return datetime.fromisoformat(f"{text[:8]}T{text[8:]}").replace(tzinfo=BEIJING)


def settlement_day(at: datetime, *, day_ends: time) -> date:
    """
    The day that a transaction is settled on: from *day_ends* on it is tomorrow's.

    Facts: unionpay/settle-date
    """
    local = at.astimezone(BEIJING)
    return local.date() + timedelta(days=local.time() >= day_ends)


def day_text(day: date) -> str:
    """MMDD."""
    return f"{day.month:02d}{day.day:02d}"


def latest_day(text: str, *, not_after: date) -> date:
    """
    The latest day written MMDD that is not after *not_after*.

    Raises:
        ValueError: another shape, or a day that no year has.
    """
    if not _DAY.fullmatch(text):
        raise ValueError("a settlement day is written MMDD")
    month, day = int(text[:2]), int(text[2:])
    for year in range(not_after.year, not_after.year - 9, -1):
        try:
            found = date(year, month, day)
        except ValueError:
            continue  # the 29th of February, in most years
        if found <= not_after:
            return found
    raise ValueError("there is no such day")
