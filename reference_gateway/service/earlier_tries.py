"""
Ask the channel about the tries of an order that are over; who has paid one of them has paid the order.

Nobody was told how to pay them, and yet the channel holds them open until their time is over.

Facts: unionpay/duplicates, unionpay/pay-timeout
"""

from __future__ import annotations

from dataclasses import replace

from reference_gateway.channels.port import TradeState
from reference_gateway.domain.payment import Payment
from reference_gateway.service.runtime import Runtime
from reference_gateway.service.settle import Settlements, settle_report


async def settle_earlier(runtime: Runtime, settlements: Settlements, payment: Payment) -> bool:
    """Settle what was paid under an earlier number; tell whether anything was."""
    for try_no in range(1, payment.try_no):
        earlier = replace(payment, try_no=try_no)
        report = await runtime.channel(payment.channel).query(earlier)
        if report.state is TradeState.PAID and not report.given_back:
            await settle_report(settlements, earlier, report)
            return True
    return False
