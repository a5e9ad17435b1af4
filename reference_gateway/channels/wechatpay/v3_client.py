"""
One call of API v3: signed, sent, its answer verified before it is believed, its refusal sorted.

The status is looked at first: at the door refusals bear no signature, and everything else must. A signature probe has
the call repeated once, as the vendor asks. Knows no API by its meaning.

Facts: wechatpay/request-sign, wechatpay/what-is-signed, wechatpay/unsigned-refusals, wechatpay/probes
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import orjson
import structlog
from cryptography import x509

from reference_gateway.channels.wechatpay.http import HttpReply, WechatHttp
from reference_gateway.channels.wechatpay.keys import load_certificates
from reference_gateway.channels.wechatpay.merchant import V3Merchant
from reference_gateway.channels.wechatpay.platform_keys import (
    PlatformKey,
    PlatformKeys,
    UnknownSerial,
    key_of_certificate,
)
from reference_gateway.channels.wechatpay.v3_codes import Sort, sort_of, todays
from reference_gateway.channels.wechatpay.v3_signing import (
    GCM,
    PROBE_PREFIX,
    answer_text,
    authorization,
    decrypt,
    request_text,
    sign,
)
from reference_gateway.channels.wechatpay.v3_stamps import Seal, seal_of
from reference_gateway.clock import Clock
from reference_gateway.errors import (
    ChannelOutcomeUnknown,
    ChannelRefused,
    ChannelUnavailable,
    SettingsRefused,
    SignatureRejected,
)

_LOG = structlog.get_logger("reference_gateway.wechatpay")

CERTIFICATES = "/v3/certificates"


@dataclass(frozen=True, slots=True)
class V3Answer:
    """A verified answer; a 204 has no fields."""

    status: int
    fields: Mapping[str, Any]


class V3Client:
    """
    Makes calls.

    Args:
        known: platform keys from files.
        authorities: who may have issued platform certificates; empty believes whatever our own key opens.
        nonce: a fresh text for each request.
    """

    def __init__(
        self,
        merchant: V3Merchant,
        http: WechatHttp,
        *,
        known: Sequence[PlatformKey],
        authorities: Sequence[x509.Certificate],
        clock: Clock,
        nonce: Callable[[], str],
    ) -> None:
        self._merchant = merchant
        self._http = http
        self._authorities = authorities
        self._clock = clock
        self._nonce = nonce
        if merchant.public_key is not None:
            known = [*known, PlatformKey(merchant.public_key_id.upper(), merchant.public_key)]
        by_certificate = merchant.answers_by == "certificate"
        self.keys = PlatformKeys(known, fetch=self._fetch, clock=clock, by_certificate=by_certificate)

    async def start(self) -> None:
        await self._http.start()
        await self.keys.start()

    async def stop(self) -> None:
        await self.keys.stop()
        await self._http.stop()

    async def call(
        self,
        name: str,
        method: str,
        target: str,
        body: Mapping[str, Any] | None = None,
        *,
        platform_serial: str = "",
    ) -> V3Answer:
        """
        Make one call.

        Args:
            name: what its refusals are sorted as.
            platform_serial: the key that sensitive fields of *body* are encrypted for.

        Raises:
            ChannelRefused, ChannelUnavailable, ChannelOutcomeUnknown: see the port.
        """
        self.keys.keep_fresh()
        content = b"" if body is None else orjson.dumps(body)
        reply = await self._send(method, target, content, platform_serial=platform_serial)
        if reply.headers.get("wechatpay-signature", "").startswith(PROBE_PREFIX):
            reply = await self._send(method, target, content, platform_serial=platform_serial)
        try:
            return await self._judged(name, reply)
        except SignatureRejected as error:
            raise ChannelOutcomeUnknown(f"the answer cannot be believed: {error.detail}", code=error.reason) from error

    async def download(self, target: str, *, bytes_max: int) -> bytes:
        """
        Fetch a file, which is not signed.

        Raises:
            ChannelUnavailable: no file, and it may be asked for again.

        Facts: wechatpay/bill-download
        """
        headers = self._headers("GET", target, b"")
        reply = await self._http.send("GET", target, headers=headers, bytes_max=bytes_max)
        if reply.status != 200:
            raise ChannelUnavailable(f"the file was answered with HTTP {reply.status}", code="file_not_served")
        return reply.body

    async def _send(self, method: str, target: str, content: bytes, *, platform_serial: str = "") -> HttpReply:
        headers = self._headers(method, target, content, platform_serial=platform_serial)
        return await self._http.send(method, target, headers=headers, body=content)

    def _headers(self, method: str, target: str, content: bytes, *, platform_serial: str = "") -> dict[str, str]:
        merchant = self._merchant
        timestamp, nonce = str(int(self._clock.now().timestamp())), self._nonce()
        text = request_text(method, target, timestamp=timestamp, nonce=nonce, body=content)
        signed = sign(merchant.private_key, text)
        headers = {
            "Authorization": authorization(
                mchid=merchant.mchid,
                serial_no=merchant.serial_no,
                timestamp=timestamp,
                nonce=nonce,
                signature=signed,
            )
        }
        if content:
            headers["Content-Type"] = "application/json"
        if not platform_serial and merchant.answers_by == "public_key":
            platform_serial = merchant.public_key_id
        if platform_serial:
            headers["Wechatpay-Serial"] = platform_serial
        return headers

    async def _judged(self, name: str, reply: HttpReply) -> V3Answer:
        """
        Believe or sort an answer.

        Raises:
            SignatureRejected: its signature does not make it believable.
        """
        if reply.status >= 500:
            code = todays(str(_json(reply.body).get("code", "")))
            raise ChannelOutcomeUnknown(f"the channel answered HTTP {reply.status} {code}", code=code)
        _raise_at_the_door(reply)
        await self._verify(reply)
        if not 200 <= reply.status < 300:
            _raise_refusal(name, reply)
        return V3Answer(reply.status, _fields(reply.body))

    async def _verify(self, reply: HttpReply) -> None:
        seal = seal_of(reply.headers, now=self._clock.now())
        text = answer_text(timestamp=seal.timestamp, nonce=seal.nonce, body=reply.body)
        try:
            self.keys.verify(seal.serial, text, seal.signature)
        except UnknownSerial:
            if not await self.keys.seek(seal.serial):
                raise
            self.keys.verify(seal.serial, text, seal.signature)

    async def _fetch(self) -> Sequence[PlatformKey]:
        """
        Fetch the certificates; the first answer is verified by a certificate of its own, which our key has opened.

        Facts: wechatpay/certificates
        """
        reply = await self._send("GET", CERTIFICATES, b"")
        if reply.status != 200:
            code = todays(str(_json(reply.body).get("code", ""))) or f"http_{reply.status}"
            raise ChannelUnavailable(f"the list of certificates was answered with HTTP {reply.status}", code=code)
        listed = self._listed(_json(reply.body))
        if not listed:
            raise ChannelUnavailable("no certificate of the list can be used", code="no_certificates")
        try:
            self._verify_list(reply, listed)
        except SignatureRejected as error:
            raise ChannelOutcomeUnknown("the list's signature does not match", code=error.reason) from error
        return listed

    def _verify_list(self, reply: HttpReply, listed: Sequence[PlatformKey]) -> None:
        seal: Seal = seal_of(reply.headers, now=self._clock.now())
        text = answer_text(timestamp=seal.timestamp, nonce=seal.nonce, body=reply.body)
        among = {key.serial: key for key in listed}
        if seal.serial.upper() in among:
            trusted = PlatformKeys(among.values(), fetch=self._fetch, clock=self._clock, by_certificate=False)
            trusted.verify(seal.serial, text, seal.signature)
        else:
            self.keys.verify(seal.serial, text, seal.signature)

    def _listed(self, answer: Mapping[str, Any]) -> Sequence[PlatformKey]:
        keys = []
        entries = answer.get("data")
        for entry in entries if isinstance(entries, list) else []:
            try:
                keys.append(self._opened(entry))
            except (SignatureRejected, SettingsRefused, KeyError, TypeError, ValueError) as error:
                _LOG.warning("platform_certificate_refused", detail=str(error))
        now = self._clock.now()
        return [key for key in keys if key.valid(now)]

    def _opened(self, entry: Mapping[str, Any]) -> PlatformKey:
        sealed = entry["encrypt_certificate"]
        if sealed["algorithm"] != GCM:
            raise ValueError(f"a certificate is encrypted by {sealed['algorithm']}")
        pem = decrypt(
            self._merchant.apiv3_key,
            nonce=sealed["nonce"],
            associated_data=sealed["associated_data"],
            ciphertext=sealed["ciphertext"],
        )
        (certificate,) = load_certificates(pem)
        key = key_of_certificate(certificate, authorities=self._authorities)
        if key.serial != str(entry["serial_no"]).upper():
            raise ValueError("a certificate has another serial than its entry")
        return key


def _raise_at_the_door(reply: HttpReply) -> None:
    """
    Tell refusals at the door, which nobody signs: what was asked was not even looked at.

    Facts: wechatpay/unsigned-refusals, wechatpay/sign-errors
    """
    if "wechatpay-signature" in reply.headers or reply.status < 400:
        return
    if reply.status == 401 or (reply.status in {404, 405} and not reply.body):
        code = todays(str(_json(reply.body).get("code", ""))) or f"http_{reply.status}"
        _LOG.error(
            "refused_at_the_door",
            status=reply.status,
            code=code,
            hint="check the merchant's number, key and serial, and this machine's clock",
        )
        raise ChannelUnavailable(f"the channel refused at the door: HTTP {reply.status} {code}", code=code)


def _raise_refusal(name: str, reply: HttpReply) -> NoReturn:
    code = todays(str(_json(reply.body).get("code", "")))
    sort = sort_of(code, call=name, status=reply.status)
    if sort is Sort.REFUSED:
        raise ChannelRefused(f"the channel refused: {code}", code=code)
    if sort is Sort.LATER:
        raise ChannelUnavailable(f"the channel did not do it: {code}", code=code)
    raise ChannelOutcomeUnknown(f"the channel does not know: HTTP {reply.status} {code}", code=code)


def _json(body: bytes) -> Mapping[str, Any]:
    """Read an object, or nothing where there is none."""
    try:
        answer = orjson.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _fields(body: bytes) -> Mapping[str, Any]:
    if not body:
        return {}
    fields = _json(body)
    if not fields:
        raise ChannelOutcomeUnknown("the answer is no JSON object")
    return fields
