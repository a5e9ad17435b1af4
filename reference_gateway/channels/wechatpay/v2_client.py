"""
One call of the XML API: signed, sent, its answer verified before it is believed, its refusal sorted.

A failure of communication is unsigned, so whoever could write it could lie: it is an unknown outcome. The answers of
payouts are unsigned by the vendor's design; only there is the connection, by our client certificate, all that is
trusted.

Facts: wechatpay/v2-levels, wechatpay/v2-sign-type, wechatpay/v2-client-certificate
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from reference_gateway.channels.wechatpay.http import WechatHttp
from reference_gateway.channels.wechatpay.merchant import SignType, V2Merchant
from reference_gateway.channels.wechatpay.v2_codes import sort_of
from reference_gateway.channels.wechatpay.v2_signing import digest, verify
from reference_gateway.channels.wechatpay.v2_xml import XmlRefused, body_of, fields_of
from reference_gateway.channels.wechatpay.v3_codes import Sort
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused, ChannelUnavailable, SignatureRejected

SUCCESS = "SUCCESS"

_LOG = structlog.get_logger("reference_gateway.wechatpay")


class V2Client:
    """
    Makes calls.

    Args:
        nonce: a fresh text for each request.
    """

    def __init__(self, merchant: V2Merchant, http: WechatHttp, *, nonce: Callable[[], str]) -> None:
        self._merchant = merchant
        self._http = http
        self._nonce = nonce

    async def start(self) -> None:
        await self._http.start()

    async def stop(self) -> None:
        await self._http.stop()

    async def call(self, name: str, target: str, business: Mapping[str, str]) -> Mapping[str, str]:
        """
        Make a call whose answer is signed; return its fields.

        Args:
            name: what its refusals are sorted as.

        Raises:
            ChannelRefused, ChannelUnavailable, ChannelOutcomeUnknown: see the port.
        """
        merchant = self._merchant
        fields = {"appid": merchant.appid, "mch_id": merchant.mch_id, "sign_type": merchant.sign_type, **business}
        answer = _answer(await self._post(target, fields, sign_type=merchant.sign_type))
        _raise_unless_communicated(answer)
        try:
            verify(answer, merchant.apiv2_key, sign_type=merchant.sign_type)
        except SignatureRejected as error:
            raise ChannelOutcomeUnknown(f"the answer cannot be believed: {error.detail}", code=error.reason) from error
        self._require_ours(answer)
        _raise_unless_handled(name, answer)
        return answer

    async def call_unsigned(
        self, name: str, target: str, fields: Mapping[str, str], *, lists: frozenset[str] = frozenset()
    ) -> Mapping[str, str]:
        """
        Make a call of the payouts, which take MD5 alone and whose answers nobody signs.

        Args:
            lists: fields of the answer that hold others; they are left out.

        Facts: wechatpay/v2-redpack, wechatpay/v2-transfers
        """
        answer = _answer(await self._post(target, fields, sign_type="MD5"), lists=lists)
        _raise_unless_communicated(answer)
        _raise_unless_handled(name, answer)
        return answer

    async def download(self, target: str, business: Mapping[str, str], *, bytes_max: int) -> bytes:
        """
        Fetch a file; what came instead of one is for the caller to read.

        Facts: wechatpay/v2-downloadbill
        """
        merchant = self._merchant
        fields = {"appid": merchant.appid, "mch_id": merchant.mch_id, "sign_type": merchant.sign_type, **business}
        return await self._post(target, fields, sign_type=merchant.sign_type, bytes_max=bytes_max)

    async def _post(
        self, target: str, fields: Mapping[str, str], *, sign_type: SignType, bytes_max: int = 1 << 20
    ) -> bytes:
        signed = {**fields, "nonce_str": self._nonce()}
        signed["sign"] = digest(signed, self._merchant.apiv2_key, sign_type=sign_type)
        headers = {"Content-Type": "text/xml; charset=utf-8"}
        reply = await self._http.send("POST", target, headers=headers, body=body_of(signed), bytes_max=bytes_max)
        if reply.status != 200:
            raise ChannelOutcomeUnknown(f"the channel answered HTTP {reply.status}")
        return reply.body

    def _require_ours(self, answer: Mapping[str, str]) -> None:
        """An answer that names somebody else is about somebody else's order."""
        ours = {"appid": self._merchant.appid, "mch_id": self._merchant.mch_id}
        if any(answer.get(name, value) != value for name, value in ours.items()):
            raise ChannelOutcomeUnknown("the answer names another merchant or app")


def _answer(body: bytes, *, lists: frozenset[str] = frozenset()) -> Mapping[str, str]:
    try:
        return fields_of(body, lists=lists)
    except XmlRefused as error:
        raise ChannelOutcomeUnknown(f"the answer cannot be read: {error}") from error


def _raise_unless_communicated(answer: Mapping[str, str]) -> None:
    if answer.get("return_code") == SUCCESS:
        return
    told = answer.get("return_msg", "")[:80]
    _LOG.error(
        "communication_failed", told=told, hint="check the merchant's number, the APIv2 key and the client certificate"
    )
    raise ChannelOutcomeUnknown(f"the channel did not understand, unsigned: {told}", code="communication_failed")


def _raise_unless_handled(name: str, answer: Mapping[str, str]) -> None:
    if answer.get("result_code") == SUCCESS:
        return
    code = answer.get("err_code", "")
    sort = sort_of(code, call=name) if answer.get("result_code") == "FAIL" else Sort.UNKNOWN
    if sort is Sort.REFUSED:
        raise ChannelRefused(f"the channel refused: {code}", code=code)
    if sort is Sort.LATER:
        raise ChannelUnavailable(f"the channel did not do it: {code}", code=code)
    raise ChannelOutcomeUnknown(f"the channel does not know: {code}", code=code)
