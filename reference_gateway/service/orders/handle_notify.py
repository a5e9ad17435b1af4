"""
Take a notify: verify it over what arrived, settle it, and only then say so.

A bad notify is recorded and refused; a repeated one is accepted without effect; one about an order that does not exist
yet is not accepted, so the channel brings it again.

Facts: alipay/notify-duties, alipay/notify-ack
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from reference_gateway.domain.notice import Ruling
from reference_gateway.errors import NotifyRefused
from reference_gateway.service.orders.settle import Arrival, Settlements
from reference_gateway.service.runtime import Runtime


class HandleNotify:
    """The use case; returns normally when the notify may be acknowledged."""

    def __init__(self, runtime: Runtime, settlements: Settlements) -> None:
        self._runtime = runtime
        self._settlements = settlements

    async def __call__(self, channel_name: str, headers: Mapping[str, str], body: bytes) -> None:
        """
        Settle the notify.

        Raises:
            NotifyRefused: nothing was booked; the attempt is in the inbox.
        """
        channel = self._runtime.channel(channel_name)
        try:
            notice = channel.parse_notify(headers, body)
        except NotifyRefused as error:
            digest = hashlib.sha256(body).hexdigest()
            arrival = Arrival(channel_name, None, body, digest, error.reason)
            await self._settlements.submit(f"refused:{digest}", arrival)
            raise
        digest = notice.body_digest or hashlib.sha256(body).hexdigest()
        arrival = Arrival(channel_name, notice, body, digest)
        judgement = await self._settlements.submit(self._runtime.policy.merge_key(notice), arrival)
        self._runtime.crash_point("notify.after_commit_before_ack")
        if judgement.ruling is Ruling.REFUSE:
            raise NotifyRefused(f"the notify was refused: {judgement.code}", code=judgement.code)
