"""
What the gateway's WeChat Pay channels believe, and by which key: certificates that change in mid-run, public keys,
answers and notifies that lie.
"""

import asyncio
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from reference_gateway.channels.port import OpeningState, TradeState
from reference_gateway.clock import SystemClock
from reference_gateway.domain.notice import NoticeKind
from reference_gateway.errors import (
    ChannelOutcomeUnknown,
    ChannelUnavailable,
    NotifyRefused,
    SignatureRejected,
)
from tests.contract.samples import refund
from tests.loopback.front import front
from tests.loopback.sandbox import Received, Sandbox, sandbox
from tests.loopback.wechatpay_channels import V2, V3, ask, gateway_channel, order

pytestmark = pytest.mark.asyncio
CHANNELS = (V3, V2)


async def paid(box: Sandbox, own: Any, number: str = "GW00000001") -> None:
    await own.pay(order(number=number), ask(box))
    await box.control("POST", f"/trades/wechatpay/{number}/buyer", {"action": "pay"})


async def listed(box: Sandbox) -> int:
    """
    How often the list of certificates was asked for.
    """
    return sum(entry["api"] == "v3.certificates" for entry in await box.journal("in"))


async def test_certificates_are_fetched_at_the_start_where_none_is_on_file(box, credentials_dir):
    async with gateway_channel(box, credentials_dir, name=V3, wechatpay_platform_cert_files=()) as own:
        assert await listed(box) == 1
        await paid(box, own)
        assert (await own.query(order())).state is TradeState.PAID
        assert await listed(box) == 1


@pytest.mark.parametrize("answer", ["system_error", "unsigned", "bad_signature", "wrong_key", "malformed_body"])
async def test_a_list_that_cannot_be_had_keeps_nobody_from_starting(box, credentials_dir, answer):
    await box.rule(answer, {"on": "reply", "api": "v3.certificates", "order": "*", "first": 1})
    async with gateway_channel(box, credentials_dir, name=V3, wechatpay_platform_cert_files=()) as own:
        await paid(box, own)
        assert (await own.query(order())).state is TradeState.PAID


async def test_a_merchant_without_certificates_lives_by_the_public_key(credentials_dir):
    async with (
        sandbox(credentials_dir, wechatpay_platform="public_key") as box,
        gateway_channel(
            box, credentials_dir, name=V3, wechatpay_answers_by="auto", wechatpay_platform_cert_files=()
        ) as own,
    ):
        await paid(box, own)
        (one,) = await box.receiver.until(1)
        assert one.headers["Wechatpay-Serial"].startswith("PUB_KEY_ID_")
        assert own.parse_notify(one.headers, one.body).kind is NoticeKind.PAID
        assert await listed(box) == 0


async def test_both_kinds_of_serial_are_known_while_a_merchant_moves(credentials_dir):
    async with (
        sandbox(credentials_dir, wechatpay_platform="switching") as box,
        gateway_channel(box, credentials_dir, name=V3) as own,
    ):
        numbers = [f"GW0000001{n}" for n in range(8)]
        for number in numbers:
            await paid(box, own, number)
        arrived = await box.receiver.until(len(numbers))
        assert {one.headers["Wechatpay-Serial"][:10] == "PUB_KEY_ID" for one in arrived} == {True, False}
        assert {own.parse_notify(one.headers, one.body).out_trade_no for one in arrived} == set(numbers)


async def test_a_rotation_is_survived_in_mid_run_by_one_fetch(credentials_dir):
    async with (
        sandbox(credentials_dir, wechatpay_rotate_after_s=30.0) as box,
        gateway_channel(box, credentials_dir, name=V3) as own,
    ):
        await own.pay(order(), ask(box))
        await box.advance(60)
        reports = await asyncio.gather(*(own.query(order()) for _ in range(16)))
        assert {report.state for report in reports} == {TradeState.WAITING}
        assert await listed(box) == 1
        await box.control("POST", "/trades/wechatpay/GW00000001/buyer", {"action": "pay"})
        (one,) = await box.receiver.until(1)
        assert own.parse_notify(one.headers, one.body).kind is NoticeKind.PAID


