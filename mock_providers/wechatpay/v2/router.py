"""
One request outside `/v3/`, from raw bytes to a call: path and method, the XML, the door, and the table of APIs.

Whatever comes is answered in the vendor's words, nonsense included; HTTP is 200 but for paths that do not exist.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from mock_providers.core.books.book import Refund, Trade
from mock_providers.core.plans import PLAIN_SHAPE, AnswerShape, PlannedDelivery
from mock_providers.core.provider import Call, Notice, OutgoingNotify
from mock_providers.core.signatures.doctor import Lazily
from mock_providers.core.wire.journal import RawRequest, RawResponse
from mock_providers.core.wire.reply import WireReply
from mock_providers.wechatpay.desk import PROVIDER_NAME, Desk
from mock_providers.wechatpay.refunding import Refunding, ending_of
from mock_providers.wechatpay.v2 import codes, notify, oauth, xml
from mock_providers.wechatpay.v2.answers import AnswerWriter, by_fault, failure_reply
from mock_providers.wechatpay.v2.codes import Failure, Refusal
from mock_providers.wechatpay.v2.doctor import LegacyDoctor
from mock_providers.wechatpay.v2.door import Admission, admit, refused_inside
from mock_providers.wechatpay.v2.table import Place, table_of
from mock_providers.wechatpay.v2.telling import Telling
from mock_providers.wechatpay.v2.work import Answer, Api, Work
from mock_providers.wechatpay.v3.wire import path_of

_CASE_HEADER = "wechatpay-negative-test"


class Router:
    """Reads requests and writes notifies in XML."""

    def __init__(self, desk: Desk, *, refunding: Refunding) -> None:
        self._desk = desk
        self._table = table_of(desk, refunding=refunding, telling=Telling(desk))
        self._writer = AnswerWriter(desk.world.ids)
        self._doctor = LegacyDoctor(desk.world.credentials_dir)
        label_field = desk.world.options.label_field
        # The two languages name the same thing differently.
        self._label_field = "body" if label_field == "description" else label_field

    def read(self, request: RawRequest) -> Call:
        """
        Understand a request.

        Facts: wechatpay/v2-check-order, wechatpay/v2-xml-safety
        """
        path = path_of(request.target)
        if path.startswith(oauth.PREFIXES):
            return oauth.visit(self._desk, request)
        place = self._table.get(path)
        if place is None:
            return _failed(codes.NO_SUCH_PATH, status=404)
        fields = _fields_of(request, place.api)
        if isinstance(fields, Failure):
            return _failed(fields, place.api)
        # Its own key is what this call asks for.
        own_key = place.api.name == "v2.getsignkey"
        admission = admit(
            fields,
            merchants=self._desk.merchants,
            sandbox=place.sandbox and not own_key,
            sign_type_counts=place.api.sign_type_counts,
        )
        if admission.failure is not None:
            return self._turned_away(request, place.api, admission)
        return self._admitted(request, place, fields, admission=admission)

    def _turned_away(self, request: RawRequest, api: Api, admission: Admission) -> Call:
        assert admission.failure is not None
        call = _failed(admission.failure, api, admission=admission)
        if admission.signature_ok is not False:
            return call
        return replace(call, diagnosis=Lazily(self._doctor, request, now=self._desk.world.stamp.now()))

    def _admitted(self, request: RawRequest, place: Place, fields: Mapping[str, str], *, admission: Admission) -> Call:
        merchant, api = admission.merchant, place.api
        assert merchant is not None
        if api.certificate and not self._certified(request):
            return _failed(codes.CERTIFICATE_MISSING, api, admission=admission)
        order = self._order_of(fields, api, mchid=merchant.mchid)
        text = fields.get(self._label_field) or fields.get("body")
        label = self._desk.world.labels.of(PROVIDER_NAME, order, text=text) if order else ""
        work = Work(
            merchant=merchant,
            fields=fields,
            text=admission.string_to_sign or "",
            key=admission.key,
            sign_type=admission.sign_type,
            label=label,
            now=self._desk.now(),
            sandbox=place.sandbox,
            case=_case_of(request) if self._desk.policy.negative_tests else "",
        )
        refusal = refused_inside(fields, api, merchant=merchant, sandbox=place.sandbox)
        return Call(
            api=api.name,
            order=order,
            label=label,
            string_to_sign=admission.string_to_sign,
            signature_ok=True,
            perform=partial(self._perform, api, work, refusal),
            merchant=merchant.mchid,
            faultable=bool(order) and refusal is None,
        )

    def _certified(self, request: RawRequest) -> bool:
        """
        Whether the caller has shown the merchant's certificate, where it is asked for; only a known one passes TLS.

        Facts: wechatpay/v2-client-certificate
        """
        if request.certificate:
            return True
        asked = self._desk.policy.client_certificate
        return asked == "never" or (asked == "over_tls" and not request.secure)

    def _order_of(self, fields: Mapping[str, str], api: Api, *, mchid: str) -> str:
        """The merchant's order number that a call is about."""
        if not api.order_field:
            return ""
        order = fields.get(api.order_field, "")
        transaction_id = fields.get("transaction_id")
        if transaction_id and api.order_field == "out_trade_no":
            trade = self._desk.paid_trade(mchid, transaction_id)
            if trade is not None:
                return trade.opening.out_trade_no
        if order or api.name != "v2.refundquery":
            return order
        refund_id = fields.get("refund_id")
        found = (
            self._desk.book.by_refund_no(PROVIDER_NAME, refund_id)
            if refund_id
            else self._desk.book.by_refund_request(PROVIDER_NAME, mchid, fields.get("out_refund_no", ""))
        )
        return found[0].opening.out_trade_no if found is not None else ""

    def _perform(self, api: Api, work: Work, refusal: Refusal | None, shape: AnswerShape = PLAIN_SHAPE) -> WireReply:
        answer: Answer
        if refusal is not None:
            answer = refusal
        elif work.case in codes.BY_CODE:
            answer = codes.BY_CODE[work.case]
        elif shape.refuse and not shape.work:
            answer = by_fault(shape.refuse, api)
        else:
            answer = api.handler(replace(work, ending=ending_of(shape), stuck_s=shape.stuck_s))
            if shape.refuse:
                answer = by_fault(shape.refuse, api)
        return self._writer.write(answer, work, api, shape=shape)

    def payment(self, trade: Trade) -> Notice | None:
        """The notice of a payment."""
        return notify.payment_notice(trade)

    def refund(self, trade: Trade, refund: Refund) -> Notice | None:
        """The notice of a refund's new state."""
        return notify.refund_notice(trade, refund)

    def render(self, notice: Notice, delivery: PlannedDelivery, *, stamp_at: datetime) -> OutgoingNotify:
        """Write one delivery."""
        return notify.render(self._desk, notice, delivery, stamp_at=stamp_at)

    def acknowledged(self, response: RawResponse) -> bool:
        """Whether this answer ends the ladder."""
        return notify.acknowledged(response)


