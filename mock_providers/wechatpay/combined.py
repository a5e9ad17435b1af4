"""
Orders that are paid together (合单): each sub-order is a trade of its own in the book, and knows its siblings.

Facts: wechatpay/combined
"""

import orjson

from mock_providers.core.books.book import Trade
from mock_providers.wechatpay.desk import Desk

# In a trade's details: the numbers of all sub-orders as JSON, and those of the order that combines them.
SIBLINGS, COMBINE_MCHID, COMBINE_NO, COMBINE_APPID = "siblings", "combine_mchid", "combine_no", "combine_appid"


def siblings_of(desk: Desk, trade: Trade) -> list[Trade]:
    """Every sub-order of the combined order that *trade* belongs to, itself included; nothing for a plain order."""
    said = trade.opening.details.get(SIBLINGS)
    if said is None:
        return []
    found = (desk.order(mchid, number) for mchid, number in orjson.loads(said))
    return [one for one in found if one is not None]


def combined_name(mchid: str, number: str) -> str:
    """Under which text the book finds a combined order; no buyer ever scans it."""
    return f"combined order {mchid} {number}"