async def test_a_notify_under_a_new_certificate_is_taken_at_its_second_coming(credentials_dir):
    async with (
        sandbox(credentials_dir, wechatpay_rotate_after_s=30.0, wechatpay_rotation_overlap_s=600.0) as box,
        gateway_channel(box, credentials_dir, name=V3) as own,
    ):
        await own.pay(order(), ask(box))
        await box.advance(60)
        await box.control("POST", "/trades/wechatpay/GW00000001/buyer", {"action": "pay"})
        (one,) = await box.receiver.until(1)
        with pytest.raises(SignatureRejected) as refused:
            own.parse_notify(one.headers, one.body)
        assert refused.value.reason == "unknown_serial"
        await own.query(order())
        assert own.parse_notify(one.headers, one.body).kind is NoticeKind.PAID
        assert await listed(box) == 1


async def test_strangers_cannot_have_the_list_fetched_without_end(box, credentials_dir):
    async with gateway_channel(box, credentials_dir, name=V3) as own:
        await paid(box, own)
        (one,) = await box.receiver.until(1)
        for number in range(50):
            for serial in (f"{number:040X}", "PUB_KEY_ID_0000000000", "no serial", "Ⅷ" * 40):
                with pytest.raises(SignatureRejected):
                    own.parse_notify({**one.headers, "Wechatpay-Serial": serial}, one.body)
            await own.query(order())
        assert 1 <= await listed(box) <= 4


# The reason that the channel gives for refusing what each fault makes of a notify.
LIES: dict[str, tuple[dict[str, Any], str, str]] = {
    "forged_signature": ({}, "signature_rejected", "signature_rejected"),
    "signature_probe": ({}, "signature_probe", "signature_rejected"),
    "wrong_key": ({}, "signature_rejected", "signature_rejected"),
    "foreign_chain": ({}, "unknown_serial", "signature_rejected"),
    "says_failed": ({}, "malformed_notify", "not_a_payment"),
    "signature_downgrade": ({}, "signature_rejected", "weaker_signature"),
    "stale_timestamp": ({"seconds": 7200}, "stale_timestamp", ""),
    "clock_skew": ({"seconds": 420}, "stale_timestamp", ""),
    "tampered_amount": ({"add_fen": 100, "signed": False}, "signature_rejected", "signature_rejected"),
    "wrong_recipient": ({"which": "merchant"}, "wrong_merchant", "wrong_merchant"),
}


@pytest.mark.parametrize("name", CHANNELS)
@pytest.mark.parametrize("fault", LIES)
async def test_a_notify_that_lies_is_refused_for_its_own_reason(box, credentials_dir, name, fault):
    parameters, *reasons = LIES[fault]
    await box.rule(fault, {"on": "notify"}, **parameters)
    async with gateway_channel(box, credentials_dir, name=name) as own:
        await paid(box, own)
        one, *_ = await box.receiver.until(1)
        reason = reasons[CHANNELS.index(name)]
        if reason:
            with pytest.raises(NotifyRefused) as refused:
                own.parse_notify(one.headers, one.body)
            assert refused.value.reason == reason
        else:
            assert own.parse_notify(one.headers, one.body).kind is NoticeKind.PAID, "there is no stamp to be stale"


@pytest.mark.parametrize("name", CHANNELS)
async def test_a_notify_for_another_app_is_refused(box, credentials_dir, name):
    await box.rule("wrong_recipient", {"on": "notify"}, which="app")
    async with gateway_channel(box, credentials_dir, name=name) as own:
        await paid(box, own)
        one, *_ = await box.receiver.until(1)
        with pytest.raises(NotifyRefused) as refused:
            own.parse_notify(one.headers, one.body)
        assert refused.value.reason == "wrong_app"


