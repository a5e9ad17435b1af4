"""
The whole gateway over UnionPay in process, on virtual time: whatever goes wrong, money is right in the end.

A struck payment (pp000001) and a clean one beside it; book, ledger and webhooks are compared by the audit.
"""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from harness.gather import audit_world, settle_world
from harness.ids import Ids
from harness.sut.contract import NewPayment, Payment
from harness.verdict import Verdict
from harness.world.in_process import InProcessPlan, InProcessWorld
from harness.world.virtual_loop import VirtualLoop
from tests.loopback.unionpay_channels import CHANNELS, brought_to_the_cashier

DAY_S = 86_400.0
OPENING, QUERY, REFUND = "*Trans*/01", "queryTrans/00", "backTransReq/04"


class Story:
    """
    Buyers of one channel in a world of their own.
    """

    def __init__(self, world: InProcessWorld, channel: str) -> None:
        self.world, self.channel, self.simulator = world, channel, world.simulator

    async def strike(self, fault: str, **more: Any) -> None:
        where = {"provider": "unionpay", "on": "reply", "order": "pp000001", **more.pop("where", {})}
        await self.world.control.add_rule(
            {"id": f"{fault}-{where.get('api', 'all')}", "fault": fault, "where": where, "with": more}
        )

    async def open(self, number: int, product: str) -> Payment:
        label = self.world.ids.label(number)
        asked = NewPayment(
            merchant_order_no=self.world.ids.order_no(label),
            amount_fen=990,
            subject=f"tip {label}",
            channel=self.channel,
            product=product,
        )
        reply = await self.world.gateway.create(asked)
        assert reply.value is not None, reply
        return reply.value

    async def params(self, payment: Payment) -> dict[str, str]:
        """
        What the buyer got to pay with; asked for a while, as a page does.
        """
        for wait_s in (0, 10, 20, 40, 0):
            told = await self.world._gateway().runtime.units().__aenter__()
            row = await told.payment("live", payment.id)
            await told.__aexit__(None, None, None)
            if row is not None and row.pay_params:
                return dict(row.pay_params)
            await self.world.clock.sleep(wait_s)
        return {}

    async def buy(self, number: int, product: str = "qr", *, action: str = "pay") -> Payment:
        """
        A payment from its order to the buyer's button; a buyer who got nothing to pay with goes away.
        """
        payment = await self.open(number, product)
        told = await self.params(payment)
        if "form_html" in told:
            await self.post(told["form_html"])
            await self.world.control.buyer("unionpay", payment.out_trade_no, action=action)
        elif told:
            await self.world.control.qr(told.get("qr_code") or told["tn"], action=action)
        return payment

    async def post(self, page: str) -> None:
        async with aiohttp.ClientSession() as self.session:
            await brought_to_the_cashier(self, page)  # type: ignore[arg-type]

    async def give_back(self, payment: Payment, amount_fen: int = 400) -> Any:
        await self.world.gateway.sync(payment.id)
        return await self.world.gateway.refund(
            payment.id, merchant_refund_no=f"{payment.merchant_order_no}-r", amount_fen=amount_fen
        )

    async def now(self, payment: Payment) -> Payment:
        reply = await self.world.gateway.get(payment.id)
        assert reply.value is not None
        return reply.value

    async def settled(self) -> None:
        assert await settle_world(self.world, patience_s=3 * DAY_S)

    async def verdict(self) -> Any:
        report = await audit_world(self.world, ours=lambda _order: True)
        return report.verdict, report.findings


def told(credentials: Path, channel: str, story: Any) -> Any:
    async def play() -> Any:
        world = await InProcessWorld.open(InProcessPlan(credentials=credentials, ids=Ids(7, run_nonce="up")))
        try:
            return await story(Story(world, channel))
        finally:
            await world.close()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(play())


@pytest.mark.parametrize("product", ["qr", "app", "page", "wap"])
@pytest.mark.parametrize("channel", CHANNELS)
def test_every_product_is_paid_and_refunded(credentials_dir, channel, product):
    async def story(it: Story) -> None:
        payment = await it.buy(1, product)
        await it.settled()
        assert (await it.now(payment)).status == "PAID"
        assert (await it.give_back(payment)).value is not None
        await it.settled()
        after = await it.now(payment)
        assert (after.refund_status, after.refunded_fen) == ("PARTIAL", 400)
        assert await it.verdict() == (Verdict.PASS, ())

    told(credentials_dir, channel, story)


