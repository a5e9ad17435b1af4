"""
Collaborators with nothing of their own: each hands everything on, so that a mutant writes down its one mistake only.
"""

import json
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import replace
from types import TracebackType
from typing import Any, Protocol, Self

from aiohttp import web

from reference_gateway import Parts
from reference_gateway.apps import App
from reference_gateway.channels.port import ChannelPort, RefundReport, TradeReport, TradeState
from reference_gateway.domain.notice import Notice, NoticeKind
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.records import OutboxRow
from reference_gateway.domain.refund import Refund
from reference_gateway.service.unit_of_work import UnitOfWork, UnitOfWorkFactory
from reference_gateway.webhooks import WebhookSender


class Anybody(str):
    """
    A name that is everybody's.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return 0


def believe(*given: object) -> None:
    """
    A check that nothing ever fails.
    """
    del given


def within(whole: Any, *names: str) -> Any:
    """
    What a part keeps to itself. Only a planted bug goes in there.
    """
    for name in names:
        whole = getattr(whole, name)
    return whole


def plant(whole: Any, name: str, part: Any) -> None:
    """
    Put *part* where another one was, on *whole* alone.
    """
    setattr(whole, name, part)


def own_chain(inner: ChannelPort) -> Any:
    """
    UnionPay's chain of trust for this gateway alone, to plant a bug in: the right one is shared by a whole process.
    """
    signing = within(inner, "_merchant", "signing")
    chain = copy(within(signing, "_chain"))
    plant(chain, "_known", type(within(chain, "_known"))())
    plant(signing, "_chain", chain)
    return chain


def doorkeeper(request: web.Request) -> Any:
    """
    Who looks at the signatures of merchants, for the handler that *request* goes to; None where nobody does.
    """
    return getattr(getattr(request.match_info.handler, "__self__", None), "_gatekeeper", None)


def only(channel: str, around: Callable[[ChannelPort], ChannelPort]) -> Callable[[ChannelPort], ChannelPort]:
    """
    *around*, for one channel; the others stay as they are.
    """
    return lambda inner: around(inner) if inner.name == channel else inner


class AroundChannel:
    """
    A channel in front of another one.
    """

    def __init__(self, inner: ChannelPort) -> None:
        self._inner = inner
        self.name = inner.name
        self.reply = inner.reply

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class RetellsRefunds(AroundChannel):
    """
    A channel whose refunds are told otherwise than they are.
    """

    def retold(self, report: RefundReport) -> RefundReport:
        """
        What the gateway is told instead.
        """
        raise NotImplementedError

    async def refund(self, payment: Payment, refund: Refund) -> RefundReport:
        return self.retold(await self._inner.refund(payment, refund))

    async def query_refund(self, payment: Payment, refund: Refund) -> RefundReport:
        return self.retold(await self._inner.query_refund(payment, refund))


class RereadsResources(AroundChannel):
    """
    WeChat Pay's API v3, whose notifies are opened and then misread.
    """

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        notifies = within(inner, "_notifies")
        open_resource = within(notifies, "_opened")

        def opened(resource: Mapping[str, Any]) -> bytes:
            told = json.loads(open_resource(resource))
            self.misread(told)
            return json.dumps(told).encode()

        plant(notifies, "_opened", opened)

    def misread(self, told: dict[str, Any]) -> None:
        """
        Change what was told, in place.
        """
        raise NotImplementedError


class Forgetful(AroundChannel):
    """
    A channel with trades of which nothing is believed any more: what comes about them is acknowledged without effect.
    """

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        self.forgotten: set[str] = set()

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        notice = self._inner.parse_notify(headers, body)
        return replace(notice, kind=NoticeKind.WAITING) if notice.out_trade_no in self.forgotten else notice

    async def query(self, payment: Payment) -> TradeReport:
        if payment.out_trade_no in self.forgotten:
            return TradeReport(state=TradeState.CLOSED, amount_fen=payment.amount_fen)
        return await self._inner.query(payment)


class AroundSender:
    """
    A webhook sender in front of another one.
    """

    def __init__(self, inner: WebhookSender) -> None:
        self._inner = inner

    async def open(self) -> None:
        await self._inner.open()

    async def close(self) -> None:
        await self._inner.close()

    def wants(self, app: App) -> bool:
        return self._inner.wants(app)

    async def send(self, app: App, event: OutboxRow) -> bool:
        return await self._inner.send(app, event)


class AroundUnit:
    """
    A transaction in front of another one.
    """

    def __init__(self, inner: UnitOfWork) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._inner.__aexit__(kind, error, trace)


class AroundStore:
    """
    A store in front of another one.

    Args:
        unit: makes what stands around each of its transactions.
    """

    def __init__(self, inner: UnitOfWorkFactory, unit: Callable[[UnitOfWork], AroundUnit]) -> None:
        self._inner = inner
        self._unit = unit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __call__(self) -> Any:
        return self._unit(self._inner())


class Shared(Protocol):
    """
    What all transactions of one gateway know together.
    """

    def unit(self, inner: UnitOfWork) -> AroundUnit: ...


def sharing(kind: Callable[[], Shared]) -> Callable[[], Parts]:
    """
    The parts of a gateway around each of whose transactions stands what one *kind* makes, anew for each gateway.
    """

    def parts() -> Parts:
        known = kind()

        def around(inner: UnitOfWorkFactory) -> AroundStore:
            return AroundStore(inner, known.unit)

        return {"around_store": around}

    return parts
