"""
One request, from raw bytes to a call: the address, the form, the door, and the table of transactions.

What is a message is answered as a message, signed, in the vendor's codes; what is none gets a page.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from types import MappingProxyType

from mock_providers.core.labels import Labels
from mock_providers.core.plans import PLAIN_SHAPE, AnswerShape
from mock_providers.core.provider import Call
from mock_providers.core.records import record
from mock_providers.core.wire.journal import RawRequest
from mock_providers.core.wire.reply import WireReply
from mock_providers.unionpay import pages, reading
from mock_providers.unionpay.codes import Result, result
from mock_providers.unionpay.door import Admission, admit
from mock_providers.unionpay.reply import Reply, astray, reply_to
from mock_providers.unionpay.transactions import find, find_by_query_id
from mock_providers.unionpay.wire import FIELDS_MAX, read_form, trimmed
from mock_providers.unionpay.work import PROVIDER, Answer, Office, Work

# Paths of the gateway, of its twin for bill payments, and of the file host: see unionpay/endpoints.
_FAMILIES = ("/gateway/api/", "/jiaofei/api/")
ENDPOINTS: Mapping[str, str] = MappingProxyType(
    {
        "/": "fileTransfer",
        **{
            f"{family}{name}.do": name
            for family in _FAMILIES
            for name in (
                "frontTransReq",
                "appTransReq",
                "backTransReq",
                "cardTransReq",
                "queryTrans",
                "batchTrans",
                "order",
            )
        },
    }
)
FRONT = "frontTransReq"
# What opens an order of its own; all others are about one that is there.
_OPENING = frozenset({"01", "02"})

Transaction = Callable[[Work], Answer]
# By address, txnType and txnSubType; a sub-type of "" stands for all that are not named.
Table = Mapping[tuple[str, str, str], Transaction]


@record
class Arrived:
    """A request that is a form, with what the door found."""

    endpoint: str
    codec: str
    admission: Admission

    @property
    def fields(self) -> Mapping[str, str]:
        """As the business reads them."""
        return self.admission.fields


@dataclass(frozen=True, slots=True)
class Router:
    """
    Reads requests.

    Args:
        table: the transactions.
        stamp: the moment by which certificates are judged.
    """

    office: Office
    labels: Labels
    label_field: str
    reply: Reply
    table: Table
    stamp: Callable[[], datetime]

    def read(self, request: RawRequest) -> Call:
        """
        Understand a request.

        Facts: unionpay/endpoints, unionpay/request, unionpay/outside
        """
        endpoint = ENDPOINTS.get(_path(request.target), "")
        page = _no_message(request, endpoint)
        if page is not None:
            return _outside(page, api=endpoint)
        codec, fields = read_form(request.body)
        if self.office.policy.unknown_fields == "refuse" and not fields.keys() <= reading.FIELDS:
            return _outside(pages.error_page(400), api=endpoint)
        if codec is None:
            return self._refused(Arrived(endpoint, "utf-8", Admission(result("10"), trimmed(fields))))
        admission = admit(fields, self.office.merchant, codec=codec, now=self.stamp())
        arrived = Arrived(endpoint, codec, admission)
        if admission.refusal is not None:
            return self._refused(arrived)
        return self._admitted(arrived, base_url=_base_url(request))

    def _admitted(self, arrived: Arrived, *, base_url: str) -> Call:
        fields, admission = arrived.fields, arrived.admission
        kind, sub = fields.get("txnType", ""), fields.get("txnSubType", "")
        chosen = self.table.get((arrived.endpoint, kind, sub)) or self.table.get((arrived.endpoint, kind, ""))
        order = self._order_of(fields)
        label = self.labels.of(PROVIDER, order, text=fields.get(self.label_field)) if order else ""
        if chosen is None:
            return self._refused(replace(arrived, admission=replace(admission, refusal=result("32"))))
        work = Work(fields, self.office.merchant.mer_id, label, self.office.now(), base_url=base_url)
        return Call(
            api=_api(arrived.endpoint, kind),
            order=order,
            label=label,
            string_to_sign=admission.string_to_sign,
            signature_ok=True,
            perform=partial(self._perform, arrived, chosen, work),
            merchant=work.mer_id,
            page=arrived.endpoint == FRONT,
        )

    def _perform(
        self, arrived: Arrived, chosen: Transaction, work: Work, shape: AnswerShape = PLAIN_SHAPE
    ) -> WireReply:
        answer = reply_to(chosen, work, shape, policy=self.office.policy)
        if arrived.endpoint == FRONT:
            return self.reply.for_browser(answer, base_url=work.base_url)
        return self.reply.message(
            astray(answer, shape.astray, arrived.fields), arrived.fields, codec=arrived.codec, seal=shape.seal
        )

    def _refused(self, arrived: Arrived) -> Call:
        """A refusal at the door, which is nobody's fault."""
        refusal = arrived.admission.refusal
        assert refusal is not None

        def perform(shape: AnswerShape = PLAIN_SHAPE) -> WireReply:
            del shape
            return self._answer(arrived, refusal)

        kind = arrived.fields.get("txnType", "")
        return Call(
            api=f"{arrived.endpoint}/{kind}"[:64],
            order="",
            label="",
            string_to_sign=arrived.admission.string_to_sign,
            signature_ok=arrived.admission.signature_ok,
            perform=perform,
            faultable=False,
            page=arrived.endpoint == FRONT,
        )

    def _answer(self, arrived: Arrived, refusal: Result) -> WireReply:
        if arrived.endpoint == FRONT:
            return self.reply.for_browser(Answer(refusal), base_url="")
        return self.reply.message(Answer(refusal), arrived.fields, codec=arrived.codec)

    def _order_of(self, fields: Mapping[str, str]) -> str:
        """The number under which the payment that a request is about stands in the book, or would stand."""
        mer_id = self.office.merchant.mer_id
        if fields.get("txnType") in _OPENING:
            return fields.get("orderId", "")[:64]
        found = None
        if number := fields.get("origQryId") or fields.get("queryId"):
            found = find_by_query_id(self.office, mer_id, number)
        for order, moment in (("origOrderId", "origTxnTime"), ("orderId", "txnTime")):
            if found is None and fields.get(order):
                found = find(self.office, mer_id, fields[order], fields.get(moment, ""))
        return fields.get("orderId", "")[:64] if found is None else found.trade.opening.out_trade_no


