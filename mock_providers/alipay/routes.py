"""
One request to `/gateway.do`, from raw bytes to a call: parameters, the door, content, and the table of methods.

Everything answers HTTP 200 with well-formed JSON in the vendor's words, wrong paths and nonsense included; browsers
that come with a page payment get a page.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from mock_providers.alipay import codes
from mock_providers.alipay.apps import App
from mock_providers.alipay.business import IllegalJson, business_fields
from mock_providers.alipay.content import Undecipherable, decrypted, looks_encrypted
from mock_providers.alipay.door import Admission, SerialRules, admit
from mock_providers.alipay.elsewhere import astray
from mock_providers.alipay.endings import ended
from mock_providers.alipay.methods import METHODS, Method
from mock_providers.alipay.multipart import body_pairs, plain_params
from mock_providers.alipay.pages import refusal_page, visit
from mock_providers.alipay.reception import Reception, entry_of
from mock_providers.alipay.signing import downgraded
from mock_providers.alipay.wire import Dress, charset_of, codec_named, form_pairs, read_params, split_target, wire_reply
from mock_providers.alipay.work import Work
from mock_providers.core.books.book import Trade
from mock_providers.core.plans import PLAIN_SHAPE, AnswerShape, Seal
from mock_providers.core.provider import Call
from mock_providers.core.records import record
from mock_providers.core.wire.journal import RawRequest
from mock_providers.core.wire.reply import ProviderReply, WireReply

GATEWAY_PATH = "/gateway.do"


@record
class Asked:
    """
    A request taken apart.

    Args:
        app: None where nobody knows the application.
        entry: the address by which it came.
    """

    params: Mapping[str, str]
    codec: str
    app: App | None
    admission: Admission
    entry: str = ""

    @property
    def method(self) -> str:
        """As it was sent, "" for none."""
        return self.params.get("method", "")

    @property
    def sign_type(self) -> str:
        """How the answer is signed: as was asked, or by the newer way where that is no way at all."""
        return "RSA" if self.params.get("sign_type") == "RSA" else "RSA2"


@dataclass(frozen=True, slots=True)
class Router:
    """Reads requests to gateway v2."""

    reception: Reception
    serials: SerialRules
    answers: "count[int]" = field(default_factory=lambda: count(1))

    def read(self, request: RawRequest) -> Call:
        """
        Understand a request.

        Facts: alipay/endpoint, alipay/params-placement, alipay/absolute-form, alipay/charset
        """
        path, query = split_target(request.target)
        if path != GATEWAY_PATH:
            # All SDKs take a page of HTML for a broken protocol. Facts: alipay/http-200
            return self._stranger("isv.invalid-method", "utf-8")
        asked = query.encode("utf-8")
        params = plain_params(asked, request)
        if params is not None:
            codec = codec_named(params.get("charset"))
        else:
            try:
                pairs = form_pairs(asked) + body_pairs(request)
            except ValueError:
                return self._stranger("isv.invalid-parameter", "gbk")
            codec = codec_named(charset_of(pairs))
            params = read_params(pairs, codec=codec)
        return self._called(params, codec, entry_of(request))

    def opened(self, order_text: str) -> Trade | None:
        """
        What Alipay's app does with the text that a merchant's app hands to it; None where it refuses.

        Facts: alipay/page-pays
        """
        request = RawRequest("POST", GATEWAY_PATH, (), order_text.encode("utf-8", "replace"))
        call = self.read(request)
        if call.signature_ok is not True or not call.page or call.perform().status != 302:
            return None
        office = self.reception.office
        return office.book.by_order("alipay", call.order, now=office.now(), merchant_id=call.merchant)

    def _stranger(self, sub_code: str, codec: str) -> Call:
        return self._refused(codes.gateway(sub_code, signed=False), Asked({}, codec, None, Admission(None)))

    def _called(self, params: Mapping[str, str], codec: str, entry: str) -> Call:
        reception = self.reception
        app = reception.apps.get(params.get("app_id", ""))
        asked = Asked(params, codec, app, admit(params, app=app, codec=codec, serials=self.serials), entry)
        method = METHODS.get(asked.method)
        if asked.admission.refusal is not None:
            return self._refused(asked.admission.refusal, asked, method)
        if method is None:
            return self._refused(codes.gateway("isv.invalid-method"), asked)
        return self._admitted(method, asked)

    def _admitted(self, method: Method, asked: Asked) -> Call:
        reception, params = self.reception, asked.params
        certified = "app_cert_sn" in params
        refusal = reception.ungranted(params.get("app_auth_token", "")) or reception.uncertified(
            method, certified=certified
        )
        fields = refusal or _fields(method, asked)
        if isinstance(fields, ProviderReply):
            return self._refused(fields, asked, method)
        order, work = reception.received(method, self._work(asked, fields))
        return Call(
            api=work.method,
            order=order,
            label=work.label,
            string_to_sign=asked.admission.string_to_sign,
            signature_ok=asked.admission.signature_ok,
            perform=partial(self._perform, method, work, asked),
            merchant=work.app.seller_id,
            faultable=bool(order),
            page=method.page,
        )

    def _work(self, asked: Asked, fields: Mapping[str, object]) -> Work:
        params = asked.params
        assert asked.app is not None
        return Work(
            app=asked.app,
            method=asked.method,
            label="",
            fields=fields,
            now=self.reception.office.now(),
            notify_url=params.get("notify_url", ""),
            return_url=params.get("return_url", ""),
            charset=params["charset"],
            sign_type=params["sign_type"],
            certified="app_cert_sn" in params,
            on_behalf=bool(params.get("app_auth_token")),
            entry=asked.entry,
        )

    def _perform(self, method: Method, work: Work, asked: Asked, shape: AnswerShape = PLAIN_SHAPE) -> WireReply:
        reply = method.answer(self.reception.office, work, shape=shape)
        if method.page:
            return visit(reply)
        reply = astray(ended(reply, shape), shape.astray)
        return self._wire(reply, asked, shape)

    def _wire(self, reply: ProviderReply, asked: Asked, shape: AnswerShape = PLAIN_SHAPE) -> WireReply:
        sign_type, seal = downgraded(asked.sign_type, shape.seal)
        office = self.reception.office
        certified = bool(asked.params.get("app_cert_sn")) and asked.app is not None
        key, sn = office.keyring.signer(certified=certified, renewed=office.renewed or seal is Seal.NEXT)
        encrypts = asked.params.get("encrypt_type") == "AES" and asked.app is not None
        return wire_reply(
            codes.unsigned(reply) if seal is Seal.NONE else reply,
            method=asked.method,
            codec=asked.codec,
            key=office.keyring.forger if seal is Seal.FOREIGN else key,
            sign_type=sign_type,
            trace_id=f"{self.reception.trace_prefix}{next(self.answers):016x}",
            dress=Dress(
                sn, asked.app.aes_key if encrypts and asked.app else None, seal is Seal.DAMAGED, shape.spelling
            ),
        )

    def _answer(self, reply: ProviderReply, asked: Asked, shape: AnswerShape = PLAIN_SHAPE) -> WireReply:
        del shape  # a refusal at the door is nobody's fault
        return self._wire(reply, asked)

    def _page(self, reply: ProviderReply, shape: AnswerShape = PLAIN_SHAPE) -> WireReply:
        del shape  # as above
        return refusal_page(reply)

    def _refused(self, reply: ProviderReply, asked: Asked, method: Method | None = None) -> Call:
        page = method is not None and method.page
        return Call(
            api=asked.method,
            order="",
            label="",
            string_to_sign=asked.admission.string_to_sign,
            signature_ok=asked.admission.signature_ok,
            perform=partial(self._page, reply) if page else partial(self._answer, reply, asked),
            merchant=asked.app.seller_id if asked.app is not None else "",
            faultable=False,
            page=page,
        )


def _fields(method: Method, asked: Asked) -> Mapping[str, object] | ProviderReply:
    """
    The business fields, decrypted where they were encrypted, or why there are none.

    Facts: alipay/aes, alipay/check-order
    """
    if method.flat:
        return asked.params
    text = asked.params.get("biz_content", "")
    if asked.params.get("encrypt_type") == "AES" and text:
        assert asked.app is not None
        if asked.app.aes_key is None:
            return codes.gateway("isv.decryption-error-not-valid-encrypt-key")
        try:
            text = decrypted(text, key=asked.app.aes_key).decode(asked.codec)
        except (Undecipherable, UnicodeDecodeError):
            return codes.gateway("isv.decryption-error-unknown")
    try:
        return business_fields(text)
    except IllegalJson:
        unsaid = not asked.params.get("encrypt_type") and looks_encrypted(text)
        return codes.gateway("isv.decryption-error-missing-encrypt-type" if unsaid else "isv.illegal-json")
