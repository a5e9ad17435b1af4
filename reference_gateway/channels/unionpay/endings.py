"""
Ending a payment whatever its state: what was paid is undone whole, or refunded where the day for undoing has passed.

Each step has a number of its own for ever, so ending can be tried again after any doubt: what was done is found, and
never done twice.

Facts: unionpay/undo, unionpay/refund, unionpay/preauth-rules, unionpay/original
"""

from __future__ import annotations

from collections.abc import Mapping

from reference_gateway.channels.port import EndState, TradeState
from reference_gateway.channels.unionpay.answers import Found, require_done
from reference_gateway.channels.unionpay.caller import Caller
from reference_gateway.channels.unionpay.codes import Meaning, meaning_of
from reference_gateway.channels.unionpay.merchant import Door, UnionPayMerchant, txn_time
from reference_gateway.channels.unionpay.numbers import (
    COMPLETE,
    PREAUTH,
    REFUND,
    REFUND_INSTEAD_OF_UNDO,
    UNDO,
    UNDO_COMPLETION,
    UNDO_PREAUTH,
    number_of,
    refund_mark,
)
from reference_gateway.channels.unionpay.openings import product_of
from reference_gateway.channels.unionpay.standing import Standing
from reference_gateway.domain.payment import Payment
from reference_gateway.errors import ChannelRefused

UNPAID: Mapping[TradeState, EndState] = {
    TradeState.MISSING: EndState.MISSING,
    TradeState.WAITING: EndState.WAITING,
    TradeState.CLOSED: EndState.CLOSED,
}
# Not the same settlement day, in one of the words that are used for it.
TOO_LATE_TO_UNDO = "39"


class Endings:
    """Reverses payments of one channel."""

    def __init__(self, merchant: UnionPayMerchant, caller: Caller, standing: Standing) -> None:
        self._merchant = merchant
        self._caller = caller
        self._standing = standing

    async def __call__(self, payment: Payment, back_url: str) -> EndState:
        found, answer = await self._standing.of(payment)
        if found is Found.DONE and answer.get("txnType") == PREAUTH:
            return await self._free(payment, answer, back_url)
        if found is Found.DONE:
            return await self._undo(payment, UNDO, answer, back_url)
        return UNPAID[(await self._standing.report(payment)).state]

    async def _free(self, payment: Payment, authorised: Mapping[str, str], back_url: str) -> EndState:
        """Give back what was completed of a pre-authorisation, then set free what it holds."""
        completed, completion = await self._standing.beside(payment, COMPLETE)
        if completed is Found.OPEN:
            return EndState.WAITING
        if completed is not Found.DONE:
            return await self._undo(payment, UNDO_PREAUTH, authorised, back_url)
        state = await self._undo(payment, UNDO_COMPLETION, completion, back_url)
        if state is not EndState.GIVEN_BACK:
            return state
        refunded, _ = await self._standing.find(_refund_number(payment), _at(payment))
        if refunded is Found.DONE:
            return state  # a completion that was refunded has used the pre-authorisation up
        freed = await self._undo(payment, UNDO_PREAUTH, authorised, back_url)
        return state if freed is EndState.CLOSED else freed

    async def _undo(self, payment: Payment, txn_type: str, original: Mapping[str, str], back_url: str) -> EndState:
        answer = await self._send(payment, txn_type, number_of(payment, txn_type), original, back_url)
        refused = answer.get("respCode") == TOO_LATE_TO_UNDO or _is(answer, Meaning.REFUSED)
        if not refused and not _is(answer, Meaning.TWICE):
            require_done(answer)
        found, _ = await self._standing.beside(payment, txn_type)
        if found is Found.DONE:
            # What was only held was never paid.
            return EndState.CLOSED if txn_type == UNDO_PREAUTH else EndState.GIVEN_BACK
        if found is Found.OPEN or (found is Found.MISSING and not refused):
            return EndState.WAITING
        if txn_type == UNDO_PREAUTH:
            raise ChannelRefused("the pre-authorisation cannot be undone", code=answer.get("respCode", ""))
        return await self._refund(payment, original, back_url)

    async def _refund(self, payment: Payment, original: Mapping[str, str], back_url: str) -> EndState:
        """Refund in full what can no longer be undone."""
        number = _refund_number(payment)
        answer = await self._send(payment, REFUND, number, original, back_url)
        if not _is(answer, Meaning.TWICE):
            require_done(answer)
        found, standing = await self._standing.find(number, _at(payment))
        if found is Found.DONE:
            return EndState.GIVEN_BACK
        if found is Found.FAILED:
            raise ChannelRefused("the payment can be neither undone nor refunded", code=standing["origRespCode"])
        return EndState.WAITING

    async def _send(
        self, payment: Payment, txn_type: str, number: str, original: Mapping[str, str], back_url: str
    ) -> Mapping[str, str]:
        product = product_of(payment)
        fields = {
            **self._merchant.common(txn_type, "00", product.biz_type),
            "orderId": number,
            "txnTime": _at(payment),
            "channelType": product.channel_type,
            "txnAmt": original.get("txnAmt", ""),
            "origQryId": original.get("queryId", ""),
            "backUrl": back_url,
            "reqReserved": refund_mark(payment),
        }
        return await self._caller.ask(f"{self._merchant.url}{Door.BACK}", fields)


def _refund_number(payment: Payment) -> str:
    return f"{payment.out_trade_no}{REFUND_INSTEAD_OF_UNDO}"


def _at(payment: Payment) -> str:
    return txn_time(payment.created_at)


def _is(answer: Mapping[str, str], meaning: Meaning) -> bool:
    return meaning_of(answer.get("respCode", "")) is meaning
