"""
The table of methods: which function does a method's work, how it refuses, and what faults can make it say.

Shared by gateway v2 and OpenAPI v3, which differ in their wires alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Protocol

from mock_providers.alipay import bills, closing, codes, oauth, pages, pay, refunds, trades, transfers
from mock_providers.alipay.business import Unreadable
from mock_providers.alipay.work import Office, Work
from mock_providers.core.books.book import TradeState
from mock_providers.core.plans import PLAIN_SHAPE, AnswerShape
from mock_providers.core.wire.reply import ProviderReply

Business = Callable[[Office, Work], ProviderReply]
RefusedFields = Callable[[str | None], Mapping[str, object]]


class InProcess(Protocol):
    """What a method answers while its outcome is open."""

    def __call__(self, office: Office, work: Work, *, ok: bool) -> ProviderReply:
        """Answer so; *ok* says whether the work is done all the same."""
        ...


def _nothing(out_trade_no: str | None) -> Mapping[str, object]:
    del out_trade_no  # these methods' refusals repeat no number
    return {}


@dataclass(frozen=True, slots=True)
class Method:
    """
    One method of Alipay's.

    Args:
        call: its short name in `codes.toml`.
        business: does the work.
        refused_fields: what its refusals carry all the same.
        invalid: its code for a field that makes no sense.
        system_error: its code when the platform has stumbled.
        in_process: how it says that the outcome is open; None where it has no such answer.
        gone_well: what it would answer if all had gone well, for an answer that is another's; None where that is
            what it answers anyhow.
        numbered_by: the field with the merchant's number.
        order_of: names what the call is about where that is no order of a merchant's.
        labelled: whether a payment label hangs on it.
        flat: its fields stand among the common parameters.
        pays_out: money leaves the merchant.
        page: a browser brings it, and is sent on to the cashier.
    """

    call: str
    business: Business
    refused_fields: RefusedFields = _nothing
    invalid: str = "ACQ.INVALID_PARAMETER"
    system_error: str = "ACQ.SYSTEM_ERROR"
    in_process: InProcess | None = None
    gone_well: Business | None = None
    numbered_by: str = "out_trade_no"
    order_of: Callable[[Office, Work], str] | None = None
    labelled: bool = True
    flat: bool = False
    pays_out: bool = False
    page: bool = False

    def answer(self, office: Office, work: Work, *, shape: AnswerShape = PLAIN_SHAPE) -> ProviderReply:
        """Do the work and say how it went, or what a fault wants said instead."""
        if shape.refund_fails and not shape.stuck_s and self.call == "refund" and self.in_process is not None:
            return self._careful(work, partial(self.in_process, office, work, ok=False))
        if shape.astray and self.gone_well is not None:
            return self._careful(work, partial(self.gone_well, office, work))
        if not shape.refuse:
            reply = self._done(office, work)
            if shape.undone:
                self._undo(office, work)
            return reply
        if shape.refuse == "in_process" and self.in_process is not None:
            return self._careful(work, partial(self.in_process, office, work, ok=shape.work))
        if shape.work:
            self._done(office, work)
        return self.refusal(work, shape.refuse)

    def _undo(self, office: Office, work: Work) -> None:
        """
        Take a payment back that was answered as made.

        Facts: alipay/unknown-outcome
        """
        order = work.out_trade_no
        trade = office.book.by_order("alipay", order, now=work.now, merchant_id=work.app.seller_id) if order else None
        if trade is not None and trade.state is TradeState.PAID and not trade.refunds:
            office.book.roll_back(trade, now=work.now)

    def _done(self, office: Office, work: Work) -> ProviderReply:
        return self._careful(work, partial(self.business, office, work))

    def _careful(self, work: Work, answer: Callable[[], ProviderReply]) -> ProviderReply:
        try:
            return answer()
        except Unreadable as field:
            return self.unreadable(work, str(field))

    def unreadable(self, work: Work, field: str) -> ProviderReply:
        """
        A field that is missing or makes no sense.

        Facts: alipay/business-codes
        """
        if self.invalid in codes.table().gateway:
            return codes.gateway(self.invalid, about=field)
        return codes.business(self.invalid, self.refused_fields(work.out_trade_no), about=field)

    def refusal(self, work: Work, word: str) -> ProviderReply:
        """
        The refusal that a fault asks for.

        Args:
            word: "system_error", "in_process" or "busy", which every method has words of its own for, or a code.

        Facts: alipay/gateway-codes, alipay/unknown-outcome
        """
        name = {"system_error": self.system_error, "in_process": self.system_error, "busy": "isv.app-call-limited"}
        code = name.get(word, word)
        fields = self.refused_fields(work.out_trade_no)
        reply = codes.any_refusal(code, fields, call=self.call)
        if reply is None:
            # A code that is younger than our table, or somebody's experiment: said as it was asked for.
            msg = codes.table().msgs[codes.BUSINESS_FAILED]
            return ProviderReply(codes.BUSINESS_FAILED, msg, code, code.rpartition(".")[2], fields=fields)
        if "retry_flag" in reply.fields and reply.sub_code in closing.RETRIED:
            return replace(reply, fields={**reply.fields, "retry_flag": "Y"})
        return reply


def _query_in_process(office: Office, work: Work, *, ok: bool) -> ProviderReply:
    del ok  # a query does nothing either way
    return trades.query_in_process(office, work)


def _granting(call: str, business: Business, *, flat: bool = False) -> Method:
    """These speak of no order and have no codes of their own."""
    return Method(
        call, business, invalid="isv.invalid-parameter", system_error="aop.unknow-error", order_of=_no_order, flat=flat
    )


def _no_order(office: Office, work: Work) -> str:
    del office, work  # it is about none
    return ""


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "alipay.trade.pay": Method("pay", pay.pay, codes.unpaid_fields, in_process=pay.pay_in_process),
        "alipay.trade.precreate": Method("precreate", trades.precreate, codes.unpaid_fields),
        "alipay.trade.create": Method("create", trades.create, codes.unpaid_fields),
        "alipay.trade.page.pay": Method("create", pages.open_page, codes.unpaid_fields, page=True),
        "alipay.trade.wap.pay": Method("create", pages.open_page, codes.unpaid_fields, page=True),
        "alipay.trade.app.pay": Method("create", pages.open_page, codes.unpaid_fields, page=True),
        "alipay.trade.query": Method("query", trades.query, codes.unpaid_fields, in_process=_query_in_process),
        "alipay.trade.cancel": Method(
            "cancel", closing.cancel, codes.uncancelled_fields, system_error="AQC.SYSTEM_ERROR"
        ),
        "alipay.trade.close": Method("close", closing.close),
        "alipay.trade.refund": Method(
            "refund", refunds.refund, codes.unrefunded_fields, in_process=refunds.refund_in_process
        ),
        "alipay.trade.refund.apply": Method(
            "refund", refunds.refund_apply, codes.unrefunded_fields, in_process=refunds.refund_apply_in_process
        ),
        "alipay.trade.fastpay.refund.query": Method(
            "refund.query", refunds.refund_query, gone_well=refunds.refund_query_gone_well
        ),
        "alipay.data.dataservice.bill.downloadurl.query": Method(
            "bill",
            bills.bill_query,
            invalid="INVAILID_ARGUMENTS",
            system_error="isp.unknow-error",
            order_of=bills.order_of,
            labelled=False,
        ),
        "alipay.fund.trans.uni.transfer": Method(
            "transfer",
            transfers.transfer,
            invalid="INVALID_PARAMETER",
            system_error="SYSTEM_ERROR",
            in_process=transfers.transfer_in_process,
            numbered_by="out_biz_no",
            pays_out=True,
        ),
        "alipay.fund.trans.common.query": Method(
            "transfer.query",
            transfers.transfer_query,
            invalid="INVALID_PARAMETER",
            system_error="SYSTEM_ERROR",
            in_process=transfers.transfer_query_in_process,
            order_of=transfers.order_of,
        ),
        "alipay.system.oauth.token": _granting("oauth.token", oauth.user_token, flat=True),
        "alipay.open.auth.token.app": _granting("oauth.app", oauth.app_token),
        "alipay.open.auth.token.app.query": _granting("oauth.app", oauth.app_token_query),
        "alipay.open.app.alipaycert.download": _granting("certificate", oauth.certificate),
    }
)


def invoke(office: Office, work: Work, *, shape: AnswerShape = PLAIN_SHAPE) -> ProviderReply:
    """Answer one admitted call; its method must be in the table."""
    return METHODS[work.method].answer(office, work, shape=shape)
