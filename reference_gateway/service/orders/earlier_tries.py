"""
Ask the channel about the other tries of an order; who has paid one of them has paid the order, or has paid it twice.

Nobody was told how to pay them, and yet the channel holds them open until their time is over.

Facts: unionpay/duplicates, unionpay/pay-timeout
"""

from __future__ import annotations

from dataclasses import replace

from reference_gateway.channels.port import TradeState
from reference_gateway.domain.payment import Payment
from reference_gateway.service.orders.settle import Settlements, settle_report
from reference_gateway.service.runtime import Runtime


async def settle_earlier(runtime: Runtime, settlements: Settlements, payment: Payment) -> bool:
    """Settle what was paid under an earlier number; tell whether anything was."""
    for try_no in range(1, payment.try_no):
        earlier = replace(payment, try_no=try_no)
        report = await runtime.channel(payment.channel).query(earlier)
        if report.state is TradeState.PAID and not report.given_back:
            await settle_report(settlements, earlier, report)
            return True
    return False


async def return_others(runtime: Runtime, settlements: Settlements, payment: Payment) -> bool:
    """
    Have what was paid under the other numbers of a paid order sent back; tell whether all of them are over.

    Their notifies may be lost, and nobody asks about an order that is paid.
    """
    async with runtime.units() as unit:
        attempts = await unit.attempts(payment.id)
    over = True
    for try_no in {attempt.try_no for attempt in attempts} - {payment.try_no}:
        other = replace(payment, try_no=try_no)
        report = await runtime.channel(payment.channel).query(other)
        if report.state is TradeState.PAID and not report.given_back:
            await settle_report(settlements, other, report)
        over = over and report.state is not TradeState.WAITING
    return over
