"""
Mutated requests, before signing and after it, and monsters: always an answer in the vendor's words, and never a fen
moved by accident. `make long` plays ten thousand.
"""

import json

import pytest

from tests.unit.mock_providers import wechatpay_v3_mutations as mutations
from tests.unit.mock_providers.wechatpay_v3_desk import V3Desk

pytestmark = pytest.mark.asyncio

NATIVE = "/v3/pay/transactions/native"
MANY = 1000


async def test_what_was_mutated_is_answered_in_the_vendors_words(v3_desk: V3Desk, capsys):
    tally = mutations.play(v3_desk, seed=7, numbers=range(MANY))

    with capsys.disabled():
        print(f"\n{tally.told()}")  # noqa: T201  the figure is wanted
    assert tally.played == MANY
    assert tally.admitted >= 0.45 * MANY
    assert len(tally.answers) > 12


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 1_000_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"description":"' + b"x" * 10_000_000 + b'"}',
        b'{"a":' + b"9" * 1_000_000 + b"}",
        b"\xff" * 1_000_000,
        b"{" + b",".join(b'"k%d":1' % number for number in range(100_000)) + b"}",
    ],
    ids=["brackets", "nested objects", "ten megabytes", "a long number", "no text", "many names"],
)
async def test_monsters_are_refused_in_the_vendors_words(v3_desk: V3Desk, body):
    status, said = v3_desk.call("POST", NATIVE, body)

    assert (status, said["code"]) == (400, "PARAM_ERROR")
    assert v3_desk.book.page(after=0, limit=1, provider=None, now=v3_desk.schedule.now()) == ([], None)


async def test_a_deep_attachment_is_no_way_in(v3_desk: V3Desk):
    deep: object = 1
    for _ in range(900):
        deep = [deep]
    body = json.dumps(v3_desk.order() | {"detail": {"goods_detail": deep}}).encode()

    assert v3_desk.call("POST", NATIVE, body)[0] == 400
