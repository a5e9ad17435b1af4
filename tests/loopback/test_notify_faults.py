"""
What becomes of notifies on the wire: each lie and each disorder by itself, judged by the bytes in the journal.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from harness.world.virtual_clock import VirtualClock
from harness.world.virtual_loop import VirtualLoop
from tests.loopback.sandbox import SUCCESS, Received, Sandbox, answer_body, fields, genuine, sandbox

DAY_S = 90_000


def kinds(entries) -> list[str | None]:
    return [entry["fault"] for entry in entries]


async def after_paying(box: Sandbox, fault: str, **settings) -> list[dict]:
    """
    The deliveries of one payment that *fault* strikes, the whole ladder long.
    """
    await box.rule(fault, {"on": "notify", "first": 1}, **settings)
    await box.pay()
    await box.advance(DAY_S)
    return await box.journal("out")


@pytest.mark.asyncio
@pytest.mark.parametrize("seal", ["foreign", "damaged", "none"])
async def test_a_forgery_bears_a_strangers_signature_or_anothers_or_none(box, seal):
    forged, true = await after_paying(box, "forged_signature", seal=seal)
    assert (genuine(box, forged), genuine(box, true)) == (False, True)
    assert ("sign" in fields(forged)) is (seal != "none")
    assert fields(forged)["notify_id"] == fields(true)["notify_id"]


@pytest.mark.asyncio
async def test_a_probe_comes_first_and_must_be_refused(box):
    probe, true = await after_paying(box, "signature_probe")
    assert (probe["fault"], genuine(box, probe), probe["signature_ok"]) == ("signature_probe", False, False)
    assert genuine(box, true)
    assert (await box.control("GET", "/counts"))["notifies_probes"] == 1


@pytest.mark.asyncio
async def test_under_a_wrong_key_even_an_ack_brings_the_next_rung(box):
    first, second = await after_paying(box, "wrong_key")
    assert (genuine(box, first), genuine(box, second)) == (False, True)
    assert [one["response"]["status"] for one in (first, second)] == [200, 200]
    told = [fields(one) for one in (first, second)]
    assert {name for name in told[0] if told[0][name] != told[1][name]} <= {"sign", "notify_time"}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("fault", "settings", "names"),
    [
        ("wrong_recipient", {"which": "merchant"}, {"seller_id"}),
        ("wrong_recipient", {"which": "app"}, {"app_id", "auth_app_id"}),
        ("unknown_order", {}, {"out_trade_no", "trade_no"}),
        ("unknown_order", {"number": "G7"}, {"out_trade_no", "trade_no"}),
    ],
)
async def test_a_stray_is_signed_and_names_somebody_elses(box, fault, settings, names):
    stray, true = await after_paying(box, fault, **settings)
    assert genuine(box, stray)
    told, truth = fields(stray), fields(true)
    differ = {name for name in told if told[name] != truth[name]} - {"sign", "notify_time", "notify_id"}
    assert differ
    assert differ <= names
    assert (await box.control("GET", "/counts"))["notifies_stray"] == 1


@pytest.mark.asyncio
async def test_a_replay_repeats_every_byte_long_afterwards_and_holds_no_ladder_up(box):
    true, replay = await after_paying(box, "replayed_notify", after_s=40_000)
    assert replay["body"] == true["body"]
    assert kinds([true, replay]) == [None, "replayed_notify"]
    apart = datetime.fromisoformat(replay["schedule_at"]) - datetime.fromisoformat(true["schedule_at"])
    assert apart == timedelta(seconds=40_000)


@pytest.mark.asyncio
async def test_rungs_come_in_their_time_though_a_replay_is_due_later(box):
    box.receiver.answer = lambda _: (500, b"no")
    await box.rule("replayed_notify", {"first": 1}, after_s=500)
    await box.pay()
    await box.advance(499)
    assert kinds(await box.journal("out")) == [None, None]
    await box.advance(1)
    assert kinds(await box.journal("out")) == [None, None, "replayed_notify"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("fault", "settings", "off_s"),
    [
        ("stale_timestamp", {"seconds": 7200}, -7200),
        ("replayed_notify", {"after_s": 0, "stale_s": 86_400}, -86_400),
        ("clock_skew", {"seconds": 3600}, 3600),
        ("clock_skew", {"seconds": -3600}, -3600),
    ],
)
async def test_only_these_faults_move_a_stamp(box, fault, settings, off_s):
    entries = await after_paying(box, fault, **settings)
    (struck,) = [entry for entry in entries if entry["fault"]]
    stamped = datetime.fromisoformat(fields(struck)["notify_time"] + "+08:00")
    off = stamped - datetime.fromisoformat(struck["stamp_at"])
    assert off.total_seconds() == pytest.approx(off_s, abs=1)
    assert genuine(box, struck)
    assert len(entries) == (1 if fault == "clock_skew" else 2)


@pytest.mark.asyncio
async def test_another_charset_is_declared_and_signed(box):
    await box.rule("wrong_encoding")
    await box.precreate()
    business = {"out_trade_no": "o2", "total_amount": "1.23", "subject": "打赏 pp000001"}
    await box.call("alipay.trade.precreate", business, notify_url=box.receiver.url)
    await box.control("POST", "/trades/alipay/o2/buyer", {"action": "pay"})
    await box.receiver.until(1)
    await box.advance(0)
    (entry,) = await box.journal("out")
    assert fields(entry)["charset"] == "gbk"
    assert "打赏".encode("gbk").hex("%").upper().encode() in entry["body"].upper()
    assert (fields(entry)["subject"], genuine(box, entry)) == ("打赏 pp000001", True)


@pytest.mark.asyncio
async def test_unknown_fields_are_signed_like_the_others(box):
    (entry,) = await after_paying(box, "extra_fields", count=3)
    assert genuine(box, entry)
    await box.pay("o2", label="pp000002")
    await box.receiver.until(2)
    await box.advance(0)
    plain = (await box.journal("out"))[-1]
    assert len(set(fields(entry)) - set(fields(plain))) == 3


@pytest.mark.asyncio
async def test_an_ignored_ack_costs_one_rung_more(box):
    first, second = await after_paying(box, "ack_ignored")
    assert [answer_body(one) for one in (first, second)] == [b"success"] * 2
    assert fields(first)["notify_id"] == fields(second)["notify_id"]
    items = (await box.control("GET", "/notifies"))["items"]
    assert [item["last_answer"]["acked"] for item in items] == [True, True]


def test_a_slow_reader_ties_the_merchant_up_and_believes_the_ack(credentials_dir, caplog):
    async def world() -> tuple[float, list[int]]:
        loop = asyncio.get_running_loop()
        async with sandbox(credentials_dir, clock=VirtualClock(T0), schedule_rate=0.0) as box:
            await box.rule("slow_reading", seconds=30)
            box.receiver.answer = lambda _: (200, b"success")
            begun_s = loop.time()
            await box.pay()
            await box.advance(DAY_S)
            return loop.time() - begun_s, [one["response"]["status"] for one in await box.journal("out")]

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        took_s, statuses = runner.run(world())
    assert took_s == pytest.approx(30, abs=1)
    assert statuses == [200]
    assert caplog.records == []


@pytest.mark.asyncio
async def test_duplicates_at_once_come_over_connections_of_their_own(box):
    await box.rule("duplicate", copies=5, concurrent=True)
    box.receiver.together = 6
    await box.pay()
    await box.advance(0)
    assert len(set(box.receiver.peers)) == 6  # so different workers behind one port may get them


@pytest.mark.asyncio
async def test_a_refund_is_told_before_its_payment(box):
    await box.rule("refund_before_payment")
    await box.pay()
    await box.refund("0.23", "r1")
    await box.advance(0)
    entries = await box.journal("out")
    assert [(entry["api"], entry["fault"]) for entry in entries] == [
        ("refund", None), ("payment", "refund_before_payment"),
    ]  # fmt: skip


@pytest.mark.asyncio
async def test_a_payment_without_refund_is_told_in_the_end(box):
    await box.rule("refund_before_payment", hold_s=50)
    await box.pay()
    await box.advance(49)
    assert await box.journal("out") == []
    await box.advance(1)
    assert kinds(await box.journal("out")) == ["refund_before_payment"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("method", "code"), [("alipay.trade.close", "ACQ.TRADE_STATUS_ERROR"), ("alipay.trade.cancel", None)]
)
async def test_a_notify_waits_until_the_merchant_has_given_up(box, method, code):
    await box.rule("after_close")
    await box.pay()
    await box.call("alipay.trade.query", {"out_trade_no": "o1"})
    assert await box.journal("out") == []
    answer = await box.call(method, {"out_trade_no": "o1"})
    assert answer.get("sub_code") == code
    await box.advance(0)
    told = [entry for entry in await box.journal("out") if entry["api"] == "payment"]
    assert kinds(told) == ["after_close"]


@pytest.mark.asyncio
@pytest.mark.parametrize(("cut_hour", "clock"), [(0, "00:00:01"), (23, "23:00:01")])
async def test_the_day_changes_between_payment_and_notify(box, cut_hour, clock):
    (entry,) = await after_paying(box, "settlement_day", cut_hour=cut_hour)
    told_at = datetime.fromisoformat(entry["schedule_at"]) + timedelta(hours=8)
    paid_at = datetime.fromisoformat(fields(entry)["gmt_payment"] + "+00:00")
    assert f"{told_at:%H:%M:%S}" == clock
    assert timedelta(0) < told_at - paid_at <= timedelta(days=1, seconds=1)


T0 = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BARCODE = {"scene": "bar_code", "auth_code": "281234567890123456", "total_amount": "1.23", "subject": "tip pp000001"}


@pytest.mark.asyncio
async def test_a_notify_overtakes_the_answer_of_the_call_that_paid(box):
    await box.rule("before_response", {"api": "alipay.trade.pay"}, patience_s=30)
    order: list[str] = []

    def hear(_: Received) -> tuple[int, bytes]:
        order.append("notify")
        return SUCCESS

    box.receiver.answer = hear
    answer = await box.call("alipay.trade.pay", {"out_trade_no": "o1", **BARCODE}, notify_url=box.receiver.url)
    order.append("answer")
    assert (answer["code"], order) == ("10000", ["notify", "answer"])
    entries = (await box.control("GET", "/journal"))["items"]
    assert [(entry["direction"], entry["fault"]) for entry in entries] == [("out", None), ("in", "before_response")]


@pytest.mark.asyncio
async def test_a_notify_overtakes_the_answer_of_the_call_that_opened_the_trade(box):
    await box.rule("before_response", {"api": "alipay.trade.precreate"}, patience_s=30)
    opening = asyncio.create_task(box.precreate())
    while not (await box.control("GET", "/trades"))["items"]:
        assert not opening.done()
    await box.control("POST", "/trades/alipay/o1/buyer", {"action": "pay"})
    assert (await opening)["code"] == "10000"
    assert [entry["direction"] for entry in (await box.control("GET", "/journal"))["items"]] == ["out", "in"]


def test_an_answer_is_not_kept_for_ever_for_a_notify_that_never_comes(credentials_dir):
    async def world() -> tuple[str, float]:
        loop = asyncio.get_running_loop()
        async with sandbox(credentials_dir, clock=VirtualClock(T0), schedule_rate=0.0) as box:
            await box.rule("before_response", patience_s=30)
            begun_s = loop.time()
            return (await box.precreate())["code"], loop.time() - begun_s

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        code, waited_s = runner.run(world())
    assert code == "10000"
    assert waited_s == pytest.approx(30, abs=0.1)
