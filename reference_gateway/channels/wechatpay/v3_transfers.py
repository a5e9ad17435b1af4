"""
Money paid out by API v3: one constant number for each payout, and no other before a query says that it failed.

Facts: wechatpay/transfer-bills, wechatpay/sensitive-fields
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from reference_gateway.channels.port import PayoutReport, PayoutState
from reference_gateway.channels.wechatpay.merchant import V3Merchant
from reference_gateway.channels.wechatpay.v3_client import V3Client
from reference_gateway.channels.wechatpay.v3_signing import encrypt_field
from reference_gateway.channels.wechatpay.words import TRANSFER_STATES
from reference_gateway.domain.payout import Payout
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused, ChannelUnavailable

TRANSFERS = "/v3/fund-app/mch-transfer/transfer-bills"
# Facts: wechatpay/transfer-bills. Forbidden below, required from.
NAME_FROM_FEN, NAME_NEEDED_FROM_FEN = 30, 200_000
REMARK_MAX = 32


class V3Transfers:
    """Transfers to a buyer's wallet."""

    def __init__(self, client: V3Client, merchant: V3Merchant) -> None:
        self._client = client
        self._merchant = merchant

    async def transfer(self, payout: Payout) -> PayoutReport:
        """Pay out; a refusal is believed only once the query has found nothing under the number."""
        body: dict[str, Any] = {
            "appid": self._merchant.appid,
            "out_bill_no": payout.out_payout_no,
            "transfer_scene_id": self._merchant.transfer_scene_id,
            "openid": payout.account,
            "transfer_amount": payout.amount_fen,
            "transfer_remark": payout.merchant_payout_no[:REMARK_MAX],
            "transfer_scene_report_infos": [
                {"info_type": "活动名称", "info_content": "直播间红包"},
                {"info_type": "奖励说明", "info_content": "红包"},
            ],
        }
        if self._merchant.refund_notify_url:
            body["notify_url"] = self._merchant.refund_notify_url
        serial = await self._name_into(body, payout)
        try:
            answer = await self._client.call("transfer", "POST", TRANSFERS, body, platform_serial=serial)
        except ChannelRefused:
            report = await self.query(payout)
            if report.state is PayoutState.MISSING:
                raise
            return report
        return _report(payout, answer.fields)

    async def query(self, payout: Payout) -> PayoutReport:
        """Ask for one transfer by our number."""
        target = f"{TRANSFERS}/out-bill-no/{quote(payout.out_payout_no, safe='')}"
        try:
            answer = await self._client.call("query_transfer", "GET", target)
        except ChannelRefused as error:
            if error.reason in {"NOT_FOUND", "RESOURCE_NOT_EXISTS", "ORDER_NOT_EXIST"}:
                return PayoutReport(PayoutState.MISSING)
            raise
        return _report(payout, answer.fields)

    async def _name_into(self, body: dict[str, Any], payout: Payout) -> str:
        """
        Put the payee's name in, encrypted, where the amount allows it; return the serial of the key it is for.

        Facts: wechatpay/sensitive-fields
        """
        if payout.amount_fen >= NAME_NEEDED_FROM_FEN and not payout.account_name:
            raise ChannelRefused("a transfer of this amount needs the payee's name", code="account_name_missing")
        if not payout.account_name or payout.amount_fen < NAME_FROM_FEN:
            return ""
        if self._merchant.answers_by == "public_key" and self._merchant.public_key is not None:
            serial, key = self._merchant.public_key_id, self._merchant.public_key
        else:
            newest = self._client.keys.newest_certificate()
            if newest is None:
                raise ChannelUnavailable("there is no platform certificate to encrypt for", code="no_certificates")
            serial, key = newest.serial, newest.key
        try:
            body["user_name"] = encrypt_field(key, payout.account_name)
        except ValueError as error:
            raise ChannelRefused(
                "the payee's name is too long to be encrypted", code="account_name_too_long"
            ) from error
        return serial


def _report(payout: Payout, fields: Mapping[str, Any]) -> PayoutReport:
    state = TRANSFER_STATES.get(str(fields.get("state", "")))
    if state is None or fields.get("out_bill_no") != payout.out_payout_no:
        raise ChannelOutcomeUnknown("the transfer's answer cannot be read")
    if fields.get("transfer_amount", payout.amount_fen) != payout.amount_fen:
        raise ChannelOutcomeUnknown("the transfer under this number is of another amount")
    failure = str(fields.get("fail_reason") or fields["state"]) if state is PayoutState.FAILED else ""
    return PayoutReport(state, str(fields.get("transfer_bill_no", "")), failure)
