"""
The control API: what a test may do, and what it is told when it may not.
"""

import socket
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.loopback.sandbox import sandbox

pytestmark = pytest.mark.asyncio


async def test_info_tells_how_to_configure_a_gateway(box):
    info = await box.control("GET", "/info")
    assert (info["seed"], info["profile"], info["rules"]) == (7, "calm", 0)
    url = box.simulator.alipay_url
    assert info["providers"]["alipay"].items() >= {"url": url, "gateway_url": f"{url}/gateway.do"}.items()
    assert await box.control("GET", "/health") == {"ok": True}


async def test_a_trade_is_shown_from_creation_to_refund(box):
    await box.precreate()
    trade = await box.control("GET", "/trades/alipay/o1")
    assert (trade["state"], trade["trade_no"], trade["vendor_state"], trade["paid_fen"]) == ("CREATED", None, "", 0)
    trade = await box.control("POST", "/trades/alipay/o1/buyer", {"action": "scan"})
    assert (trade["state"], trade["vendor_state"]) == ("WAITING", "WAIT_BUYER_PAY")
    trade = await box.control("POST", "/trades/alipay/o1/buyer", {"action": "pay"})
    assert (trade["state"], trade["paid_fen"], trade["label"]) == ("PAID", 123, "pp000001")
    await box.refund("0.23", "r1")
    trade = await box.control("GET", "/trades/alipay/o1")
    assert trade["refunded_fen"] == 23
    assert [(one["out_request_no"], one["amount_fen"]) for one in trade["refunds"]] == [("r1", 23)]


async def test_the_buyer_can_act_on_the_qr_code(box):
    qr_code = (await box.precreate())["qr_code"]
    trade = await box.control("POST", "/qr", {"qr_code": qr_code, "action": "pay"})
    assert trade["state"] == "PAID"
    problem = await box.control("POST", "/qr", {"qr_code": "https://x", "action": "pay"}, status=404)
    assert problem["code"] == "unknown_qr"


@pytest.mark.parametrize("action", ["insufficient_balance", "wrong_password", "cancel"])
async def test_a_failed_payment_moves_no_money(box, action):
    await box.precreate()
    trade = await box.control("POST", "/trades/alipay/o1/buyer", {"action": action})
    assert (trade["state"], trade["paid_fen"]) == ("WAITING", 0)
    assert box.receiver.received == []


async def test_paying_twice_is_a_conflict_and_moves_money_once(box):
    await box.pay()
    problem = await box.control("POST", "/trades/alipay/o1/buyer", {"action": "pay"}, status=409)
    assert (problem["code"], bool(problem["next"])) == ("already_paid", True)
    await box.advance(90_000)
    assert len(box.receiver.received) == 1


async def test_a_closed_trade_cannot_be_paid(box):
    await box.precreate()
    await box.advance(3 * 3600)
    problem = await box.control("POST", "/trades/alipay/o1/buyer", {"action": "pay"}, status=409)
    assert problem["code"] == "trade_closed"


async def test_an_expired_code_cannot_be_scanned(box):
    await box.precreate()
    await box.advance(2 * 3600)
    problem = await box.control("POST", "/trades/alipay/o1/buyer", {"action": "scan"}, status=409)
    assert problem["code"] == "qr_expired"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/trades/alipay/none", None, 404, "unknown_order"),
        ("GET", "/nowhere", None, 404, "not_found"),
        ("DELETE", "/trades", None, 405, "method_not_allowed"),
        ("POST", "/trades/alipay/o1/buyer", {"action": "pya"}, 400, "unknown_action"),
        ("POST", "/trades/alipay/o1/buyer", [], 400, "bad_json"),
        ("GET", "/trades?limit=0", None, 400, "bad_query"),
        ("GET", "/trades?after=x", None, 400, "bad_query"),
        ("GET", "/notifies?state=lost", None, 400, "bad_query"),
        ("POST", "/notifies/n99/deliver", None, 404, "unknown_notify"),
        ("POST", "/notifies/x/drop", None, 404, "unknown_notify"),
        ("POST", "/clock/advance", {"seconds": -1}, 400, "bad_body"),
        ("POST", "/clock/advance", {"seconds": True}, 400, "bad_body"),
        ("POST", "/clock/advance", {"seconds": 1, "until_idle": 1}, 400, "bad_body"),
        ("POST", "/clock/rate", {"rate": "fast"}, 400, "bad_body"),
        ("PUT", "/faults", {"ruels": []}, 400, "bad_rules"),
        ("DELETE", "/faults/rules/none", None, 404, "unknown_rule"),
    ],
)
async def test_a_slip_is_a_problem_with_a_code_and_a_next_step(box, method, path, body, status, code):
    await box.precreate()
    problem = await box.control(method, path, body, status=status)
    assert (problem["code"], problem["status"]) == (code, status)
    assert problem["next"]
    assert problem["detail"]