def test_a_payment_that_nobody_pays_ends_with_its_pay_timeout(credentials_dir):
    async def story(it: Story) -> None:
        idle, paid = await it.open(1, "qr"), await it.buy(2)
        await it.world.clock.sleep(3600)
        await it.settled()
        assert [(await it.now(one)).status for one in (idle, paid)] == ["CLOSED", "PAID"]
        assert await it.verdict() == (Verdict.PASS, ())

    told(credentials_dir, "unionpay_keyed", story)


Fault = tuple[str, dict[str, Any]]
WORK_OR_NOT: list[Fault] = [
    *(("reset_after", {}), ("reset_before", {}), ("timeout_after", {"hold_s": 30}), ("timeout_before", {"hold_s": 30})),
    *(("http_error", {"status": 502, "work": work}) for work in (True, False)),
    *((("system_error"), {"work": work}) for work in (True, False)),
    *(("busy", {}), ("in_process", {})),
    *(("refuse", {"code": code, "work": work}) for code in ("04", "83", "70", "Z9") for work in (True, False)),
]
UNBELIEVABLE: list[Fault] = [
    (fault, {})
    for fault in (
        "bad_signature",
        "wrong_key",
        "foreign_chain",
        "expired_certificate",
        "wrong_certificate_name",
        "signature_downgrade",
        "unsigned",
        "truncated",
        "malformed_body",
    )
]
SLOW = [("delay", {"seconds": 20}), ("slow_drip", {"seconds": 60})]
REPLIES = [*WORK_OR_NOT, *UNBELIEVABLE, *SLOW, ("other_spelling", {"spelling": "reordered"})]


# What was answered with one of these and not done has failed, says a query; then the refund's amount is free again.
FAILED_WHEN_ASKED: list[Fault] = [
    ("system_error", {"work": False}),
    *(("refuse", {"code": code, "work": False}) for code in ("04", "83")),
]


def by_name(case: Fault) -> str:
    return "-".join([case[0], *map(str, case[1].values())])


@pytest.mark.parametrize("api", [OPENING, QUERY, REFUND])
@pytest.mark.parametrize("fault", REPLIES, ids=by_name)
def test_whatever_a_call_is_answered_money_is_right(credentials_dir, fault, api):
    async def story(it: Story) -> None:
        await it.strike(fault[0], **fault[1], where={"api": api, "first": 2})
        struck, clean = await it.buy(1, "app"), await it.buy(2)
        await it.world.clock.sleep(60)
        await it.give_back(struck)
        await it.give_back(clean)
        await it.world.clock.sleep(1200)
        await it.settled()
        after = await it.now(struck)
        assert after.status in {"PAID", "CLOSED"}
        assert (await it.now(clean)).refunded_fen == 400
        if api != OPENING:
            undone = api == REFUND and fault in FAILED_WHEN_ASKED
            assert (after.status, after.refund_status) == ("PAID", "NONE" if undone else "PARTIAL")
        assert await it.verdict() == (Verdict.PASS, ())

    told(credentials_dir, "unionpay_keyed", story)


NOTIFIES: list[Fault] = [
    ("duplicate", {"copies": 4, "concurrent": True}),
    ("duplicate", {"copies": 3}),
    ("drop", {}),
    ("drop_all", {}),
    ("delay", {"seconds": 4000}),
    ("forged_signature", {"seal": "foreign"}),
    ("forged_signature", {"seal": "none"}),
    ("tampered_amount", {"add_fen": 1, "signed": True}),
    ("tampered_amount", {"add_fen": 1, "signed": False}),
    ("wrong_recipient", {}),
    ("unknown_order", {}),
    ("replayed_notify", {"after_s": 90_000}),
    ("wrong_key", {}),
    ("foreign_chain", {}),
    ("expired_certificate", {}),
    ("wrong_certificate_name", {}),
    ("signature_downgrade", {}),
    ("certificate_rotation", {}),
    ("wrong_encoding", {"charset": "gbk"}),
    ("extra_fields", {"count": 3}),
    ("other_spelling", {"spelling": "percent_spaces"}),
    ("other_spelling", {"spelling": "braces"}),
    ("ack_ignored", {}),
    ("slow_reading", {"seconds": 2}),
    ("settlement_day", {}),
    ("refund_before_payment", {}),
]


