"""
API v3 over real sockets: monsters are answered in the vendor's words, and a day's ladder is climbed in a moment.
"""

import time

import pytest

from tests.chaos.wechatpay_v3_kit import LADDER_S, NATIVE, Shop, told

MEGABYTES = 10 * 1024 * 1024


@pytest.mark.parametrize("body", [b"x" * MEGABYTES, b'{"description":"' + b"x" * MEGABYTES + b'"}', b"[" * MEGABYTES])
def test_ten_megabytes_are_refused_and_the_connection_serves_on(credentials_dir, body):
    async def story(shop: Shop):
        return await shop.ask("POST", NATIVE, body), await shop.create()

    monster, plain = told(credentials_dir, story)
    assert (monster.status, monster.said["code"]) == (401, "SIGN_ERROR")  # cut at four megabytes, so it is another body
    assert (plain.status, plain.genuine) == (200, True)


def test_24_hours_and_4_minutes_take_less_than_a_second(credentials_dir):
    async def story(shop: Shop):
        shop.box.receiver.answer = lambda _: (500, b"")
        await shop.paid()
        started_s = time.process_time()
        await shop.box.advance(LADDER_S, until_idle=True)
        return time.process_time() - started_s, await shop.sent()

    took_s, sent = told(credentials_dir, story)
    assert len(sent) == 16
    assert took_s < 1.0
