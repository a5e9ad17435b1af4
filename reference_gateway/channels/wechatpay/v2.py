"""
The channel `wechatpay_v2`: WeChat Pay's legacy XML API behind the gateway's port.

Puts the parts together; each part knows one thing.

Facts: wechatpay/v2-api-list, wechatpay/v2-notify-ack, wechatpay/v2-downloadbill
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from reference_gateway.channels.port import (
    BillRow,
    NotifyReply,
)
from reference_gateway.channels.wechatpay.bills import BILL_BYTES_MAX, rows_of, unpacked
from reference_gateway.channels.wechatpay.channel import WechatChannel
from reference_gateway.channels.wechatpay.http import WechatHttp
from reference_gateway.channels.wechatpay.merchant import V2Merchant
from reference_gateway.channels.wechatpay.v2_client import V2Client
from reference_gateway.channels.wechatpay.v2_notify import notice_of
from reference_gateway.channels.wechatpay.v2_openings import V2Openings
from reference_gateway.channels.wechatpay.v2_payouts import V2Payouts
from reference_gateway.channels.wechatpay.v2_trades import V2Trades
from reference_gateway.channels.wechatpay.v2_xml import XmlRefused, fields_of
from reference_gateway.channels.wechatpay.words import fresh_nonce
from reference_gateway.clock import Clock
from reference_gateway.domain.notice import Notice
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelUnavailable

# Facts: wechatpay/v2-downloadbill. A failure's own name for its code is error_code.
NO_BILL = "20002"


def _word(code: str, text: str) -> bytes:
    return (
        f"<xml><return_code><![CDATA[{code}]]></return_code><return_msg><![CDATA[{text}]]></return_msg></xml>"
    ).encode()


class WechatV2Channel(WechatChannel):
    """The ChannelPort of the XML API."""

    name = "wechatpay_v2"
    reply = NotifyReply(accepted=_word("SUCCESS", "OK"), refused=_word("FAIL", "refused"), content_type="text/xml")

    def __init__(
        self, merchant: V2Merchant, *, clock: Clock, timeout_s: float = 8.0, nonce: Callable[[], str] = fresh_nonce
    ) -> None:
        self._merchant = merchant
        http = WechatHttp(merchant.hosts, timeout_s=timeout_s, tls=merchant.tls)
        self._client = V2Client(merchant, http, nonce=nonce)
        trades = V2Trades(self._client)
        super().__init__(
            self._client,
            trades,
            V2Openings(self._client, trades, merchant, clock=clock, nonce=nonce),
            payouts=V2Payouts(self._client, merchant),
            refund_notify_url=merchant.refund_notify_url,
        )

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """Read a notify; its headers say nothing that is signed."""
        del headers
        return notice_of(body, self._merchant, channel=self.name)

    async def download_bill(self, day: date) -> tuple[BillRow, ...]:
        """
        Return a day's rows; a file comes as it is, a failure as XML.

        Facts: wechatpay/v2-downloadbill
        """
        business = {"bill_date": day.strftime("%Y%m%d"), "bill_type": "ALL", "tar_type": "GZIP"}
        file = unpacked(await self._client.download("/pay/downloadbill", business, bytes_max=BILL_BYTES_MAX))
        if not file.startswith(b"<"):
            return rows_of(file)
        try:
            failure = fields_of(file)
        except XmlRefused as error:
            raise ChannelOutcomeUnknown(f"the answer cannot be read: {error}") from error
        code = failure.get("error_code", "")
        if code == NO_BILL:
            return ()
        raise ChannelUnavailable(f"there is no bill: {failure.get('return_msg', '')[:80]}", code=code)
