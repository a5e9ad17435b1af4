"""Accounts that many raise at once: nobody waits to raise one, and whoever lowers one sees all that was raised."""

import asyncio
from typing import Any

import pytest

from reference_gateway.domain.money import Fen
from reference_gateway.errors import ConstraintBroken
from tests.contract.samples import ACCOUNTS, NOW, payment, posting
from tests.contract.test_unit_of_work import is_blocked

pytestmark = pytest.mark.asyncio


async def opened(store: Any) -> None:
    async with store() as unit:
        await unit.insert_payments([payment()])
        await unit.open_accounts(ACCOUNTS)
        await unit.commit()


def raised(number: int, fen: int = 100) -> Any:
    return posting(number, key=f"k{number}", amount_fen=Fen(fen))


def lowered(number: int, fen: int) -> Any:
    return posting(number, key=f"k{number}", kind="refund", debit="app:live", credit="channel:alipay", amount_fen=fen)


async def test_two_transactions_raise_one_account_without_waiting(store):
    await opened(store)
    async with store() as first, store() as second:
        await first.post([raised(1)])
        await asyncio.wait_for(second.post([raised(2)]), 5)
        await second.commit()
        await first.commit()
    async with store() as unit:
        assert (await unit.balances())["app:live"] == 200


async def test_whoever_lowers_waits_for_whoever_lowers_and_counts_all_that_was_raised(store):
    await opened(store)
    async with store() as unit:
        await unit.post([raised(1)])
        await unit.commit()
    async with store() as first:
        await first.post([lowered(2, 60)])

        async def second() -> None:
            async with store() as unit:
                await unit.post([lowered(3, 60)])
                await unit.commit()

        waiting = asyncio.create_task(second())
        assert await is_blocked(waiting)
        await first.commit()
    with pytest.raises(ConstraintBroken, match="ledger"):
        await waiting
    async with store() as unit:
        assert (await unit.balances())["app:live"] == 40


async def test_locked_balances_are_those_with_everything_raised(store):
    await opened(store)
    async with store() as unit:
        await unit.post([raised(1), raised(2)])
        assert await unit.lock_balances(["app:live", "nobody"]) == {"app:live": 200}
        await unit.commit()
    async with store() as unit:
        assert await unit.lock_balances(["app:live"]) == {"app:live": 200}


async def test_folding_changes_no_balance_and_ends(store):
    await opened(store)
    async with store() as unit:
        await unit.post([raised(1), raised(2)])
        await unit.commit()
    async with store() as unit:
        await unit.fold_balances(100)
        await unit.commit()
    async with store() as unit:
        assert await unit.fold_balances(100) == 0
        assert (await unit.balances())["app:live"] == (await unit.balances())["channel:alipay"] == 200
        assert (await unit.next_due()).folds is None


async def test_a_posting_can_be_split_and_sums_to_zero(store):
    await opened(store)
    split = posting(1, splits=(("app:rival", Fen(30)),), at=NOW)
    async with store() as unit:
        await unit.post([split])
        await unit.commit()
    async with store() as unit:
        lines = await unit.ledger_lines(["pay1"])
    assert sorted((line.account, line.amount_fen) for line in lines) == [
        ("app:live", -70),
        ("app:rival", -30),
        ("channel:alipay", 100),
    ]


async def test_an_account_that_does_not_exist_takes_nothing(store):
    await opened(store)
    async with store() as unit:
        with pytest.raises(ConstraintBroken):
            await unit.post([posting(1, credit="app:nobody")])
