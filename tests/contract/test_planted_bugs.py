"""The seams are where they must be: three planted bugs, over memory and over PostgreSQL, and the honest gateway."""

import asyncio
import base64
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from reference_gateway.app import Parts
from reference_gateway.channels.alipay import AlipayChannel, AlipayMerchant
from reference_gateway.channels.alipay.signing import NotifyVerifier
from reference_gateway.channels.port import Opening, OpeningState, PayRequest
from reference_gateway.clock import SystemClock
from reference_gateway.domain.payment import Payment
from tests.unit.reference_gateway.planted import CREDITS_EVERY_NOTIFY, CREDITS_THE_NOTIFIED_AMOUNT, checks_no_signature
from tests.unit.reference_gateway.support import World

pytestmark = pytest.mark.asyncio
COPIES = 64
APP_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PLATFORM_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
STRANGERS_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class OpensByItself(AlipayChannel):
    """The real Alipay channel, but that its QR codes need no provider."""

    async def pay(self, payment: Payment, ask: PayRequest) -> Opening:
        return Opening(OpeningState.READY, {"qr_code": f"https://qr.example/{payment.out_trade_no}"})


def channel(verifier: NotifyVerifier | None = None) -> AlipayChannel:
    merchant = AlipayMerchant("http://127.0.0.1:9/", "2021", "2088", APP_KEY, PLATFORM_KEY.public_key())
    return OpensByItself(merchant, clock=SystemClock(), notify_verifier=verifier)


def world(store: Any, verifier: NotifyVerifier | None = None, **parts: Any) -> World:
    given: Parts = {"clock": SystemClock(), "channels": {"alipay": channel(verifier)}, **parts}  # type: ignore[typeddict-item]
    return World(store=store, parts=given, clock=SystemClock())  # type: ignore[arg-type]


def signed_form(payment: Any, key: rsa.RSAPrivateKey, **changes: str) -> bytes:
    fields = {
        "app_id": "2021",
        "seller_id": "2088",
        "charset": "utf-8",
        "notify_id": f"n-{payment['out_trade_no']}",
        "trade_status": "TRADE_SUCCESS",
        "trade_no": "2026112322001",
        "out_trade_no": payment["out_trade_no"],
        "total_amount": f"{payment['amount_fen'] / 100:.2f}",
        "gmt_payment": "2026-11-23 12:00:00",
        "subject": "打赏 & more=",
        "a_field_nobody_knows": "",
        **changes,
    }
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
    signature = base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()
    return urlencode({**fields, "sign_type": "RSA2", "sign": signature}).encode()


async def notify(own: World, body: bytes) -> tuple[int, bytes]:
    headers = {"Content-Type": "application/x-www-form-urlencoded; text/html; charset=utf-8"}
    async with own.http.post(f"{own.gateway.url}/notify/alipay", data=body, headers=headers) as response:
        return response.status, await response.read()


async def credited(own: World) -> list[int]:
    [exported] = await own.merchant.exported()
    return [entry["amount_fen"] for entry in exported["credits"]]


async def test_sixty_four_notifies_at_once_credit_once(store):
    async with world(store) as own:
        _, payment = await own.merchant.pay()
        body = signed_form(payment, PLATFORM_KEY)
        answers = await asyncio.gather(*(notify(own, body) for _ in range(COPIES)))
        assert set(answers) == {(200, b"success")}
        await own.gateway.idle()
        assert await credited(own) == [100]
        assert len(own.sender.sent) == 1


async def test_planted_crediting_on_every_notify_credits_again(store):
    async with world(store, **CREDITS_EVERY_NOTIFY) as own:
        _, payment = await own.merchant.pay()
        body = signed_form(payment, PLATFORM_KEY)
        await asyncio.gather(*(notify(own, body) for _ in range(COPIES)))
        assert await credited(own) == [100] * COPIES


async def test_a_forged_notify_is_refused_and_without_the_check_it_credits(store):
    async with world(store) as own:
        _, payment = await own.merchant.pay("honest")
        assert await notify(own, signed_form(payment, STRANGERS_KEY)) == (400, b"fail")
        assert await credited(own) == []


async def test_planted_checking_no_signature_credits_a_forgery(store):
    async with world(store, checks_no_signature) as own:
        _, payment = await own.merchant.pay()
        assert await notify(own, signed_form(payment, STRANGERS_KEY)) == (200, b"success")
        assert await credited(own) == [100]


async def test_a_notify_over_another_amount_is_refused_before_and_after_the_true_one(store):
    async with world(store) as own:
        _, payment = await own.merchant.pay()
        tampered = signed_form(payment, PLATFORM_KEY, total_amount="9.99")
        assert await notify(own, tampered) == (400, b"fail")
        assert await notify(own, signed_form(payment, PLATFORM_KEY)) == (200, b"success")
        assert await notify(own, tampered) == (400, b"fail")
        assert await credited(own) == [100]


async def test_planted_crediting_the_notified_amount_credits_the_tampered_one(store):
    async with world(store, **CREDITS_THE_NOTIFIED_AMOUNT) as own:
        _, payment = await own.merchant.pay()
        assert await notify(own, signed_form(payment, PLATFORM_KEY, total_amount="9.99")) == (200, b"success")
        assert await credited(own) == [999]


@pytest.mark.parametrize(
    "changes", [{"app_id": "2022"}, {"seller_id": "2089"}, {"out_trade_no": "Gnobody"}, {"trade_status": "WHAT"}]
)
async def test_a_signed_notify_that_is_not_for_us_is_refused(store, changes):
    async with world(store) as own:
        _, payment = await own.merchant.pay()
        assert await notify(own, signed_form(payment, PLATFORM_KEY, **changes)) == (400, b"fail")
        assert await credited(own) == []


async def test_a_refund_notice_is_never_booked_as_a_payment(store):
    async with world(store) as own:
        _, payment = await own.merchant.pay()
        notice = signed_form(payment, PLATFORM_KEY, gmt_refund="2026-11-23 12:00:00.123", refund_fee="0.40")
        assert await notify(own, notice) == (200, b"success")
        assert await credited(own) == []
        assert await notify(own, signed_form(payment, PLATFORM_KEY)) == (200, b"success")
        assert await notify(own, notice) == (200, b"success")
        assert await credited(own) == [100]