def damaged(one: Received) -> dict[str, Received]:
    """
    One notify, spoilt on its way in several manners.
    """
    stripped = {name: value for name, value in one.headers.items() if not name.startswith("Wechatpay-")}
    return {
        "stripped": Received(stripped, one.body),
        "body": Received(one.headers, one.body.replace(b'"id"', b'"id" ')),
        "nonce": Received({**one.headers, "Wechatpay-Nonce": "other"}, one.body),
        "base64": Received({**one.headers, "Wechatpay-Signature": "äöü"}, one.body),
        "stamp": Received({**one.headers, "Wechatpay-Timestamp": "\u0661\u0667"}, one.body),
        "kind": Received({**one.headers, "Wechatpay-Signature-Type": "WECHATPAY2-SM2-WITH-SM3"}, one.body),
    }


async def test_a_notify_that_was_spoilt_on_its_way_is_refused(box, credentials_dir):
    async with gateway_channel(box, credentials_dir, name=V3) as own:
        await paid(box, own)
        (one,) = await box.receiver.until(1)
        reasons = {}
        for how, spoilt in damaged(one).items():
            with pytest.raises(SignatureRejected) as refused:
                own.parse_notify(spoilt.headers, spoilt.body)
            reasons[how] = refused.value.reason
        assert reasons == {
            "stripped": "unsigned",
            "body": "signature_rejected",
            "nonce": "signature_rejected",
            "base64": "signature_rejected",
            "stamp": "bad_timestamp",
            "kind": "unknown_signature_type",
        }


@pytest.mark.parametrize("name", CHANNELS)
async def test_a_refund_whose_address_is_the_portals_is_told_in_xml_to_either(credentials_dir, name):
    async with sandbox(credentials_dir) as first:
        portal = first.receiver.url
        async with sandbox(credentials_dir, wechatpay_refund_notify_url=portal) as box:
            await _told_in_xml(box, first, credentials_dir, name)


async def _told_in_xml(box: Sandbox, portal: Sandbox, credentials_dir: Any, name: str) -> None:
    async with gateway_channel(box, credentials_dir, name=name) as own:
        await paid(box, own)
    async with gateway_channel(box, credentials_dir, name=name) as restarted:
        await restarted.refund(order(), refund(out_request_no="GWR00000001"))
        await box.advance(10)
        (one,) = await portal.receiver.until(1)
        assert one.body.startswith(b"<")
        notice = restarted.parse_notify(one.headers, one.body)
        assert (notice.kind, notice.refund_no, notice.channel) == (NoticeKind.REFUNDED, "GWR00000001", name)


# What an answer is spoilt by, and whether the work behind it was done.
ANSWERS: dict[str, tuple[dict[str, Any], bool]] = {
    "timeout_after": ({"hold_s": 0.1}, True),
    "timeout_before": ({"hold_s": 0.1}, False),
    "reset_after": ({}, True),
    "reset_before": ({}, False),
    "http_error": ({"status": 502, "work": True}, True),
    "system_error": ({"work": False}, False),
    "bad_signature": ({}, True),
    "wrong_key": ({}, True),
    "signature_downgrade": ({}, True),
    "unsigned": ({}, True),
    "truncated": ({}, True),
    "malformed_body": ({}, True),
    "stale_timestamp": ({"seconds": 7200}, True),
}


# Answers in XML bear no stamp.
SPOILT = [(name, fault) for fault in ANSWERS for name in CHANNELS if (name, fault) != (V2, "stale_timestamp")]


