"""
Nonces that were used: each is good once, and is remembered for as long as its request would still be fresh.

Facts: alipay/v3-request
"""

from datetime import datetime

# Requests of one rude client must not eat the machine; beyond this the oldest are forgotten first.
_KEPT_MAX = 2_000_000
_BUCKET_S = 60.0


class Nonces:
    """Every nonce of every application, by the minute in which it may be forgotten."""

    def __init__(self, *, kept_max: int = _KEPT_MAX) -> None:
        self._kept_max = kept_max
        self._buckets: dict[int, set[int]] = {}

    def first_use(self, app_id: str, nonce: str, *, until: datetime, now: datetime) -> bool:
        """
        Whether this nonce is new; it is used afterwards.

        Args:
            until: when the request that bears it is stale.
        """
        self._forget(int(now.timestamp() // _BUCKET_S))
        mark = hash((app_id, nonce))
        if any(mark in bucket for bucket in self._buckets.values()):
            return False
        self._buckets.setdefault(int(until.timestamp() // _BUCKET_S) + 1, set()).add(mark)
        return True

    def __len__(self) -> int:
        return sum(map(len, self._buckets.values()))

    def clear(self) -> None:
        """Start anew."""
        self._buckets.clear()

    def _forget(self, minute: int) -> None:
        for past in [one for one in self._buckets if one < minute]:
            del self._buckets[past]
        while len(self) > self._kept_max:
            del self._buckets[min(self._buckets)]
