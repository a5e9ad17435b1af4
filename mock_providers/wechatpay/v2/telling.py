"""Payments that happen without a cashier: by code, or at once in the simulation system."""

from mock_providers.core.books.book import Trade
from mock_providers.wechatpay.desk import Desk
from mock_providers.wechatpay.states import PAYING
from mock_providers.wechatpay.v2 import notify


class Telling:
    """Lets money move, and tells the merchant where they asked to be told."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def paid(self, trade: Trade) -> None:
        """
        The buyer has paid.

        Facts: wechatpay/v2-payment-notice
        """
        trade.notes.pop(PAYING, None)
        self._desk.book.pay(trade, now=self._desk.now())
        notice = notify.payment_notice(trade)
        if notice is not None:
            self._desk.world.notices.publish(notice)
