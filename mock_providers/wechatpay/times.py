"""Dates as WeChat Pay writes them: Beijing time, whatever the machine's zone."""

import re
from datetime import datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")

_RFC3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})", re.ASCII | re.IGNORECASE
)


def rfc3339(at: datetime) -> str:
    """
    "2026-01-02T11:04:05+08:00".

    Facts: wechatpay/times
    """
    local = at.astimezone(BEIJING)
    return (
        f"{local.year:04d}-{local.month:02d}-{local.day:02d}"
        f"T{local.hour:02d}:{local.minute:02d}:{local.second:02d}+08:00"
    )


def compact(at: datetime) -> str:
    """
    "20260102110405", as the XML API writes most of its times.

    Facts: wechatpay/times
    """
    local = at.astimezone(BEIJING)
    return f"{local.year:04d}{local.month:02d}{local.day:02d}{local.hour:02d}{local.minute:02d}{local.second:02d}"


def spaced(at: datetime) -> str:
    """
    "2026-01-02 11:04:05", as bills and the XML API's refunds write it.

    Facts: wechatpay/times
    """
    local = at.astimezone(BEIJING)
    return f"{local.year:04d}-{local.month:02d}-{local.day:02d} {local.hour:02d}:{local.minute:02d}:{local.second:02d}"


def day_of(at: datetime) -> str:
    """The Beijing day, as in "20260102"."""
    local = at.astimezone(BEIJING)
    return f"{local.year:04d}{local.month:02d}{local.day:02d}"


def moment_of(text: str) -> datetime:
    """
    Read an RFC 3339 date with its offset.

    Raises:
        ValueError: another shape, no offset, or no such day.

    Facts: wechatpay/times
    """
    if not _RFC3339.fullmatch(text):
        raise ValueError("a date is written as in 2026-01-02T11:04:05+08:00")
    return datetime.fromisoformat(text.upper())


def day_start(text: str) -> datetime:
    """
    Beijing midnight of a "yyyy-MM-dd" or "yyyyMMdd" day.

    Raises:
        ValueError: no such day.
    """
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}|\d{8}", text, re.ASCII):
        raise ValueError("a day is written as in 2026-01-02")
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)
