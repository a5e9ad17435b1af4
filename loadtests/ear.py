"""
Somebody who watches a payment over server-sent events: how long after the commit the frame is there that says "paid".

Only what is committed after the stream has been opened counts; an earlier commit would measure our coming late. It
refuses to know how requests are signed.
"""

from collections.abc import AsyncIterable
from datetime import datetime
from typing import Any

import orjson

from loadtests.clock import wall_s

PAID = "payment.paid"
EVERY = 50
_DATA = b"data: "


async def push_lag_s(lines: AsyncIterable[bytes]) -> float | None:
    """
    Listen until the payment is paid; None where it was before, or where the stream ends without a word of it.
    """
    opened_s: float | None = None
    async for line in lines:
        if not line.startswith(_DATA):
            continue
        told: dict[str, Any] = orjson.loads(line[len(_DATA) :])
        if opened_s is None:
            opened_s = wall_s()  # the first frame says how the payment stands
            if told["status"] != "PENDING":
                return None
        elif told["type"] == PAID:
            committed_s = datetime.fromisoformat(told["created_at"]).timestamp()
            return max(wall_s() - committed_s, 0.0) if committed_s > opened_s else None
    return None
