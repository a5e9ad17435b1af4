"""
A provider's HTTP front: reads raw requests, lets the provider answer, applies reply faults, keeps the journal.

Routes nothing itself: every method and every path goes to the provider, because even a wrong address must be answered
in the vendor's own words.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from aiohttp import HttpVersion11, web
from aiohttp.http_exceptions import HttpProcessingError
from multidict import CIMultiDict

from mock_providers.core.clock import Clock, ScheduleClock
from mock_providers.core.plans import PLAIN_REPLY, FaultPlanner, NotifyWatch, OrderKey, ReplyPlan
from mock_providers.core.provider import BuyerPages, Call, Provider
from mock_providers.core.wire.http_date import HttpDate
from mock_providers.core.wire.journal import Entry, Journal, RawRequest, RawResponse
from mock_providers.core.wire.lane import Lane, LaneConnection
from mock_providers.core.wire.reply import WireReply
from mock_providers.core.wire.rude import Ending, ending, send

_BACKLOG = 1024
# Clients keep connections for long and take a closed idle one for a fault that nobody ordered.
_KEEPALIVE_S = 3630.0
_LINE_BYTES = 65_536
_BODY_BYTES = 4 * 1024 * 1024
_SHUTDOWN_S = 5.0


Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Sharing(Protocol):
    """Several processes behind one port, each with merchants of its own."""

    def server(self, door: str, handler: Handler, options: Mapping[str, Any]) -> web.Server:
        """A server that answers for our merchants, and hands the others' connections over to whose they are."""
        ...

    def share_lane(self, door: str, lane: Lane) -> None:
        """Let connections that were handed over begin in *lane*, and those in it be handed over."""
        ...


@dataclass(slots=True)
class Begun:
    """A call as far as it has come: understood, what goes wrong decided, and perhaps answered."""

    call: Call
    plan: ReplyPlan
    reply: WireReply | None = None


