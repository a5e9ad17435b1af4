"""
The channel `wechatpay_v3`: WeChat Pay's API v3 behind the gateway's port.

Puts the parts together; each part knows one thing.

Facts: wechatpay/api-list, wechatpay/notify-ack
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from cryptography import x509

from reference_gateway.channels.port import (
    BillRow,
    NotifyReply,
    TradeReport,
    TradeState,
)
from reference_gateway.channels.wechatpay.channel import WechatChannel
from reference_gateway.channels.wechatpay.http import WechatHttp
from reference_gateway.channels.wechatpay.merchant import V3Merchant
from reference_gateway.channels.wechatpay.platform_keys import PlatformKey
from reference_gateway.channels.wechatpay.v2_notify import is_xml, refund_notice
from reference_gateway.channels.wechatpay.v3_bills import V3Bills
from reference_gateway.channels.wechatpay.v3_client import V3Client
from reference_gateway.channels.wechatpay.v3_notify import V3Notifies
from reference_gateway.channels.wechatpay.v3_openings import V3Openings
from reference_gateway.channels.wechatpay.v3_trades import V3Trades
from reference_gateway.channels.wechatpay.v3_transfers import V3Transfers
from reference_gateway.channels.wechatpay.words import fresh_nonce
from reference_gateway.clock import Clock
from reference_gateway.domain.notice import Notice
from reference_gateway.domain.payment import Payment
from reference_gateway.errors import NotifyRefused


class WechatV3Channel(WechatChannel):
    """
    The ChannelPort of API v3.

    Args:
        known: platform keys from files; without any the list is fetched at the start.
        authorities: who may have issued platform certificates; empty for any.
    """

    name = "wechatpay_v3"
    reply = NotifyReply(
        accepted='{"code":"SUCCESS","message":"成功"}'.encode(),
        refused='{"code":"FAIL","message":"失败"}'.encode(),
        content_type="application/json",
    )

    def __init__(
        self,
        merchant: V3Merchant,
        *,
        clock: Clock,
        timeout_s: float = 8.0,
        known: Sequence[PlatformKey] = (),
        authorities: Sequence[x509.Certificate] = (),
        nonce: Callable[[], str] = fresh_nonce,
    ) -> None:
        http = WechatHttp(merchant.hosts, timeout_s=timeout_s, tls=merchant.tls)
        self._merchant = merchant
        self._client = V3Client(merchant, http, known=known, authorities=authorities, clock=clock, nonce=nonce)
        self._trades = V3Trades(self._client, merchant)
        super().__init__(
            self._client,
            self._trades,
            V3Openings(self._client, self._trades, merchant, clock=clock, nonce=nonce),
            payouts=V3Transfers(self._client, merchant),
            refund_notify_url=merchant.refund_notify_url,
        )
        self._bills = V3Bills(self._client)
        self._notifies = V3Notifies(merchant, self._client.keys, channel=self.name, clock=clock)

    async def query(self, payment: Payment) -> TradeReport:
        """Ask by our number, or by theirs once it is known and ours is not found."""
        report = await self._trades.query(payment)
        if report.state is TradeState.MISSING and payment.channel_trade_no:
            return await self._trades.query_by_channel_no(payment)
        return report

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """
        Read a notify; one in the XML API's form is a refund's whose address stands in the portal.

        Facts: wechatpay/notify-events
        """
        if not is_xml(body):
            return self._notifies.parse(headers, body)
        if not self._merchant.apiv2_key:
            raise NotifyRefused("a notify in XML, and no APIv2 key is configured", code="xml_notify")
        return refund_notice(
            body,
            appid=self._merchant.appid,
            mch_id=self._merchant.mchid,
            apiv2_key=self._merchant.apiv2_key,
            channel=self.name,
        )

    async def download_bill(self, day: date) -> tuple[BillRow, ...]:
        return await self._bills.download(day)