# What touches a notify's signature is tried in every way to sign, the rest in one.
SEALED = (
    "forged_signature",
    "tampered_amount",
    "wrong_key",
    "foreign_chain",
    "expired_certificate",
    "wrong_certificate_name",
    "signature_downgrade",
    "certificate_rotation",
    "wrong_encoding",
)
TOLD = [
    pytest.param(fault, channel, id=f"{by_name(fault)}-{channel}")
    for fault in NOTIFIES
    for channel in (CHANNELS if fault[0] in SEALED else ["unionpay_keyed"])
]


@pytest.mark.parametrize(("fault", "channel"), TOLD)
def test_whatever_is_told_money_is_right(credentials_dir, fault, channel):
    async def story(it: Story) -> None:
        for api in ("payment", "refund"):
            await it.strike(fault[0], **fault[1], where={"on": "notify", "api": api})
        struck, clean = await it.buy(1), await it.buy(2)
        await it.world.clock.sleep(60)
        for one in (struck, clean):
            await it.give_back(one)
        await it.settled()
        assert [(await it.now(one)).refunded_fen for one in (struck, clean)] == [400, 400]
        assert await it.verdict() == (Verdict.PASS, ())

    told(credentials_dir, channel, story)


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("fault", [*UNBELIEVABLE, ("certificate_rotation", {})], ids=by_name)
def test_no_channel_believes_an_answer_that_is_not_the_vendors(credentials_dir, fault, channel):
    async def story(it: Story) -> None:
        await it.strike(fault[0], **fault[1], where={"api": QUERY, "first": 3})
        await it.strike("drop_all", where={"on": "notify"})
        struck, _ = await it.buy(1), await it.buy(2)
        await it.settled()
        assert (await it.now(struck)).status == "PAID"
        assert await it.verdict() == (Verdict.PASS, ())

    told(credentials_dir, channel, story)


@pytest.mark.parametrize("action", ["pay_twice", "cancel", "insufficient_balance"])
@pytest.mark.parametrize("product", ["qr", "app"])
def test_whatever_a_buyer_does_money_is_right(credentials_dir, product, action):
    async def story(it: Story) -> None:
        await it.buy(2)
        struck = await it.buy(1, product, action=action)
        await it.world.clock.sleep(3600)
        await it.settled()
        book = await it.world.control.trade("unionpay", struck.out_trade_no)
        after = await it.now(struck)
        assert (after.status == "PAID") == (book.paid_fen == 990 and book.refunded_fen == 0)
        assert await it.verdict() == (Verdict.PASS, ())

    told(credentials_dir, "unionpay_keyed", story)


def test_what_is_paid_after_the_order_has_ended_goes_back_by_itself(credentials_dir):
    async def story(it: Story) -> None:
        await it.buy(2)
        late = await it.buy(1, action="scan")
        await it.world.clock.sleep(3600)
        await it.settled()
        assert (await it.now(late)).status == "CLOSED"
        await it.world.control.buyer("unionpay", late.out_trade_no, action="pay_late")
        await it.settled()
        book = await it.world.control.trade("unionpay", late.out_trade_no)
        assert (book.paid_fen, book.refunded_fen, (await it.now(late)).refunded_fen) == (990, 990, 990)
        assert await it.verdict() == (Verdict.PASS, ())

    told(credentials_dir, "unionpay_keyed", story)


@pytest.mark.parametrize("product", ["qr", "page"])
def test_who_pays_at_the_last_moment_and_is_not_told_of_is_settled_and_never_undone(credentials_dir, product):
    async def story(it: Story) -> None:
        await it.strike("drop_all", where={"on": "notify"})
        await it.buy(2)
        struck = await it.buy(1, product, action="scan")
        await it.world.clock.sleep(880)
        await it.world.control.buyer("unionpay", struck.out_trade_no, action="pay")
        await it.world.clock.sleep(3600)
        await it.settled()
        assert (await it.now(struck)).status == "PAID"
        assert await it.verdict() == (Verdict.PASS, ())

    told(credentials_dir, "unionpay_keyed", story)
