"""
One request below `/v3/`, from raw bytes to a call: path and method, the door, the body, and the table of APIs.

Whatever comes is answered in the vendor's words, nonsense included.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import unquote

from mock_providers.core.books.book import Refund, Trade
from mock_providers.core.plans import PLAIN_SHAPE, AnswerShape, PlannedDelivery
from mock_providers.core.provider import Call, Notice, OutgoingNotify
from mock_providers.core.signatures.doctor import Lazily
from mock_providers.core.wire.journal import RawRequest, RawResponse
from mock_providers.core.wire.reply import WireReply
from mock_providers.wechatpay.combined import siblings_of
from mock_providers.wechatpay.desk import PROVIDER_NAME, Desk
from mock_providers.wechatpay.refunding import Refunding, ending_of
from mock_providers.wechatpay.v3 import answers, notify
from mock_providers.wechatpay.v3.answers import Answer
from mock_providers.wechatpay.v3.combine import combined_object
from mock_providers.wechatpay.v3.doctor import V3Doctor
from mock_providers.wechatpay.v3.door import Admission, Door
from mock_providers.wechatpay.v3.fields import FieldRefused, at, body_of
from mock_providers.wechatpay.v3.table import Table, table_of
from mock_providers.wechatpay.v3.visit import Api, Clues, Visit
from mock_providers.wechatpay.v3.wire import AnswerWriter, Request

_PAYMENTS = ("/v3/pay/transactions", "/v3/pay/partner/transactions")
_CASE_HEADER = "wechatpay-negative-test"
# What a call that was refused before its body was read knows of it.
_NOTHING: Mapping[str, Any] = {}


class Router:
    """Reads requests and writes notifies in JSON."""

    def __init__(self, desk: Desk, *, refunding: Refunding) -> None:
        self._desk = desk
        self._door = Door(desk.merchants, either_pipe=desk.policy.pipe == "either")
        self._doctor = V3Doctor(desk.world.credentials_dir)
        self._writer = AnswerWriter(desk.keys, desk.world.ids)
        self._table: Table = table_of(desk, refunding=refunding)
        self._label_path = tuple(desk.world.options.label_field.split("."))
        self._old_spelling = desk.policy.spelling == "old"

    def read(self, raw: RawRequest) -> Call:
        """Understand a request; a refused signature is for the doctor to explain."""
        call = self._read(raw)
        if call.signature_ok is not False:
            return call
        return replace(call, diagnosis=Lazily(self._doctor, raw, now=self._desk.world.stamp.now()))

    def _read(self, raw: RawRequest) -> Call:
        """
        Facts: wechatpay/check-order, wechatpay/unsigned-refusals.
        """
        request = Request.of(raw)
        found = self._table.find(request.method, request.path)
        if isinstance(found, Answer):
            return self._refused(found, request)
        api, places = found
        admission = self._door.admit(
            request, now=self._desk.world.stamp.now(), payment=request.path.startswith(_PAYMENTS)
        )
        if admission.refusal is not None:
            return self._refused(admission.refusal, request, api=api.name, admission=admission)
        path = {name: unquote(value) for name, value in places.items()}
        try:
            body = body_of(request.body) if api.has_body else _NOTHING
        except FieldRefused as problem:
            return self._refused(problem.answer, request, api=api.name, admission=admission)
        return self._admitted(request, api, path, body=body, admission=admission)

    def _admitted(
        self, request: Request, api: Api, path: Mapping[str, str], *, body: Mapping[str, Any], admission: Admission
    ) -> Call:
        assert admission.merchant is not None
        parameters = request.parameters if request.query else {}
        order = api.order_of(Clues(path, parameters, body))
        labels = self._desk.world.labels
        # Calls about no order, for keys and bills, share one label for each API.
        label = labels.of(PROVIDER_NAME, order, text=self._label_text(body)) if order else api.name
        visit = Visit(
            merchant=admission.merchant,
            path=path,
            parameters=parameters,
            body=body,
            label=label,
            serial=request.header("wechatpay-serial"),
            case=request.header(_CASE_HEADER) if self._desk.policy.negative_tests else "",
            now=self._desk.now(),
        )
        return Call(
            api=api.name,
            order=order,
            label=label,
            string_to_sign=admission.string_to_sign,
            signature_ok=True,
            perform=partial(self._perform, api, visit),
            merchant=admission.merchant.mchid,
        )

    def _label_text(self, body: Mapping[str, Any]) -> str | None:
        """What may carry the harness's label: the field of the settings, or what stands for it where there is none."""
        text = at(body, *self._label_path) if body else None
        if text is None and isinstance(body.get("sub_orders"), list):
            text = at(next(iter(body["sub_orders"]), {}), *self._label_path)
        text = text or body.get("transfer_remark") or body.get("batch_remark")
        return text if isinstance(text, str) else None

    def _perform(self, api: Api, visit: Visit, shape: AnswerShape = PLAIN_SHAPE) -> WireReply:
        if shape.refuse and not shape.work:
            answer = answers.by_fault(shape.refuse)
        else:
            answer = self._worked(api, replace(visit, ending=ending_of(shape), stuck_s=shape.stuck_s))
            if shape.refuse:
                answer = answers.by_fault(shape.refuse)
        return self._write(answer, shape, asked_serial=visit.serial)

    def _worked(self, api: Api, visit: Visit) -> Answer:
        try:
            return api.handler(visit)
        except FieldRefused as problem:
            return problem.answer

    def _write(self, answer: Answer, shape: AnswerShape = PLAIN_SHAPE, *, asked_serial: str) -> WireReply:
        if self._old_spelling and answer.code:
            answer = answers.respelt(answer)
        return self._writer.write(answer, shape=shape, asked_serial=asked_serial, stamp_at=self._desk.world.stamp.now())

    def _refused(self, answer: Answer, request: Request, *, api: str = "", admission: Admission | None = None) -> Call:
        """Refused before its business; no fault is spent on it."""
        known = admission is not None and admission.merchant is not None
        return Call(
            api=api,
            order="",
            label="",
            string_to_sign=None if admission is None else admission.string_to_sign,
            signature_ok=None if admission is None else admission.signature_ok,
            perform=partial(self._write, answer, asked_serial=request.header("wechatpay-serial")),
            merchant=admission.merchant.mchid if known and admission and admission.merchant else "",
            faultable=False,
        )

    def payment(self, trade: Trade) -> Notice | None:
        """The notice of a payment; orders that were paid together are told together."""
        subs = siblings_of(self._desk, trade)
        if subs:
            url = trade.opening.notify_url
            return notify.notice_of(self._desk, trade, combined_object(subs), event="payment", url=url)
        return notify.payment_notice(self._desk, trade)

    def refund(self, trade: Trade, refund: Refund) -> Notice | None:
        """The notice of a refund's new state."""
        return notify.refund_notice(self._desk, trade, refund)

    def render(self, notice: Notice, delivery: PlannedDelivery, *, stamp_at: datetime) -> OutgoingNotify:
        """Write one delivery."""
        return notify.render(self._desk, notice, delivery, stamp_at=stamp_at)

    def acknowledged(self, response: RawResponse) -> bool:
        """Whether this answer ends the ladder."""
        return notify.acknowledged(response)
