"""Bills compared with the ledger, over HTTP: each kind of difference, what a query repairs, what waits for a person."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from reference_gateway.apps import App
from reference_gateway.channels.port import BillRow, RefundState, TradeReport, TradeState
from reference_gateway.domain.money import Fen
from reference_gateway.domain.reconciliation import day_of
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelUnavailable
from tests.unit.reference_gateway.support import APP, BASE, FakeChannel, Merchant, World, settings
from tests.unit.reference_gateway.test_gateway_payments import run

DAY_S = 86_400
DAY = day_of(BASE)
PATH = "/api/v1/reconciliations"


class Bank(FakeChannel):
    """A channel with bills, which the test writes; a day without one has none yet."""

    def __init__(self) -> None:
        super().__init__()
        self.bills: dict[date, list[BillRow] | Exception] = {}
        self.fetched: list[date] = []

    def supports(self) -> frozenset[str]:
        return frozenset({"qr", "query", "refund", "query_refund", "download_bill"})

    async def download_bill(self, day: date) -> tuple[BillRow, ...]:
        self.fetched.append(day)
        bill = self.bills.get(day, ChannelUnavailable("there is no bill yet"))
        if isinstance(bill, Exception):
            raise bill
        return tuple(bill)


def world(**changes: Any) -> World:
    return World(channel=Bank(), settings=settings(routes={"alipay": {"fee_bp": 60}}, **changes))


def bank(own: World) -> Bank:
    assert isinstance(own.channel, Bank)
    return own.channel


def row(payment: Mapping[str, Any], **changes: Any) -> BillRow:
    amount_fen = payment["amount_fen"]
    made = BillRow(
        kind="payment",
        out_trade_no=payment["out_trade_no"],
        channel_trade_no="T1",
        amount_fen=Fen(amount_fen),
        at=BASE,
        fee_fen=Fen((amount_fen * 60 + 5000) // 10_000),
    )
    return replace(made, **changes)


async def paid(own: World, number: str = "o-1", amount_fen: int = 1000) -> Any:
    _, payment = await own.merchant.pay(number, amount_fen)
    own.channel.reports[payment["out_trade_no"]] = TradeReport(
        state=TradeState.PAID, channel_trade_no="T1", amount_fen=Fen(amount_fen), paid_at=own.clock.now()
    )
    assert (await own.merchant.notify(payment))[0] == 200
    return payment


async def refunded(own: World, payment: Any, amount_fen: int = 300) -> Any:
    body = {"merchant_refund_no": f"r-{amount_fen}", "amount_fen": amount_fen}
    status, refund = await own.merchant.call("POST", f"/api/v1/payments/{payment['id']}/refunds", body)
    assert (status, refund["status"]) == (201, "SUCCEEDED")
    return refund


def refund_row(payment: Any, refund: Any) -> BillRow:
    return row(payment, kind="refund", amount_fen=Fen(refund["amount_fen"]), refund_no=refund["out_request_no"])


async def compared(own: World, bill: Any = None, *, day: date = DAY, **body: Any) -> tuple[int, Any]:
    """Write the bill, let the day end, compare."""
    if bill is not None:
        bank(own).bills[day] = bill
    while day_of(own.clock.now()) <= day:
        await own.clock.sleep(DAY_S / 2)
    return await own.merchant.call("POST", PATH, {"channel": "alipay", "day": day.isoformat(), **body})


def one(result: Any) -> Any:
    (difference,) = result["differences"]
    return difference


def test_a_day_that_agrees_has_no_differences_and_is_compared_once():
    async def story(own: World) -> None:
        payment = await paid(own)
        refund = await refunded(own, payment)
        status, result = await compared(own, [row(payment), refund_row(payment, refund)])
        assert (status, result["status"], result["differences"]) == (201, "done", [])
        assert (result["bill_rows"], result["book_rows"]) == (2, 2)
        status, same = await compared(own)
        assert (status, same) == (200, result)
        assert bank(own).fetched == [DAY]
        _, listed = await own.merchant.call("GET", PATH)
        assert [(day["channel"], day["day"]) for day in listed["items"]] == [("alipay", DAY.isoformat())]

    run(story, world())


def test_a_paid_order_that_we_missed_is_settled_by_asking():
    async def story(own: World) -> None:
        _, payment = await own.merchant.pay("o-1", 1000)
        own.paid(payment)
        own.channel.reports[payment["out_trade_no"]] = ChannelOutcomeUnknown()
        await own.clock.sleep(DAY_S)
        own.paid(payment)
        _, result = await compared(own, [row(payment)])
        found = one(result)
        assert (found["kind"], found["status"], found["there_fen"]) == ("state", "repaired", 1000)
        assert found["explanation"].endswith("asked, the channel says paid, 10.00 yuan: booked now")
        await own.gateway.idle()
        assert (await own.merchant.payment(payment))["status"] == "PAID"
        assert [event["type"] for event in own.sender.sent] == ["payment.paid"]

    run(story, world(poll_ladder_s=(10 * DAY_S,)))


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (TradeReport(state=TradeState.WAITING, channel_trade_no="T1", amount_fen=Fen(1000)), "so nothing was booked"),
        (TradeReport(state=TradeState.MISSING), "asked, the channel says missing, so nothing was booked"),
        (
            TradeReport(state=TradeState.PAID, channel_trade_no="T1", amount_fen=Fen(999)),
            "9.99 yuan, which is not the order's amount: nothing was booked",
        ),
        (ChannelOutcomeUnknown(), "could not be asked (channel_outcome_unknown): compare the day again"),
    ],
)
def test_nothing_is_booked_because_a_bill_says_so(report, words):
    async def story(own: World) -> None:
        _, payment = await own.merchant.pay("o-1", 1000)
        own.channel.reports[payment["out_trade_no"]] = report
        _, result = await compared(own, [row(payment)])
        found = one(result)
        assert (found["kind"], found["status"]) == ("state", "open")
        assert words in found["explanation"]
        assert (await own.merchant.exported())[0]["credits"] == []

    run(story, world(poll_ladder_s=(10 * DAY_S,)))


def test_what_a_query_cannot_explain_stays_open_for_a_person():
    async def story(own: World) -> None:
        payments = [await paid(own, f"o-{n}") for n in range(3)]
        stranger = row(payments[0], out_trade_no="G-of-somebody")
        bill = [row(payments[0], amount_fen=Fen(1001)), row(payments[1], fee_fen=Fen(7)), stranger]
        _, result = await compared(own, bill)
        told = {found["kind"]: found for found in result["differences"]}
        assert set(told) == {"amount", "fee", "missing_there", "missing_here"}
        assert result["open"] == 4
        ours = "the books have 10.00 yuan; asked, the channel says paid, 10.00 yuan"
        assert told["amount"]["explanation"].endswith(ours)
        assert "by contract it is 0.06 yuan" in told["fee"]["explanation"]
        assert told["missing_there"]["number"] == payments[2]["out_trade_no"]
        assert "no order here has this number" in told["missing_here"]["explanation"]

    run(story, world())


def test_an_empty_bill_misses_everything_and_asks_about_a_bounded_number():
    async def story(own: World) -> None:
        for n in range(210):
            await paid(own, f"o-{n}")
        before = len(own.channel.calls)
        _, result = await compared(own, [])
        assert {found["kind"] for found in result["differences"]} == {"missing_there"}
        assert (result["bill_rows"], result["open"]) == (0, 210)
        assert [what for what, _ in own.channel.calls[before:]].count("query") == 200
        assert sum("look at the bill" in found["explanation"] for found in result["differences"]) == 10

    run(story, world())


def test_a_refund_on_another_day_is_explained_on_both():
    async def story(own: World) -> None:
        payment = await paid(own)
        refund = await refunded(own, payment)
        own.channel.refund_reports = [RefundState.SUCCEEDED]
        _, first = await compared(own, [row(payment)])
        assert (one(first)["kind"], one(first)["row"], one(first)["status"]) == ("missing_there", "refund", "open")
        assert one(first)["explanation"].endswith("asked, the channel confirms this refund")
        tomorrow = DAY + timedelta(days=1)
        _, second = await compared(own, [refund_row(payment, refund)], day=tomorrow)
        assert (one(second)["kind"], one(second)["status"]) == ("other_day", "explained")
        _, first = await own.merchant.call("GET", f"{PATH}/alipay/{DAY}")
        assert one(first)["status"] == "explained"
        assert one(first)["explanation"].endswith(f"; the bill of {tomorrow} has it")

    run(story, world())


def test_a_refund_under_way_is_brought_to_its_end():
    async def story(own: World) -> None:
        payment = await paid(own)
        own.channel.refund_answers = [ChannelOutcomeUnknown(), RefundState.SUCCEEDED]
        body = {"merchant_refund_no": "r-1", "amount_fen": 300}
        _, refund = await own.merchant.call("POST", f"/api/v1/payments/{payment['id']}/refunds", body)
        assert refund["status"] in {"REQUESTED", "PROCESSING"}
        _, result = await compared(own, [row(payment), refund_row(payment, refund)])
        assert (one(result)["kind"], one(result)["status"]) == ("state", "repaired")
        assert (await own.merchant.payment(payment))["refund_status"] == "PARTIAL"

    run(story, world(poll_ladder_s=(10 * DAY_S,)))


def test_again_compares_again_and_forgets_what_is_no_longer_so():
    async def story(own: World) -> None:
        payment = await paid(own)
        _, result = await compared(own, [])
        assert one(result)["status"] == "open"
        status, again = await compared(own, [row(payment)], again=True)
        assert (status, one(again)["status"]) == (201, "explained")
        assert one(again)["explanation"] == "a later comparison no longer finds it"

    run(story, world())


def test_a_bill_that_is_not_there_is_waited_for_and_compared_when_it_comes():
    async def story(own: World) -> None:
        payment = await paid(own)
        status, result = await compared(own)
        assert (status, result["status"], result["reason"]) == (202, "waiting", "there is no bill yet")
        status, result = await compared(own, [row(payment)])
        assert (status, result["status"], result["reason"]) == (201, "done", "")

    run(story, world())


def test_rows_of_another_channel_of_the_same_account_are_its_own_matter():
    async def story(own: World) -> None:
        payment = await paid(own)
        number = own.store.state.by_out_trade_no[payment["out_trade_no"]]
        other = replace(own.store.state.payments[number], id="pay-x", out_trade_no="GX", channel="alipay_v3")
        own.store.state._put_payment(other)
        _, result = await compared(own, [row(payment), row(payment, out_trade_no="GX")])
        assert (result["differences"], result["elsewhere_rows"]) == ([], 1)

    run(story, world())


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"channel": "wallet", "day": "2026-11-22"}, 400, "unknown_channel"),
        ({"channel": "alipay", "day": "2026-11-23"}, 400, "day_not_over"),
        ({"channel": "alipay", "day": "2026-02-30"}, 422, "invalid_field"),
        ({"channel": "alipay", "day": "yesterday"}, 422, "invalid_field"),
        ({"channel": "alipay"}, 422, "invalid_field"),
        ({"channel": "alipay", "day": "2026-11-22", "force": True}, 422, "invalid_field"),
    ],
)
def test_what_cannot_be_compared_is_refused(body, status, code):
    async def story(own: World) -> None:
        answer, problem = await own.merchant.call("POST", PATH, body)
        assert (answer, problem["code"]) == (status, code)
        assert bank(own).fetched == []

    run(story, world())


@pytest.mark.parametrize("path", [f"{PATH}/alipay/2026-11-01", f"{PATH}/alipay/never", f"{PATH}/nobody/2026-11-01"])
def test_a_day_that_nobody_compared_is_not_there(path):
    async def story(own: World) -> None:
        status, problem = await own.merchant.call("GET", path)
        assert (status, problem["code"]) == (404, "unknown_reconciliation")

    run(story, world())


def test_an_app_that_is_no_operator_is_kept_out():
    async def story(own: World) -> None:
        tenant = Merchant(own.http, own.gateway.url, own.clock, app=TENANT)
        for method, path, body in (("GET", PATH, None), ("POST", PATH, {"channel": "alipay", "day": "2026-11-22"})):
            status, problem = await tenant.call(method, path, body)
            assert (status, problem["code"]) == (403, "not_an_operator")

    made = world()
    made.parts = {"apps": {APP.app_id: APP, TENANT.app_id: TENANT}}
    run(story, made)


TENANT = App(app_id="tenant", secret="a secret of a tenant", operator=False)


def with_empty_days(made: World) -> World:
    """Give the days before a bill without rows."""
    bank(made).bills = {DAY - timedelta(days=back): [] for back in range(1, 6)}
    return made


def test_the_worker_compares_at_its_time_of_day_and_makes_up_for_missed_days():
    async def story(own: World) -> None:
        bank(own).bills[DAY] = [row(await paid(own))]
        await own.clock.sleep(DAY_S)
        assert bank(own).fetched == [DAY - timedelta(days=back) for back in (1, 2, 3, 0)]
        _, result = await own.merchant.call("GET", f"{PATH}/alipay/{DAY}")
        assert (result["status"], result["differences"]) == ("done", [])
        assert result["started_at"] == "2026-11-24T02:30:00.000Z"

    run(story, with_empty_days(world(reconcile_at="10:30")))


def test_the_worker_comes_back_for_a_bill_that_is_late():
    async def story(own: World) -> None:
        payment = await paid(own)
        await own.clock.sleep(DAY_S)
        tries = bank(own).fetched.count(DAY)
        assert tries > 1
        bank(own).bills.update({DAY - timedelta(days=back): [] for back in range(1, 5)})
        bank(own).bills[DAY] = [row(payment)]
        await own.clock.sleep(1200)
        _, result = await own.merchant.call("GET", f"{PATH}/alipay/{DAY}")
        assert result["status"] == "done"

    run(story, world(reconcile_at="10:30"))


def test_two_gateways_over_one_store_compare_a_day_once():
    async def story(own: World) -> None:
        bank(own).bills[DAY] = [row(await paid(own))]
        async with World(clock=own.clock, store=own.store, channel=own.channel, settings=own.settings):
            await own.clock.sleep(DAY_S)
        assert sorted(bank(own).fetched) == [DAY - timedelta(days=back) for back in (3, 2, 1, 0)]

    run(story, with_empty_days(world(reconcile_at="10:30")))
