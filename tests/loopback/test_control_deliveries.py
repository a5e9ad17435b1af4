"""
Notifies by hand: copies that lie, an order of one's own, held ones let go, and the next rung of one order.
"""

from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature

from tests.loopback.sandbox import Sandbox

pytestmark = pytest.mark.asyncio


async def pending(box: Sandbox, order: str = "o1") -> dict[str, Any]:
    """
    The one delivery of *order* that waits.
    """
    (item,) = (await box.control("GET", f"/notifies?state=pending&provider=alipay&order={order}"))["items"]
    return dict(item)


def genuine(box: Sandbox, fields: dict[str, str]) -> bool:
    """
    Whether the platform signed what this notify says.
    """
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name not in {"sign", "sign_type"})
    try:
        box.merchant.verify(text.encode(), fields["sign"])
    except InvalidSignature:
        return False
    return True


async def held_back(box: Sandbox) -> dict[str, Any]:
    await box.rule("delay", {"first": 1}, seconds=600)
    await box.pay()
    return await pending(box)


async def test_a_forged_copy_bears_a_strangers_signature_and_leaves_the_ladder_alone(box):
    item = await held_back(box)
    sent = await box.control("POST", f"/notifies/{item['id']}/copies", {"seal": "foreign"})
    assert (sent["kind"], sent["state"], sent["faults"]) == ("forged", "done", ["by_hand"])
    (forged,) = box.receiver.received
    assert not genuine(box, forged.fields)
    assert (await pending(box))["id"] == item["id"]
    await box.advance(600)
    assert [genuine(box, one.fields) for one in box.receiver.received] == [False, True]
    (first, second) = await box.journal("out")
    assert (first["signature_ok"], first["fault"], second["signature_ok"]) == (False, "by_hand", True)


async def test_a_tampered_copy_is_truly_signed_over_another_amount(box):
    item = await held_back(box)
    sent = await box.control("POST", f"/notifies/{item['id']}/copies", {"add_fen": 100})
    assert sent["kind"] == "tampered"
    (copy,) = box.receiver.received
    assert (copy.fields["total_amount"], genuine(box, copy.fields)) == ("2.23", True)


async def test_an_empty_body_sends_a_true_copy(box):
    await box.pay()
    await box.receiver.until(1)
    (item,) = (await box.control("GET", "/notifies"))["items"]
    sent = await box.control("POST", f"/notifies/{item['id']}/copies")
    assert (sent["kind"], sent["last_answer"]["acked"]) == ("duplicate", True)
    first, second = (one.fields for one in box.receiver.received)
    assert first["notify_id"] == second["notify_id"]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"sael": "none"}, "seal"),
        ({"seal": "mine"}, "seal"),
        ({"add_fen": "1"}, "add_fen"),
        ({"add_fen": True}, "add_fen"),
        ({"wrong": ["buyer"]}, "wrong"),
        ({"stale_s": -1}, "stale_s"),
        ({"charset": "klingon"}, "klingon"),
        ({"extra_fields": 101}, "extra_fields"),
    ],
)
async def test_a_lie_that_nobody_can_tell_is_refused(box, body, word):
    item = await held_back(box)
    problem = await box.control("POST", f"/notifies/{item['id']}/copies", body, status=400)
    assert (problem["code"], word in problem["detail"]) == ("bad_body", True)
    assert box.receiver.received == []


async def test_deliveries_leave_in_the_order_that_a_hand_gives_them(box):
    for number in range(3):
        await box.control("POST", "/faults/rules", {"id": f"d{number}", "fault": "delay", "with": {"seconds": 600}})
        await box.pay(f"o{number}", label=f"pp00000{number}")
    ids = [item["id"] for item in (await box.control("GET", "/notifies?state=pending"))["items"]]
    done = await box.control("POST", "/notifies/reorder", {"ids": [ids[2], ids[0]]})
    assert [item["state"] for item in done["items"]] == ["done", "done"]
    assert [one.fields["out_trade_no"] for one in box.receiver.received] == ["o2", "o0"]
    assert (await pending(box))["id"] == ids[1]


@pytest.mark.parametrize("ids", [[], ["n1", "n1"], "n1", None])
async def test_an_order_names_each_delivery_once(box, ids):
    await held_back(box)
    assert (await box.control("POST", "/notifies/reorder", {"ids": ids}, status=400))["code"] == "bad_body"


async def test_a_held_notify_that_is_released_in_time_leaves_at_its_time(box):
    item = await held_back(box)
    await box.control("POST", f"/notifies/{item['id']}/hold")
    await box.advance(300)
    assert (await box.control("POST", f"/notifies/{item['id']}/release"))["state"] == "pending"
    await box.advance(299)
    assert box.receiver.received == []
    await box.advance(1)
    assert len(box.receiver.received) == 1


async def test_a_held_notify_that_is_released_late_leaves_at_once(box):
    item = await held_back(box)
    await box.control("POST", f"/notifies/{item['id']}/hold")
    await box.advance(100_000)
    await box.control("POST", f"/notifies/{item['id']}/release")
    await box.receiver.until(1)
    problem = await box.control("POST", f"/notifies/{item['id']}/release", status=409)
    assert problem["code"] == "not_held"


async def test_one_delivery_is_shown_by_its_id(box):
    item = await held_back(box)
    assert await box.control("GET", f"/notifies/{item['id']}") == item
    assert item["merchant_id"] == (await box.control("GET", "/trades/alipay/o1"))["merchant_id"]
    assert (await box.control("GET", "/notifies?merchant=somebody"))["items"] == []


async def test_the_next_rung_comes_when_it_is_asked_for(box):
    box.receiver.answer = lambda _: (500, b"no")
    await box.pay()
    await box.receiver.until(1)
    await box.advance(0)
    before = await box.control("GET", "/clock")
    for rung in range(2, 9):
        await box.control("POST", "/trades/alipay/o1/next-rung")
        assert len(box.receiver.received) == rung
    after = await box.control("GET", "/clock")
    assert (before["pending"], after["pending"]) == (1, 0)
    problem = await box.control("POST", "/trades/alipay/o1/next-rung", status=409)
    assert problem["code"] == "nothing_pending"