@pytest.mark.parametrize(("name", "fault"), SPOILT)
async def test_an_answer_that_cannot_be_believed_is_an_unknown_outcome(box, credentials_dir, name, fault):
    parameters, done = ANSWERS[fault]
    await box.rule(fault, {"on": "reply", "first": 1}, **parameters)
    async with gateway_channel(box, credentials_dir, name=name) as own:
        with pytest.raises(ChannelOutcomeUnknown):
            await own.pay(order(expires_at=LAST_MOMENT), ask(box))
        await box.control("DELETE", f"/faults/rules/{fault}")
        state = (await own.query(order(expires_at=LAST_MOMENT))).state
        assert state is (TradeState.WAITING if done else TradeState.MISSING)
        assert (await own.pay(order(expires_at=LAST_MOMENT), ask(box))).state is OpeningState.READY


LAST_MOMENT = (SystemClock().now() + timedelta(hours=1)).replace(microsecond=0)


async def test_a_probe_among_the_answers_is_dropped_and_the_call_made_again(box, credentials_dir):
    await box.rule("signature_probe", {"on": "reply", "first": 1})
    async with gateway_channel(box, credentials_dir, name=V3) as own:
        assert (await own.pay(order(), ask(box))).state is OpeningState.READY
        assert len([one for one in await box.journal("in") if one["api"] == "v3.pay.native"]) == 2


class Off:
    """
    A machine's clock that is off.
    """

    def __init__(self, seconds: float) -> None:
        self.by = timedelta(seconds=seconds)

    def now(self) -> Any:
        return SystemClock().now() + self.by

    async def sleep(self, seconds: float) -> None:
        await SystemClock().sleep(seconds)


@pytest.mark.parametrize("seconds", [-360, 360])
async def test_a_clock_that_is_off_is_told_as_what_it_is(box, credentials_dir, seconds):
    async with gateway_channel(box, credentials_dir, name=V3, clock=Off(seconds)) as own:
        with pytest.raises(ChannelUnavailable) as refused:
            await own.pay(order(), ask(box))
        assert refused.value.reason == "SIGN_ERROR"


@pytest.mark.parametrize("name", CHANNELS)
async def test_the_backup_host_is_asked_where_the_first_cannot_be_spoken_to(box, credentials_dir, name):
    host = box.simulator.urls["wechatpay"]
    dead: dict[str, Any] = {"wechatpay_v3_url": "http://127.0.0.1:9", "wechatpay_v2_url": "http://127.0.0.1:9"}
    async with gateway_channel(box, credentials_dir, name=name, wechatpay_backup_url=host, **dead) as own:
        assert (await own.pay(order(), ask(box))).state is OpeningState.READY
    await box.rule("reset_before", {"on": "reply", "first": 1})
    async with gateway_channel(box, credentials_dir, name=name, wechatpay_backup_url=host) as own:
        assert (await own.pay(order(number="GW00000002"), ask(box))).state is OpeningState.READY
    async with gateway_channel(box, credentials_dir, name=name, **dead) as own:
        with pytest.raises(ChannelUnavailable):
            await own.query(order())


class AtHome(aiohttp.ThreadedResolver):
    """
    Every name is this machine.
    """

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> Any:
        return await super().resolve("127.0.0.1", port, family)


async def test_a_refund_in_xml_shows_our_certificate_over_tls(credentials_dir, monkeypatch):
    monkeypatch.setattr(aiohttp.connector, "DefaultResolver", AtHome)
    async with front(credentials_dir) as doors:
        told: dict[str, Any] = {
            "wechatpay_v2_url": f"https://api.mch.weixin.qq.com:{doors.tls_port}",
            "wechatpay_tls_ca_file": doors.ca_file,
        }
        async with gateway_channel(doors.box, credentials_dir, name=V2, **told) as own:
            await paid(doors.box, own)
            assert (await own.refund(order(), refund(out_request_no="GWR00000001"))).channel_refund_no
        nameless: dict[str, Any] = told | {"wechatpay_v3_url": "", "wechatpay_cert_file": None}
        async with gateway_channel(doors.box, credentials_dir, name=V2, **nameless) as own:
            with pytest.raises(ChannelOutcomeUnknown):
                await own.refund(order(), refund(out_request_no="GWR00000002"))
