"""
A channel behind its circuit: every call's end is counted, and what would begin something new waits while it is open.

Only opening a payment, freezing money and paying out begin something. Finding out and giving back are always let
through: they pace themselves, and money under way must not wait for a probe. Refunds, reversals, transfers and bills
are not counted, because their "later" speaks of an account's balance or of a file, not of the channel's health.

A payment goes to the channel under the number of its try, so a channel knows one number for each trade.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import replace
from datetime import date
from typing import TypeVar

from reference_gateway.channels.port import (
    BillRow,
    ChannelPort,
    EndState,
    Opening,
    PayoutReport,
    PayRequest,
    RefundReport,
    TradeReport,
)
from reference_gateway.domain.money import Fen
from reference_gateway.domain.notice import Notice
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.payout import Payout
from reference_gateway.domain.refund import Refund
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused, ChannelUnavailable
from reference_gateway.service.capacity.circuits import Circuits

ResultT = TypeVar("ResultT")


class GuardedChannel:
    """The ChannelPort of another channel, counted."""

    def __init__(self, channel: ChannelPort, circuits: Circuits) -> None:
        self.name = channel.name
        self.reply = channel.reply
        self._channel = channel
        self._circuits = circuits

    def supports(self) -> frozenset[str]:
        return self._channel.supports()

    async def start(self) -> None:
        await self._channel.start()

    async def stop(self) -> None:
        await self._channel.stop()

    async def pay(self, payment: Payment, ask: PayRequest) -> Opening:
        probe = self._circuits.admit(self.name)
        return await self._counted(self._channel.pay(_as_opened(payment), ask), probe=probe)

    async def preauth(self, payment: Payment, ask: PayRequest) -> Opening:
        probe = self._circuits.admit(self.name)
        return await self._counted(self._channel.preauth(_as_opened(payment), ask), probe=probe)

    async def transfer(self, payout: Payout) -> PayoutReport:
        if self._circuits.admit(self.name):
            # A transfer is no probe: whether it ends well hangs on our balance too.
            self._circuits.abandoned(self.name)
        return await self._channel.transfer(payout)

    async def query(self, payment: Payment) -> TradeReport:
        return await self._counted(self._channel.query(_as_opened(payment)))

    async def close(self, payment: Payment) -> EndState:
        return await self._counted(self._channel.close(_as_opened(payment)))

    async def query_refund(self, payment: Payment, refund: Refund) -> RefundReport:
        return await self._counted(self._channel.query_refund(_as_paid(payment, refund), refund))

    async def query_transfer(self, payout: Payout) -> PayoutReport:
        return await self._counted(self._channel.query_transfer(payout))

    async def capture(self, payment: Payment, amount_fen: Fen) -> TradeReport:
        return await self._counted(self._channel.capture(_as_opened(payment), amount_fen))

    async def reverse(self, payment: Payment) -> EndState:
        return await self._channel.reverse(_as_opened(payment))

    async def refund(self, payment: Payment, refund: Refund) -> RefundReport:
        return await self._channel.refund(_as_paid(payment, refund), refund)

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        return self._channel.parse_notify(headers, body)

    async def download_bill(self, day: date) -> tuple[BillRow, ...]:
        return await self._channel.download_bill(day)

    async def _counted(self, call: Awaitable[ResultT], *, probe: bool = False) -> ResultT:
        try:
            result = await call
        except (ChannelUnavailable, ChannelOutcomeUnknown):
            self._circuits.ended(self.name, answered=False, probe=probe)
            raise
        except ChannelRefused:
            self._circuits.ended(self.name, answered=True, probe=probe)
            raise
        except BaseException:
            if probe:
                self._circuits.abandoned(self.name)
            raise
        self._circuits.ended(self.name, answered=True, probe=probe)
        return result


def _as_opened(payment: Payment) -> Payment:
    """Name the payment as the channel knows it."""
    return payment if payment.try_no == 1 else replace(payment, out_trade_no=payment.channel_no, try_no=1)


def _as_paid(payment: Payment, refund: Refund) -> Payment:
    """Name the payment that *refund* is of: the order's own, or a second one."""
    if refund.try_no is None:
        return _as_opened(payment)
    return _as_opened(replace(payment, try_no=refund.try_no, channel_trade_no=None))