def _fields_of(request: RawRequest, api: Api) -> Mapping[str, str] | Failure:
    """
    Method, body, charset and XML, in this order.

    Facts: wechatpay/v2-check-order, wechatpay/v2-xml
    """
    if request.method != "POST":
        return codes.REQUIRE_POST_METHOD
    if not request.body.strip():
        return codes.POST_DATA_EMPTY
    try:
        return xml.read(request.body, root="xml" if api.name == "v2.unifiedorder" else "")
    except xml.NotUtf8:
        return codes.NOT_UTF8
    except xml.IllFormed:
        return codes.XML_FORMAT_ERROR


def _case_of(request: RawRequest) -> str:
    """Facts: wechatpay/v2-negative-test."""
    return request.header(_CASE_HEADER).strip()


def _failed(failure: Failure, api: Api | None = None, *, admission: Admission | None = None, status: int = 200) -> Call:
    """Refused before its business; no fault is spent on it."""
    merchant = admission.merchant if admission is not None else None
    return Call(
        api="" if api is None else api.name,
        order="",
        label="",
        string_to_sign=None if admission is None else admission.string_to_sign,
        signature_ok=None if admission is None else admission.signature_ok,
        perform=partial(_fail, failure, status),
        merchant="" if merchant is None else merchant.mchid,
        faultable=False,
    )


def _fail(failure: Failure, status: int, shape: AnswerShape = PLAIN_SHAPE) -> WireReply:  # noqa: ARG001
    return failure_reply(failure, status=status)
