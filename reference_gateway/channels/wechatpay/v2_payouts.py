"""
Money paid out by the XML API: transfers to a wallet, or red packets, by setting.

Their answers are unsigned, so the connection is what is trusted. One constant number for each payout, and a refusal is
believed only once the query has found nothing under it.

Facts: wechatpay/v2-transfers, wechatpay/v2-redpack
"""

from __future__ import annotations

from collections.abc import Mapping

from reference_gateway.channels.port import PayoutReport, PayoutState
from reference_gateway.channels.wechatpay.merchant import V2Merchant
from reference_gateway.channels.wechatpay.v2_client import V2Client
from reference_gateway.channels.wechatpay.v2_notify import whole_fen
from reference_gateway.channels.wechatpay.words import RED_PACKET_STATES, WALLET_STATES
from reference_gateway.domain.payout import Payout
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused

NOT_FOUND = frozenset({"NOT_FOUND", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS"})
ADDRESS = "127.0.0.1"
# Who took how much of a group packet; ours have one taker. Facts: wechatpay/v2-redpack
LISTS = frozenset({"hblist"})


class V2Payouts:
    """Pays out one way or the other."""

    def __init__(self, client: V2Client, merchant: V2Merchant) -> None:
        self._client = client
        self._merchant = merchant

    async def transfer(self, payout: Payout) -> PayoutReport:
        """Pay out; repeating it under its number moves the money once."""
        send = self._send_packet if self._merchant.payout_way == "red_packet" else self._send_transfer
        try:
            return await send(payout)
        except ChannelRefused:
            report = await self.query(payout)
            if report.state is PayoutState.MISSING:
                raise
            return report

    async def query(self, payout: Payout) -> PayoutReport:
        """Ask for one payout by our number."""
        ask = self._query_packet if self._merchant.payout_way == "red_packet" else self._query_transfer
        try:
            return await ask(payout)
        except ChannelRefused as error:
            if error.reason in NOT_FOUND:
                return PayoutReport(PayoutState.MISSING)
            raise

    async def _send_transfer(self, payout: Payout) -> PayoutReport:
        fields = {
            "mch_appid": self._merchant.appid,
            "mchid": self._merchant.mch_id,
            "partner_trade_no": payout.out_payout_no,
            "openid": payout.account,
            "check_name": "FORCE_CHECK" if payout.account_name else "NO_CHECK",
            "re_user_name": payout.account_name or "",
            "amount": str(payout.amount_fen),
            "desc": payout.merchant_payout_no,
            "spbill_create_ip": ADDRESS,
        }
        told = {name: value for name, value in fields.items() if value}
        answer = await self._client.call_unsigned("transfer", "/mmpaymkttransfers/promotion/transfers", told)
        if answer.get("partner_trade_no") != payout.out_payout_no:
            raise ChannelOutcomeUnknown("the transfer was answered for another payout")
        return PayoutReport(PayoutState.SUCCEEDED, answer.get("payment_no", ""))

    async def _query_transfer(self, payout: Payout) -> PayoutReport:
        answer = await self._client.call_unsigned(
            "query_transfer",
            "/mmpaymkttransfers/gettransferinfo",
            {
                "appid": self._merchant.appid,
                "mch_id": self._merchant.mch_id,
                "partner_trade_no": payout.out_payout_no,
            },
        )
        if answer.get("partner_trade_no") != payout.out_payout_no:
            raise ChannelOutcomeUnknown("the query was answered for another payout")
        state = WALLET_STATES.get(answer.get("status", ""))
        return _report(payout, answer, state, amount="payment_amount", number="detail_id")

    async def _send_packet(self, payout: Payout) -> PayoutReport:
        fields = {
            "mch_billno": payout.out_payout_no[:28],
            "mch_id": self._merchant.mch_id,
            "wxappid": self._merchant.appid,
            "send_name": "直播间",
            "re_openid": payout.account,
            "total_amount": str(payout.amount_fen),
            "total_num": "1",
            "wishing": "恭喜发财",
            "client_ip": ADDRESS,
            "act_name": "直播间红包",
            "remark": payout.merchant_payout_no,
            "scene_id": "PRODUCT_2",
        }
        answer = await self._client.call_unsigned("transfer", "/mmpaymkttransfers/sendredpack", fields)
        if answer.get("mch_billno") != fields["mch_billno"]:
            raise ChannelOutcomeUnknown("the red packet was answered for another payout")
        return PayoutReport(PayoutState.PROCESSING, answer.get("send_listid", ""))

    async def _query_packet(self, payout: Payout) -> PayoutReport:
        number = payout.out_payout_no[:28]
        answer = await self._client.call_unsigned(
            "query_transfer",
            "/mmpaymkttransfers/gethbinfo",
            {
                "appid": self._merchant.appid,
                "mch_id": self._merchant.mch_id,
                "mch_billno": number,
                "bill_type": "MCHT",
            },
            lists=LISTS,
        )
        if answer.get("mch_billno") != number:
            raise ChannelOutcomeUnknown("the query was answered for another payout")
        state = RED_PACKET_STATES.get(answer.get("status", ""))
        return _report(payout, answer, state, amount="total_amount", number="detail_id")


def _report(
    payout: Payout, answer: Mapping[str, str], state: PayoutState | None, *, amount: str, number: str
) -> PayoutReport:
    if state is None:
        raise ChannelOutcomeUnknown("the payout's answer cannot be read")
    try:
        same = whole_fen(answer.get(amount, str(payout.amount_fen))) == payout.amount_fen
    except ValueError as error:
        raise ChannelOutcomeUnknown("the payout's amount cannot be read") from error
    if not same:
        raise ChannelOutcomeUnknown("the payout under this number is of another amount")
    failure = (answer.get("reason") or answer["status"]) if state is PayoutState.FAILED else ""
    return PayoutReport(state, answer.get(number, ""), failure)
