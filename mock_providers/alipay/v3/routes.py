"""
One request to a path below `/v3/`, from raw bytes to a call: the header, the door, the body, and the table of methods.

Everything is answered in JSON with an HTTP status that fits, nonsense included.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from mock_providers.alipay import codes
from mock_providers.alipay.apps import App
from mock_providers.alipay.business import IllegalJson, business_fields
from mock_providers.alipay.content import Undecipherable, decrypted, encrypted
from mock_providers.alipay.door import Admission
from mock_providers.alipay.elsewhere import astray
from mock_providers.alipay.endings import ended
from mock_providers.alipay.methods import METHODS, Method
from mock_providers.alipay.reception import Reception, entry_of
from mock_providers.alipay.signing import downgraded
from mock_providers.alipay.v3.authorization import origin_form, read_authorization, request_text
from mock_providers.alipay.v3.body import content_type_of, header_of, signed_body
from mock_providers.alipay.v3.door import Claims, Door
from mock_providers.alipay.v3.errors import refusal
from mock_providers.alipay.v3.nonces import Nonces
from mock_providers.alipay.v3.paths import PATHS
from mock_providers.alipay.v3.wire import Dress, wire_reply
from mock_providers.alipay.wire import form_pairs, read_params
from mock_providers.alipay.work import Work
from mock_providers.core.plans import PLAIN_SHAPE, AnswerShape, Seal
from mock_providers.core.provider import Call
from mock_providers.core.wire.journal import RawRequest
from mock_providers.core.wire.reply import ProviderReply, WireReply

_JSON_TYPES = frozenset({"", "application/json", "multipart/form-data"})


@dataclass(frozen=True, slots=True)
class Asked:
    """
    A request taken apart.

    Args:
        app: None where nobody knows the application.
        body: the part of it that is signed.
    """

    request: RawRequest
    claims: Claims
    app: App | None
    body: bytes

    @property
    def path(self) -> str:
        """Without its query."""
        return origin_form(self.request.target).partition("?")[0]

    @property
    def query(self) -> str:
        """What stands behind the question mark."""
        return origin_form(self.request.target).partition("?")[2]

    @property
    def api(self) -> str:
        """The method's name, or the path where there is no such method."""
        return PATHS.get(self.path, ("", self.path))[1]

    @property
    def encrypts(self) -> bool:
        """Whether content goes as ciphertext, both ways."""
        return bool(header_of(self.request, "alipay-encrypt-type"))


