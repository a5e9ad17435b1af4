"""
Opening a payment or a pre-authorisation: a QR code, a form for the browser, a tn for the app.

The form is made here and asks UnionPay nothing. A code or a tn is told once: when its answer was lost the same
transaction is only called a repetition, so nobody can pay it and the order needs a transaction of another number.

Facts: unionpay/transactions, unionpay/qr, unionpay/front, unionpay/pay-timeout, unionpay/duplicates
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reference_gateway.channels.port import Opening, OpeningState, PayRequest
from reference_gateway.channels.unionpay import form
from reference_gateway.channels.unionpay.answers import is_repetition, require_done
from reference_gateway.channels.unionpay.caller import Caller
from reference_gateway.channels.unionpay.merchant import CURRENCY, Door, UnionPayMerchant, named, txn_time
from reference_gateway.channels.unionpay.numbers import (
    CONSUME,
    DESCRIPTION_MAX,
    PREAUTH,
    RESERVED_MAX,
    safe_text,
)
from reference_gateway.channels.unionpay.sensitive import EncryptionKeys
from reference_gateway.domain.payment import Payment
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused, GatewayError, OpeningLost

INTERNET, MOBILE = "07", "08"
BAD_FORMAT = "10"


@dataclass(frozen=True, slots=True)
class Product:
    """
    How a product is spelt: where it is sent, its sub-type as a payment and as a pre-authorisation, the field that the
    answer brings (empty: no answer, a form), and what our side calls it.
    """

    door: Door
    sub_types: Mapping[str, str]
    biz_type: str
    channel_type: str
    answered: str = ""
    param: str = "form_html"


_USUAL = {CONSUME: "01", PREAUTH: "01"}
PRODUCTS: Mapping[str, Product] = {
    "qr": Product(Door.BACK, {CONSUME: "07", PREAUTH: "05"}, "000000", MOBILE, "qrCode", "qr_code"),
    "page": Product(Door.FRONT, _USUAL, "000201", INTERNET),
    "wap": Product(Door.FRONT, _USUAL, "000201", MOBILE),
    "app": Product(Door.APP, _USUAL, "000201", MOBILE, "tn", "tn"),
}


def product_of(payment: Payment) -> Product:
    """
    Return how the payment's product is spelt.

    Raises:
        ChannelRefused: this channel has not the product.
    """
    if payment.product not in PRODUCTS:
        raise ChannelRefused(f"UnionPay has no product {payment.product} here", code="unsupported")
    return PRODUCTS[payment.product]


class Openings:
    """Opens payments of one channel; *encryption* is None where nothing may be encrypted."""

    def __init__(self, merchant: UnionPayMerchant, caller: Caller, encryption: EncryptionKeys | None) -> None:
        self._merchant = merchant
        self._caller = caller
        self._encryption = encryption

    async def __call__(self, payment: Payment, ask: PayRequest, *, txn_type: str, update_at: str) -> Opening:
        """Open *payment* as a transaction of *txn_type*; *update_at* is the txnTime of a key update on the way."""
        product = product_of(payment)
        fields = {**self._fields(payment, ask, product, txn_type), **await self._sensitive(ask.payer_id, update_at)}
        url = f"{self._merchant.url}{product.door}"
        if not product.answered:
            return Opening(OpeningState.READY, {product.param: form.page(url, self._caller.signed(fields))})
        answer = await self._caller.ask(url, fields)
        if answer.get("respCode") == BAD_FORMAT and "encryptCertId" in fields and self._encryption is not None:
            # The certificate may have been retired since it was fetched: nothing was done, so try with a fresh one.
            self._encryption.distrust()
            fields |= await self._sensitive(ask.payer_id, update_at)
            answer = await self._caller.ask(url, fields)
        if is_repetition(answer):
            raise OpeningLost(f"opened before, and {product.answered} is told once", code=answer["respCode"])
        require_done(answer)
        if not answer.get(product.answered):
            raise ChannelOutcomeUnknown(f"the opening was answered without {product.answered}")
        return Opening(OpeningState.READY, {product.param: answer[product.answered]})

    def _fields(self, payment: Payment, ask: PayRequest, product: Product, txn_type: str) -> dict[str, str]:
        return {
            **self._merchant.common(txn_type, product.sub_types[txn_type], product.biz_type),
            **named(payment),
            "channelType": product.channel_type,
            "txnAmt": str(payment.amount_fen),
            "currencyCode": CURRENCY,
            "payTimeout": txn_time(payment.expires_at),
            "backUrl": ask.notify_url,
            **self._way_back(ask, product),
            "orderDesc": safe_text(payment.subject, most=DESCRIPTION_MAX),
            "reqReserved": safe_text(payment.subject, most=RESERVED_MAX),
        }

    def _way_back(self, ask: PayRequest, product: Product) -> dict[str, str]:
        """
        Say where the browser goes afterwards; UnionPay takes no form without it.

        Raises:
            ChannelRefused: nobody has told.
        """
        if product.answered:
            return {}
        address = ask.return_url or self._merchant.front_url
        if not address:
            raise ChannelRefused(
                "UnionPay must know where the browser goes afterwards; give return_url, or GATEWAY_UNIONPAY_FRONT_URL",
                code="return_url_needed",
            )
        return {"frontUrl": address, "frontFailUrl": address}

    async def _sensitive(self, payer: str, update_at: str) -> Mapping[str, str]:
        if self._encryption is None or not payer:
            return {}
        return await self._encryption.fields(payer, lambda: self._fetch_certificate(update_at))

    async def _fetch_certificate(self, update_at: str) -> str:
        """
        Ask for the encryption certificate of the day.

        Facts: unionpay/key-update
        """
        method = self._merchant.signing.method
        fields = {
            **self._merchant.common("95", "00", "000000"),
            "channelType": INTERNET,
            "orderId": f"KEY{method}{update_at}",
            "txnTime": update_at,
            "certType": "01",
        }
        answer = await self._caller.ask(f"{self._merchant.url}{Door.BACK}", fields)
        require_done(answer)
        if not answer.get("encryptPubKeyCert"):
            raise GatewayError("the key update was answered without a certificate")
        return answer["encryptPubKeyCert"]