async def test_slips_offer_the_closest_word(box):
    await box.precreate()
    problem = await box.control("POST", "/trades/alipay/o1/buyer", {"action": "pya"}, status=400)
    assert "Did you mean 'pay'" in problem["detail"]
    problem = await box.control("PUT", "/faults", {"rules": [{"id": "a", "fault": "dorp"}]}, status=400)
    assert problem["problems"] == ["rules[0].fault: unknown fault 'dorp'. Did you mean 'drop'?"]


async def test_trades_are_paged_in_order_of_creation(box):
    for number in range(5):
        await box.precreate(f"o{number}", label=f"pp00000{number}")
    seen: list[str] = []
    cursor: int | None = 0
    while cursor is not None:
        page = await box.control("GET", f"/trades?provider=alipay&after={cursor}&limit=2")
        seen += [trade["out_trade_no"] for trade in page["items"]]
        cursor = page["next"]
    assert seen == [f"o{number}" for number in range(5)]


async def test_a_pending_notify_can_be_delivered_by_hand(box):
    await box.rule("delay", seconds=600)
    await box.pay()
    (item,) = (await box.control("GET", "/notifies?state=pending"))["items"]
    assert (item["kind"], item["attempt"], item["event"], item["state"]) == ("true", 1, "payment", "pending")
    done = await box.control("POST", f"/notifies/{item['id']}/deliver")
    assert (done["state"], done["last_answer"]["acked"]) == ("done", True)
    problem = await box.control("POST", f"/notifies/{item['id']}/drop", status=409)
    assert problem["code"] == "not_pending"
    await box.advance(90_000)
    assert len(box.receiver.received) == 1


async def test_a_dropped_notify_is_brought_by_the_ladder(box):
    await box.rule("delay", {"first": 1}, seconds=600)
    await box.pay()
    (item,) = (await box.control("GET", "/notifies?state=pending"))["items"]
    await box.control("POST", f"/notifies/{item['id']}/drop")
    await box.advance(239)
    assert box.receiver.received == []
    await box.advance(1)
    assert len(box.receiver.received) == 1


async def test_a_held_notify_waits_for_a_hand(box):
    await box.rule("delay", {"first": 1}, seconds=600)
    await box.pay()
    (item,) = (await box.control("GET", "/notifies?state=pending"))["items"]
    await box.control("POST", f"/notifies/{item['id']}/hold")
    await box.advance(100_000)
    assert box.receiver.received == []
    await box.control("POST", f"/notifies/{item['id']}/deliver")
    assert len(box.receiver.received) == 1


async def test_clocks_are_shown_and_moved_apart(box):
    before = await box.control("GET", "/clock")
    after = await box.advance(86_400)
    assert before["schedule_at"][:10] != after["schedule_at"][:10]
    assert before["stamp_at"][:13] == after["stamp_at"][:13] or before["stamp_at"][14:16] == "59"
    assert (await box.control("POST", "/clock/rate", {"rate": 60}))["rate"] == 60


