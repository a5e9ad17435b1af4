"""
One request to `/gateway.do`, from raw bytes to a call: parameters, the door, and the table of methods.

Everything answers HTTP 200 with well-formed JSON in the vendor's words, wrong paths and nonsense included.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from mock_providers.alipay import codes
from mock_providers.alipay.business import IllegalJson, business_fields
from mock_providers.alipay.door import Admission, App, admit
from mock_providers.alipay.multipart import body_pairs
from mock_providers.alipay.trades import Work
from mock_providers.alipay.wire import CODECS, charset_of, form_pairs, read_params, split_target
from mock_providers.core.journal import RawRequest
from mock_providers.core.labels import Labels
from mock_providers.core.plans import PLAIN_SHAPE, AnswerShape
from mock_providers.core.provider import Call
from mock_providers.core.reply import ProviderReply, WireReply

GATEWAY_PATH = "/gateway.do"

Method = Callable[[Work], ProviderReply]
Encode = Callable[[ProviderReply, str | None, str, str], WireReply]


@dataclass(frozen=True, slots=True)
class Router:
    """
    Reads requests.

    Args:
        methods: business by method name.
        encode: makes bytes of (answer, method, codec, sign type).
        order_of: the merchant's order number behind business fields, "" where there is none.
        work: puts a call together for its method.
    """

    app: App
    labels: Labels
    label_field: str
    methods: Mapping[str, Method]
    encode: Encode
    order_of: Callable[[Mapping[str, object]], str]
    work: Callable[[str, Mapping[str, str], Mapping[str, object]], Work]

    def read(self, request: RawRequest) -> Call:
        """
        Understand a request.

        Facts: alipay/endpoint, alipay/params-placement, alipay/absolute-form, alipay/charset
        """
        path, query = split_target(request.target)
        if path != GATEWAY_PATH:
            # All SDKs take a page of HTML for a broken protocol. Facts: alipay/http-200
            return self._refused(codes.unsigned(codes.invalid_method()), {}, Admission(None), "utf-8")
        try:
            pairs = form_pairs(query.encode("utf-8")) + body_pairs(request)
        except ValueError:
            return self._refused(codes.unsigned(codes.invalid_parameters()), {}, Admission(None), "gbk")
        codec = CODECS.get((charset_of(pairs) or "").lower(), "gbk")
        params = read_params(pairs, codec=codec)
        admission = admit(params, app=self.app, codec=codec)
        if admission.refusal is not None:
            return self._refused(admission.refusal, params, admission, codec)
        return self._admitted(params, admission, codec)

    def _admitted(self, params: Mapping[str, str], admission: Admission, codec: str) -> Call:
        api = params["method"]
        method = self.methods.get(api)
        if method is None:
            return self._refused(codes.invalid_method(), params, admission, codec)
        try:
            fields = business_fields(params.get("biz_content", ""))
        except IllegalJson:
            return self._refused(codes.illegal_json(), params, admission, codec)
        order = self.order_of(fields)
        label_text = fields.get(self.label_field)
        text = label_text if isinstance(label_text, str) else None
        label = self.labels.of("alipay", order, text=text) if order else ""
        work = self.work(label, params, fields)
        return Call(
            api=api,
            order=order,
            label=label,
            string_to_sign=admission.string_to_sign,
            signature_ok=admission.signature_ok,
            perform=partial(self._perform, method, work, codec),
            merchant=self.app.seller_id,
            faultable=bool(order),
        )

    def _perform(self, method: Method, work: Work, codec: str, shape: AnswerShape = PLAIN_SHAPE) -> WireReply:
        del shape  # what faults ask of Alipay's answers is not served yet
        return self.encode(method(work), work.common["method"], codec, work.common["sign_type"])

    def _answer(
        self, reply: ProviderReply, method: str | None, codec: str, sign_type: str, shape: AnswerShape = PLAIN_SHAPE
    ) -> WireReply:
        del shape  # a refusal at the door is nobody's fault
        return self.encode(reply, method, codec, sign_type)

    def _refused(self, reply: ProviderReply, params: Mapping[str, str], admission: Admission, codec: str) -> Call:
        method = params.get("method")
        sign_type = params.get("sign_type", "")
        return Call(
            api=method or "",
            order="",
            label="",
            string_to_sign=admission.string_to_sign,
            signature_ok=admission.signature_ok,
            perform=partial(self._answer, reply, method, codec, sign_type if sign_type == "RSA" else "RSA2"),
            faultable=False,
        )
