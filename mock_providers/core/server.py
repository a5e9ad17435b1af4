"""
A provider's HTTP front: reads raw requests, lets the provider answer, applies reply faults, keeps the journal.

Routes nothing itself: every method and every path goes to the provider, because even a wrong address must be answered
in the vendor's own words.
"""

import logging
from asyncio import BaseTransport
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import cast

from aiohttp import HttpVersion11, web
from aiohttp.http_exceptions import HttpProcessingError
from multidict import CIMultiDict

from mock_providers.core.clock import Clock, ScheduleClock
from mock_providers.core.journal import Entry, Journal, RawRequest, RawResponse
from mock_providers.core.plans import PLAIN_REPLY, FaultPlanner, ReplyPlan
from mock_providers.core.provider import BuyerPages, Call, Provider
from mock_providers.core.reply import WireReply

# Clients keep connections for long and take a closed idle one for a fault that nobody ordered.
_KEEPALIVE_S = 3630.0
_LINE_BYTES = 65_536
_BODY_BYTES = 4 * 1024 * 1024
_SHUTDOWN_S = 5.0


class ProviderServer:
    """One provider on one port."""

    def __init__(
        self,
        provider: Provider,
        *,
        planner: FaultPlanner,
        journal: Journal,
        schedule: ScheduleClock,
        stamp: Clock,
    ) -> None:
        self._provider = provider
        self._planner = planner
        self._journal = journal
        self._schedule = schedule
        self._stamp = stamp
        self._pages: BuyerPages | None = None
        self._runner: web.ServerRunner | None = None
        self.url = ""

    def show(self, pages: BuyerPages) -> None:
        """Learn what to show to buyers."""
        self._pages = pages

    async def start(self, *, host: str, port: int) -> None:
        """Listen; `url` is known afterwards."""
        self._runner = http_runner(self.handle)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port, backlog=1024).start()
        self.url = url_of(self._runner)

    async def stop(self) -> None:
        """Answer what is in hand, then close."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, by whichever listener it came."""
        try:
            raw = await _raw_request(request)
        except ConnectionError:
            return web.Response()  # whoever asked is gone, and this goes nowhere
        except web.RequestPayloadError as problem:
            return web.Response(status=400, text=f"the body cannot be read: {problem}")
        call = (self._pages and self._pages.read(self._provider, raw)) or self._provider.read(raw)
        plan = (
            self._planner.plan_reply(provider=self._provider.name, label=call.label, order=call.order, api=call.api)
            if call.faultable
            else PLAIN_REPLY
        )
        stamp_at = self._stamp.now()
        reply = call.perform(plan.shape)
        if plan.delay_s > 0:
            await self._stamp.sleep(plan.delay_s)
        self._record(raw, call, reply, plan, stamp_at=stamp_at)
        if plan.hang_up:
            return _hang_up(request)
        return web.Response(status=reply.status, headers=CIMultiDict(reply.headers), body=reply.body)

    def _record(self, raw: RawRequest, call: Call, reply: WireReply, plan: ReplyPlan, *, stamp_at: datetime) -> None:
        self._journal.add(
            Entry(
                direction="in",
                provider=self._provider.name,
                api=call.api,
                order=call.order,
                label=call.label,
                request=raw,
                response=None if plan.hang_up else RawResponse(reply.status, reply.headers, reply.body),
                string_to_sign=call.string_to_sign,
                answer_string_to_sign=reply.string_to_sign,
                signature_ok=call.signature_ok,
                doctor=call.diagnosis,
                fault="+".join(plan.faults) or None,
                error="connection closed instead of an answer" if plan.hang_up else None,
                schedule_at=self._schedule.now(),
                stamp_at=stamp_at,
            )
        )


def http_runner(handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> web.ServerRunner:
    """What serves *handler* over HTTP as patiently as the vendors do, on as many listeners as are added to it."""
    server = web.Server(
        handler,
        keepalive_timeout=_KEEPALIVE_S,
        max_line_size=_LINE_BYTES,
        max_field_size=_LINE_BYTES,
        access_log=None,
        logger=_quiet_logger(),
    )
    return web.ServerRunner(server, handle_signals=False, shutdown_timeout=_SHUTDOWN_S)


def _quiet_logger() -> logging.Logger:
    """What is no HTTP is answered 400; a stack trace of the parser would tell nobody anything."""
    logger = logging.getLogger("mock_providers.http")
    if not logger.filters:
        logger.addFilter(_is_our_fault)
    return logger


def _is_our_fault(record: logging.LogRecord) -> bool:
    problem = record.exc_info[1] if record.exc_info else None
    return not isinstance(problem, HttpProcessingError | web.RequestPayloadError | ConnectionError)


def url_of(runner: web.BaseRunner) -> str:
    """
    Returns:
        "http://127.0.0.1:40001" for a runner with one TCP site.
    """
    host, port = runner.addresses[0][:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _raw_request(request: web.BaseRequest) -> RawRequest:
    if request.headers.get("Expect", "").lower() == "100-continue" and request.version >= HttpVersion11:
        # Clients with a large body wait for this, and only for so long.
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers)
    body = bytearray()
    while chunk := await request.content.readany():
        if len(body) <= _BODY_BYTES:
            body += chunk
    # Header bytes that are no UTF-8 arrive as lone surrogates, which no JSON can carry.
    target = request.raw_path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return RawRequest(request.method, target, headers, bytes(body[:_BODY_BYTES]))


def _hang_up(request: web.BaseRequest) -> web.StreamResponse:
    """Close the connection; the response returned here finds it closed and goes nowhere."""
    transport = cast("BaseTransport | None", request.transport)
    if transport is not None:
        transport.close()
    return web.Response()