class ProviderServer:
    """One provider on one port."""

    def __init__(
        self,
        provider: Provider,
        *,
        planner: FaultPlanner,
        journal: Journal,
        notifies: NotifyWatch,
        schedule: ScheduleClock,
        stamp: Clock,
    ) -> None:
        self._provider = provider
        self._planner = planner
        self._notifies = notifies
        self._journal = journal
        self._schedule = schedule
        self._stamp = stamp
        self._pages: BuyerPages | None = None
        self._runner: web.ServerRunner | None = None
        self._lane: Lane | None = None
        self._listener: asyncio.Server | None = None
        self._begun: dict[object, Begun] = {}
        self.url = ""

    def show(self, pages: BuyerPages) -> None:
        """Learn what to show to buyers."""
        self._pages = pages

    async def start(self, *, host: str, port: int, sharing: Sharing | None = None) -> None:
        """
        Listen; `url` is known afterwards.

        Args:
            sharing: with whom the port is shared, if with anybody.
        """
        self._runner = http_runner(self.handle, door=self._provider.name, sharing=sharing)
        await self._runner.setup()
        http = self._runner.server
        assert http is not None
        self._lane = lane = Lane(serve=self._serve_plainly, http=http, date=HttpDate(self._stamp))
        if sharing is not None:
            sharing.share_lane(self._provider.name, lane)
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            lambda: LaneConnection(lane), host, port, backlog=_BACKLOG, reuse_port=sharing is not None or None
        )
        bound, number = self._listener.sockets[0].getsockname()[:2]
        self.url = f"http://[{bound}]:{number}" if ":" in bound else f"http://{bound}:{number}"

    async def stop(self) -> None:
        """Answer what is in hand, then close."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        if self._lane is not None:
            self._lane.close()
            self._lane = None
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _serve_plainly(self, raw: RawRequest, transport: asyncio.Transport) -> WireReply | None:
        """Answer at once; None leaves the call, as far as it has come, to the full server."""
        stamp_at = self._stamp.now()
        call = self._read(raw)
        plan, reply = self._plan(call), None
        if plan is PLAIN_REPLY and not self._notifies.waits_for_call(self._order_of(call)):
            reply = call.perform()
            if reply.delay_s <= 0:
                self._record_plain(raw, call, reply, stamp_at=stamp_at)
                return reply
        self._begun[transport] = Begun(call, plan, reply)
        return None

    def _read(self, raw: RawRequest) -> Call:
        return (self._pages and self._pages.read(self._provider, raw)) or self._provider.read(raw)

    def _begin(self, raw: RawRequest) -> Begun:
        call = self._read(raw)
        return Begun(call, self._plan(call))

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, by whichever listener it came."""
        begun = self._begun.pop(request.transport, None)
        try:
            raw = await _raw_request(request)
        except ConnectionError:
            return web.Response()  # whoever asked is gone, and this goes nowhere
        except web.RequestPayloadError as problem:
            return web.Response(status=400, text=f"the body cannot be read: {problem}")
        begun = begun or self._begin(raw)
        call, plan = begun.call, begun.plan
        stamp_at = self._stamp.now()
        waited_for = begun.reply is None and self._notifies.waits_for_call(self._order_of(call))
        if plan is PLAIN_REPLY and not waited_for:
            reply = begun.reply or call.perform()
            if reply.delay_s > 0:
                await self._stamp.sleep(reply.delay_s)
            self._record_plain(raw, call, reply, stamp_at=stamp_at)
            return web.Response(status=reply.status, headers=CIMultiDict(reply.headers), body=reply.body)
        performed = await self._perform(call, plan)
        how = ending(performed, plan)
        self._record(raw, call, performed, plan, how=how, stamp_at=stamp_at)
        response = await send(request, how, plan, stamp=self._stamp)
        self._notifies.called(self._order_of(call), call.api)
        return response

    def _plan(self, call: Call) -> ReplyPlan:
        if not call.faultable or call.page:
            return PLAIN_REPLY
        return self._planner.plan_reply(
            provider=self._provider.name, label=call.label, order=call.order, api=call.api, merchant=call.merchant
        )

    def _order_of(self, call: Call) -> OrderKey:
        return self._provider.name, call.order

    async def _perform(self, call: Call, plan: ReplyPlan) -> WireReply | None:
        """Do the work when the plan says so, and keep the answer for as long as it says."""
        if plan.delay_before_s > 0:
            await self._stamp.sleep(plan.delay_before_s)
        told = self._notifies.told(self._order_of(call)) if plan.after_notify_s > 0 else None
        reply = call.perform(plan.shape) if plan.work else None
        if told is not None:
            await _first_of(told, self._stamp.sleep(plan.after_notify_s))
        delay_s = max(plan.delay_s, reply.delay_s if reply is not None else 0.0)
        if delay_s > 0:
            await self._stamp.sleep(delay_s)
        return reply

    def _record_plain(self, raw: RawRequest, call: Call, reply: WireReply, *, stamp_at: datetime) -> None:
        how = Ending(RawResponse(reply.status, reply.headers, reply.body))
        self._record(raw, call, reply, PLAIN_REPLY, how=how, stamp_at=stamp_at)

    def _record(
        self,
        raw: RawRequest,
        call: Call,
        reply: WireReply | None,
        plan: ReplyPlan,
        *,
        how: Ending,
        stamp_at: datetime,
    ) -> None:
        self._journal.add(
            Entry(
                direction="in",
                provider=self._provider.name,
                api=call.api,
                order=call.order,
                label=call.label,
                request=raw,
                response=how.sent,
                string_to_sign=call.string_to_sign,
                answer_string_to_sign=None if reply is None else reply.string_to_sign,
                signature_ok=call.signature_ok,
                doctor=call.diagnosis,
                fault="+".join(plan.faults) or None,
                error=how.error,
                schedule_at=self._schedule.now(),
                stamp_at=stamp_at,
            )
        )


async def _first_of(told: asyncio.Future[None], patience: Coroutine[object, object, None]) -> None:
    """Wait for whichever comes first, and leave neither behind."""
    waiting = asyncio.ensure_future(patience)
    try:
        await asyncio.wait((told, waiting), return_when=asyncio.FIRST_COMPLETED)
    finally:
        told.cancel()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


def http_runner(handler: Handler, *, door: str, sharing: "Sharing | None" = None) -> web.ServerRunner:
    """
    What serves *handler* over HTTP as patiently as the vendors do, on as many listeners as are added to it.

    Args:
        door: its name among those of this simulator.
        sharing: with whom its ports are shared, if with anybody.
    """
    options: dict[str, Any] = {
        "keepalive_timeout": _KEEPALIVE_S,
        "max_line_size": _LINE_BYTES,
        "max_field_size": _LINE_BYTES,
        "access_log": None,
        "logger": _quiet_logger(),
    }
    server = web.Server(handler, **options) if sharing is None else sharing.server(door, handler, options)
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
    secure, certificate = _tls_of(request)
    return RawRequest(request.method, target, headers, bytes(body[:_BODY_BYTES]), secure, certificate)


def _tls_of(request: web.BaseRequest) -> tuple[bool, bytes]:
    """Whether it came by TLS, and the certificate that the client showed; only a known one passes the handshake."""
    connection = request.get_extra_info("ssl_object")
    if connection is None:
        return False, b""
    return True, connection.getpeercert(binary_form=True) or b""