@dataclass(frozen=True, slots=True)
class V3Router:
    """Reads requests to OpenAPI v3."""

    reception: Reception
    nonces: Nonces = field(default_factory=Nonces)
    answers: "count[int]" = field(default_factory=lambda: count(1))

    def read(self, request: RawRequest) -> Call:
        """
        Understand a request.

        Facts: alipay/v3-request, alipay/v3-paths
        """
        asked = self._asked(request)
        office = self.reception.office
        door = Door(office.keyring, self.nonces, office.policy.certificate_only)
        admission = door.admit(asked.claims, app=asked.app, now=self.reception.stamp.now())
        if admission.refusal is not None:
            return self._refused(admission.refusal, asked, admission)
        return self._admitted(asked, admission)

    def _asked(self, request: RawRequest) -> Asked:
        authorization = read_authorization(header_of(request, "authorization"))
        body = signed_body(request)
        text = request_text(
            authorization.text,
            request.method,
            target=origin_form(request.target),
            body=body,
            app_auth_token=header_of(request, "alipay-app-auth-token"),
        )
        claims = Claims(authorization, text, header_of(request, "alipay-root-cert-sn"))
        return Asked(request, claims, self.reception.apps.get(claims.app_id), body)

    def _admitted(self, asked: Asked, admission: Admission) -> Call:
        verb, name = PATHS.get(asked.path, ("", ""))
        method = METHODS.get(name)
        if method is None:
            return self._refused(codes.gateway("isv.invalid-method"), asked, admission)
        if asked.request.method != verb:
            return self._refused(refusal("invalid-http-method", about=verb), asked, admission)
        token = header_of(asked.request, "alipay-app-auth-token")
        refused = self.reception.ungranted(token) or self.reception.uncertified(
            method, certified=asked.claims.certified
        )
        fields = refused or _fields(asked)
        if isinstance(fields, ProviderReply):
            return self._refused(fields, asked, admission)
        return self._call(method, asked, fields, admission)

    def _call(self, method: Method, asked: Asked, fields: Mapping[str, object], admission: Admission) -> Call:
        order, work = self.reception.received(method, self._work(asked, fields))
        return Call(
            api=work.method,
            order=order,
            label=work.label,
            string_to_sign=admission.string_to_sign,
            signature_ok=admission.signature_ok,
            perform=partial(self._perform, method, work, asked),
            merchant=work.app.seller_id,
            faultable=bool(order),
        )

    def _work(self, asked: Asked, fields: Mapping[str, object]) -> Work:
        """
        What merchants are told later is in the ways of gateway v2: forms, in UTF-8, signed by RSA2.

        Facts: alipay/v3-paths
        """
        assert asked.app is not None
        notify_url = fields.get("notify_url")
        return Work(
            app=asked.app,
            method=asked.api,
            label="",
            fields=fields,
            now=self.reception.office.now(),
            notify_url=notify_url if isinstance(notify_url, str) else "",
            charset="UTF-8",
            sign_type="RSA2",
            certified=asked.claims.certified,
            on_behalf=bool(header_of(asked.request, "alipay-app-auth-token")),
            entry=entry_of(asked.request),
            open_api=True,
        )

    def _perform(self, method: Method, work: Work, asked: Asked, shape: AnswerShape = PLAIN_SHAPE) -> WireReply:
        reply = method.answer(self.reception.office, work, shape=shape)
        return self._wire(astray(ended(reply, shape), shape.astray), asked, shape=shape)

    def _answer(self, reply: ProviderReply, asked: Asked, shape: AnswerShape = PLAIN_SHAPE) -> WireReply:
        del shape  # a refusal at the door is nobody's fault
        return self._wire(reply, asked, shape=PLAIN_SHAPE)

    def _wire(self, reply: ProviderReply, asked: Asked, *, shape: AnswerShape) -> WireReply:
        office = self.reception.office
        certified = asked.claims.certified and asked.app is not None
        sign_type, seal = downgraded("RSA2", shape.seal)
        key, sn = office.keyring.signer(certified=certified, renewed=office.renewed or seal is Seal.NEXT)
        number = next(self.answers)
        aes_key = asked.app.aes_key if asked.app is not None and asked.encrypts else None
        dress = Dress(
            key=office.keyring.forger if seal is Seal.FOREIGN else key,
            stamp_at=self.reception.stamp.now(),
            nonce=office.ids.letters(32, "v3", str(number)),
            trace_id=f"{self.reception.trace_prefix}v{number:015x}",
            cert_sn=sn,
            encrypt=None if aes_key is None else partial(encrypted, key=aes_key),
            seal=seal,
            sign_type=sign_type,
            stale_s=shape.stale_s,
            waiting_status=office.policy.v3_waiting_status,
            spelling=shape.spelling,
        )
        return wire_reply(reply, dress=dress)

    def _refused(self, reply: ProviderReply, asked: Asked, admission: Admission) -> Call:
        return Call(
            api=asked.api,
            order="",
            label="",
            string_to_sign=admission.string_to_sign,
            signature_ok=admission.signature_ok,
            perform=partial(self._answer, reply, asked),
            merchant=asked.app.seller_id if asked.app is not None else "",
            faultable=False,
        )


def _fields(asked: Asked) -> Mapping[str, object] | ProviderReply:
    """
    The business fields, from the query of a GET or the body of a POST, or why there are none.

    Facts: alipay/v3-request, alipay/aes
    """
    if asked.request.method == "GET":
        try:
            return read_params(form_pairs(asked.query.encode("utf-8")), codec="utf-8")
        except ValueError:
            return codes.gateway("isv.invalid-parameter")
    content = _content(asked)
    if isinstance(content, ProviderReply):
        return content
    try:
        return business_fields(content.decode("utf-8"))
    except (IllegalJson, UnicodeDecodeError):
        return codes.gateway("isv.illegal-json")


def _content(asked: Asked) -> bytes | ProviderReply:
    """The body's JSON text, decrypted where it was encrypted."""
    if not asked.encrypts:
        fits = content_type_of(asked.request) in _JSON_TYPES
        return asked.body if fits else refusal("invalid-content-type")
    if header_of(asked.request, "alipay-encrypt-type").upper() != "AES":
        return codes.gateway("isv.invalid-encrypt-type")
    assert asked.app is not None
    if asked.app.aes_key is None:
        return codes.gateway("isv.decryption-error-not-valid-encrypt-key")
    try:
        return decrypted(asked.body.decode("ascii"), key=asked.app.aes_key)
    except (Undecipherable, UnicodeDecodeError):
        return codes.gateway("isv.decryption-error-unknown")
