"""
Collaborators with nothing of their own: each hands everything on, so that a mutant writes down its one mistake only.
"""

from types import TracebackType
from typing import Any, Self

from reference_gateway.apps import App
from reference_gateway.channels.port import ChannelPort
from reference_gateway.domain.records import OutboxRow
from reference_gateway.service.unit_of_work import UnitOfWork, UnitOfWorkFactory
from reference_gateway.webhooks import WebhookSender


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
        unit: what stands around each of its transactions.
    """

    def __init__(self, inner: UnitOfWorkFactory, unit: type[AroundUnit]) -> None:
        self._inner = inner
        self._unit = unit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __call__(self) -> Any:
        return self._unit(self._inner())