def _outside(reply: WireReply, *, api: str = "") -> Call:
    def perform(shape: AnswerShape = PLAIN_SHAPE) -> WireReply:  # noqa: ARG001  no fault strikes what is no message
        return reply

    return Call(api=api, order="", label="", string_to_sign=None, signature_ok=None, perform=perform, faultable=False)


def _api(endpoint: str, kind: str) -> str:
    """How faults and the journal name a call; what ends an order says so, for faults that wait for it."""
    return f"{endpoint}/{kind}.reverse" if kind == "99" else f"{endpoint}/{kind}"


def _path(target: str) -> str:
    """The path of a target, which may be a whole address."""
    path = target.partition("?")[0]
    return "/" + path.partition("://")[2].partition("/")[2] if "://" in path else path


def _no_message(request: RawRequest, endpoint: str) -> WireReply | None:
    """
    The page for what is no message at all.

    Facts: unionpay/outside
    """
    if not endpoint:
        return pages.error_page(404)
    if request.method != "POST":
        return pages.error_page(405)
    if not request.body or not _is_form(request) or request.body.count(b"&") >= FIELDS_MAX:
        return pages.error_page(400)
    return None if b"=" in request.body else pages.invalid_request()


def _is_form(request: RawRequest) -> bool:
    return request.header("content-type").lower().startswith("application/x-www-form-urlencoded")


def _base_url(request: RawRequest) -> str:
    """The address by which the caller reaches us; below the vendor's own names there is nothing but TLS."""
    host = request.header("host") or "gateway.95516.com"
    return f"{'https' if host.partition(':')[0].endswith('.95516.com') else 'http'}://{host}"