async def test_rules_are_changed_and_decisions_are_told(box):
    await box.rule("duplicate", copies=3)
    await box.pay()
    await box.advance(0)
    (decision,) = (await box.control("GET", "/faults/decisions"))["items"]
    expected = {"rule": "duplicate", "label": "pp000001", "on": "notify", "attempt": 1, "fault": "duplicate"}
    assert decision.items() >= (expected | {"hit": True, "provider": "alipay"}).items()
    assert decision["with"]["copies"] == 3
    assert (await box.control("DELETE", "/faults/rules/duplicate"))["rules"] == []
    put = await box.control("PUT", "/faults", {"profile": "mine", "rules": [{"id": "a", "fault": "drop"}]})
    assert (put["profile"], [rule["id"] for rule in put["rules"]]) == ("mine", ["a"])
    assert (await box.control("GET", "/faults")) == put


async def test_reset_forgets_everything_but_the_rules(box):
    await box.rule("delay", seconds=600)
    await box.pay()
    await box.control("POST", "/reset")
    assert (await box.control("GET", "/trades"))["items"] == []
    assert (await box.control("GET", "/journal"))["items"] == []
    assert (await box.control("GET", "/notifies"))["items"] == []
    assert (await box.control("GET", "/faults/decisions"))["items"] == []
    assert not any((await box.control("GET", "/counts")).values())
    await box.advance(100_000)
    assert box.receiver.received == []
    assert len((await box.control("GET", "/faults"))["rules"]) == 1
    assert (await box.pay())["state"] == "PAID"


async def test_a_token_is_asked_for_where_one_is_set(credentials_dir):
    async with sandbox(credentials_dir, control_token="hush") as box:
        assert await box.control("GET", "/health") == {"ok": True}
        url = f"{box.simulator.control_url}/control/v1/trades"
        for headers in ({}, {"Authorization": "Bearer hus"}, {"Authorization": "hush"}, {"Authorization": "Bearer é"}):
            async with aiohttp.ClientSession() as stranger, stranger.get(url, headers=headers) as answer:
                assert answer.status == 401
                assert (await answer.json(content_type=None))["code"] == "token_required"


async def test_nothing_answers_beyond_loopback(box):
    for url in (box.simulator.alipay_url, box.simulator.control_url):
        parts = urlsplit(url)
        assert parts.hostname == "127.0.0.1"
        with socket.socket() as other:
            # Another loopback address stands for the outside: a server bound to all addresses would answer on it.
            assert other.connect_ex(("127.0.0.2", parts.port)) != 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:8080"}, 200),
        ({"Origin": "http://127.0.0.1:9"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "[::1"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
async def test_a_browser_carries_no_strangers_request(box, headers, status):
    url = f"{box.simulator.control_url}/control/v1/reset"
    async with box.session.post(url, headers=headers) as answer:
        assert answer.status == status


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("POST", "/clock/advance", {"seconds": 1, "untill_idle": True}, "bad_body"),
        ("POST", "/clock/rate", {"rat": 1}, "bad_body"),
        ("POST", "/qr", {"qr": "x", "action": "pay"}, "bad_body"),
        ("POST", "/trades/alipay/o1/buyer", {"acton": "pay"}, "bad_body"),
        ("GET", "/trades?limt=5", None, "bad_query"),
        ("GET", "/notifies?stat=done", None, "bad_query"),
        ("GET", "/journal?before=5", None, "bad_query"),
        ("GET", "/faults/decisions?from=5", None, "bad_query"),
    ],
)
async def test_a_misspelt_name_is_not_ignored(box, method, path, body, code):
    problem = await box.control(method, path, body, status=400)
    assert problem["code"] == code
    assert "known here: " in problem["next"]


async def test_the_schedule_ends_before_dates_do(box):
    box.simulator.schedule.rate = 0.0
    decade_s = 10 * 365 * 86_400
    for _ in range(697):
        await box.simulator.schedule.advance(decade_s)
    problem = await box.control("POST", "/clock/advance", {"seconds": decade_s}, status=409)
    assert problem["code"] == "end_of_time"
    assert (await box.control("GET", "/clock"))["schedule_at"].startswith("899")
    await box.pay()
    await box.advance(90_000)
    assert len(box.receiver.received) == 1


async def test_an_id_of_five_thousand_digits_is_unknown_like_any_other(box):
    problem = await box.control("POST", f"/notifies/n{'9' * 5000}/deliver", status=404)
    assert problem["code"] == "unknown_notify"
