"""
API v3's bill of a day: asked for, fetched from its address, held against its digest.

Facts: wechatpay/bill-request, wechatpay/bill-download
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from reference_gateway.channels.port import BillRow
from reference_gateway.channels.wechatpay.bills import BILL_BYTES_MAX, rows_of, unpacked
from reference_gateway.channels.wechatpay.v3_client import V3Client
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused, ChannelUnavailable

BILL = "/v3/bill/tradebill"
DOWNLOADS = "/v3/billdownload/"


class V3Bills:
    """Downloads bills."""

    def __init__(self, client: V3Client) -> None:
        self._client = client

    async def download(self, day: date) -> tuple[BillRow, ...]:
        """Return a day's rows; a day without any is empty, and an address that has died is asked for afresh."""
        try:
            return await self._once(day)
        except ChannelUnavailable as error:
            if error.reason not in {"file_not_served", "bill_damaged"}:
                raise
        return await self._once(day)

    async def _once(self, day: date) -> tuple[BillRow, ...]:
        target = f"{BILL}?bill_date={day.isoformat()}&bill_type=ALL&tar_type=GZIP"
        try:
            answer = await self._client.call("bill", "GET", target)
        except ChannelRefused as error:
            if error.reason == "NO_STATEMENT_EXIST":
                return ()
            raise
        file = unpacked(await self._client.download(_place(answer.fields), bytes_max=BILL_BYTES_MAX))
        # Facts: wechatpay/bill-download. The digest is of the uncompressed file; SHA-1 is the vendor's.
        digest = hashlib.sha1(file, usedforsecurity=False).hexdigest()
        told = str(answer.fields.get("hash_value", "")).lower()
        if answer.fields.get("hash_type") != "SHA1" or not hmac.compare_digest(digest, told):
            raise ChannelUnavailable("the bill does not have the digest that was told", code="bill_damaged")
        return rows_of(file)


def _place(fields: Mapping[str, Any]) -> str:
    """
    Take path and query of the file's address; the host is always the one that we are configured with.

    Facts: wechatpay/bill-download
    """
    address = urlsplit(str(fields.get("download_url", "")))
    if not address.path.startswith(DOWNLOADS) or ".." in address.path:
        raise ChannelOutcomeUnknown("the bill was answered without an address of its file")
    return f"{address.path}?{address.query}" if address.query else address.path
