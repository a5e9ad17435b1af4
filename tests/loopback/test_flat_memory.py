"""
What a payment leaves behind in the simulator: its order in the book until that is put on disk, and nothing afterwards.
"""

from pathlib import Path

import pytest

from tools.bench.growth import FORGETFUL, SHELVED, left_by, open_shop

WARM, PAYMENTS = 150, 400
# An order, its numbers and labels, while it is in memory; 2.2 to 2.4 kB by `make bench ARGS=growth`.
BYTES_MAX = 2800
# A table that grows by a leap while we count takes some 60 kB, 150 bytes for each of these payments; an order that was
# kept takes over 2 kB. Before that, what remembers the latest texts has to be full.
SHELVED_WARM, SHELVED_BYTES_MAX = 600, 500
CHANNELS = ("alipay", "wechatpay_v3", "wechatpay_v2", "unionpay_rsa", "unionpay_keyed")


@pytest.mark.asyncio
@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_payment_leaves_its_order_behind_and_nothing_else(credentials_dir: Path, channel: str):
    async with open_shop(credentials_dir, **FORGETFUL) as shop:
        assert await left_by(shop, channel, warm=WARM, payments=PAYMENTS) < BYTES_MAX


@pytest.mark.asyncio
@pytest.mark.parametrize("channel", CHANNELS)
async def test_an_order_that_was_put_on_disk_leaves_nothing_behind(credentials_dir: Path, channel: str):
    async with open_shop(credentials_dir, **SHELVED) as shop:
        assert await left_by(shop, channel, warm=SHELVED_WARM, payments=PAYMENTS) < SHELVED_BYTES_MAX


@pytest.mark.asyncio
async def test_a_leak_of_every_notice_would_be_seen(credentials_dir: Path, monkeypatch: pytest.MonkeyPatch):
    async with open_shop(credentials_dir, **FORGETFUL) as shop:
        notifier, leaked = shop.simulator.notifier, []
        publish = notifier.publish

        def published(notice):
            leaked.append(notice)
            publish(notice)

        monkeypatch.setattr(notifier, "publish", published)
        assert await left_by(shop, "alipay", warm=WARM, payments=PAYMENTS) > BYTES_MAX


@pytest.mark.asyncio
async def test_a_circle_that_only_a_collector_would_find_would_be_seen(credentials_dir: Path, monkeypatch):
    async with open_shop(credentials_dir, **FORGETFUL) as shop:
        journal = shop.simulator.journal
        add = journal.add

        def added(entry):
            add(entry)
            circle = [entry]
            circle.append(circle)

        monkeypatch.setattr(journal, "add", added)
        assert await left_by(shop, "alipay", warm=WARM, payments=PAYMENTS) > BYTES_MAX
