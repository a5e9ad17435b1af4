"""Dates as Alipay writes them: Beijing time, whatever the machine's zone."""

import re
from datetime import datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")

_SPAN = re.compile(r"([1-9][0-9]{0,5})([mhd])|1c", re.ASCII)
_STAMP = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", re.ASCII)
_UNIT = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_SPAN_MAX = timedelta(days=15)


def text_of(at: datetime) -> str:
    """
    "2026-01-02 03:04:05".

    Facts: alipay/times
    """
    local = at.astimezone(BEIJING)
    return f"{local.year:04d}-{local.month:02d}-{local.day:02d} {local.hour:02d}:{local.minute:02d}:{local.second:02d}"


def text_with_ms(at: datetime) -> str:
    """
    "2026-01-02 03:04:05.678", as in `gmt_refund`.

    Facts: alipay/times
    """
    return f"{text_of(at)}.{at.microsecond // 1000:03d}"


def day_of(at: datetime) -> str:
    """The Beijing day, as in "20260102"."""
    local = at.astimezone(BEIJING)
    return f"{local.year:04d}{local.month:02d}{local.day:02d}"


def moment_of(text: str) -> datetime:
    """
    Read "yyyy-MM-dd HH:mm:ss".

    Raises:
        ValueError: another shape, or no such day.
    """
    if not _STAMP.fullmatch(text):
        raise ValueError("a date is written yyyy-MM-dd HH:mm:ss")
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


def end_of_span(text: str, *, start_at: datetime) -> datetime:
    """
    When a `timeout_express` that starts at *start_at* is over; "1c" is the next midnight.

    Raises:
        ValueError: not an integer with m, h or d, or longer than 15 days.

    Facts: alipay/timeouts
    """
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError("a timeout is an integer followed by m, h or d, or 1c")
    if found.group(1) is None:
        local = start_at.astimezone(BEIJING) + timedelta(days=1)
        return local.replace(hour=0, minute=0, second=0, microsecond=0)
    span = int(found.group(1)) * _UNIT[found.group(2)]
    if span > _SPAN_MAX:
        raise ValueError("a timeout is at most 15d")
    return start_at + span
