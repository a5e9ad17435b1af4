"""
One signed call to UnionPay: the form goes out, a verified answer to this very request comes back, or an outcome that
nobody knows. What the answer means is not decided here.

Facts: unionpay/answer, unionpay/echoes, unionpay/outside
"""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp
import structlog

from reference_gateway.channels.sessions import session
from reference_gateway.channels.unionpay.merchant import ENCODING, UnionPayMerchant
from reference_gateway.channels.unionpay.wire import codec_of, read_answer, text_to_sign, write_form
from reference_gateway.clock import Clock
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelUnavailable, SignatureRejected

# What comes back exactly as it was sent; a query's answer has the type of what it found, so types are not among them.
ECHOED = ("version", "signMethod", "merId", "orderId", "txnTime")

_FORM = {"Content-Type": f"application/x-www-form-urlencoded;charset={ENCODING}"}

_LOG = structlog.get_logger("reference_gateway.unionpay")


class Caller:
    """The pool of connections, and the way to ask over them."""

    def __init__(self, merchant: UnionPayMerchant, *, clock: Clock, timeout_s: float) -> None:
        self._merchant = merchant
        self._clock = clock
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        self._session = session(self._timeout_s)

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def signed(self, fields: Mapping[str, str]) -> dict[str, str]:
        """
        Sign a request; what is empty or blank is left out, and the rest trimmed, before it is signed.

        Facts: unionpay/empty-values
        """
        kept = {name: trimmed for name, value in fields.items() if (trimmed := value.strip())}
        text = text_to_sign(kept).encode(codec_of(kept["encoding"]))
        return {**kept, "signature": self._merchant.signing.sign(text)}

    async def ask(self, url: str, fields: Mapping[str, str]) -> Mapping[str, str]:
        """
        Ask once.

        Raises:
            ChannelUnavailable: no connection, so nothing was asked.
            ChannelOutcomeUnknown: the request may have arrived, and no answer to it can be believed.
        """
        sent = self.signed(fields)
        return self._believed(sent, await self._post(url, write_form(sent)))

    async def _post(self, url: str, form: bytes) -> bytes:
        if self._session is None:
            raise ChannelUnavailable("the channel is not started")
        try:
            async with self._session.post(url, data=form, headers=_FORM, allow_redirects=False) as response:
                if response.status != 200:
                    raise ChannelOutcomeUnknown(f"the channel answered HTTP {response.status}")
                return await response.read()
        except aiohttp.ClientConnectorError as error:
            raise ChannelUnavailable("no connection to the channel") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ChannelOutcomeUnknown(f"the call broke off: {type(error).__name__}") from error

    def _believed(self, sent: Mapping[str, str], body: bytes) -> Mapping[str, str]:
        """Believe only an answer to *sent* that UnionPay signed, over its fields as they came."""
        try:
            answer = read_answer(body.decode(codec_of(sent["encoding"])))
            codec = codec_of(answer.get("encoding", ENCODING))
        except ValueError as error:
            raise ChannelOutcomeUnknown(f"the answer cannot be read: {error}") from error
        wrong = [name for name in ECHOED if name in sent and answer.get(name) != sent[name]]
        if wrong:
            raise ChannelOutcomeUnknown(f"this is no answer to what was asked: {', '.join(wrong)}")
        try:
            self._merchant.signing.verify(text_to_sign(answer).encode(codec), answer, self._clock.now())
        except SignatureRejected as error:
            _LOG.error("answer_not_believed", method=sent["signMethod"], order_id=sent.get("orderId"), why=error.detail)
            raise ChannelOutcomeUnknown(f"the answer is not UnionPay's: {error.detail}") from error
        except UnicodeEncodeError as error:
            raise ChannelOutcomeUnknown("the answer is not in the charset that it names") from error
        return answer
