"""
The accounts of the ledger: who owes whom.

A channel's account is what the channel holds for us; all others are what we owe somebody: an app, a buyer's wallet, a
streamer, the platform's share, red packets not yet claimed, money for goods that the buyer has not confirmed, payouts
on their way, second payments on their way back. No balance is ever below zero, on either side.
"""

from __future__ import annotations

from collections.abc import Iterable

from reference_gateway.domain.payment import Payment
from reference_gateway.domain.records import Account, app_account, channel_account

WALLET = "wallet"
"""The channel that pays from a buyer's balance with us."""


def wallet_account(app_id: str, buyer_id: str) -> str:
    return f"wallet:{app_id}:{buyer_id}"


def streamer_account(app_id: str, streamer_id: str) -> str:
    return f"streamer:{app_id}:{streamer_id}"


def platform_account(app_id: str) -> str:
    """Name the account of the platform's share of tips."""
    return f"platform:{app_id}"


def escrow_account(app_id: str) -> str:
    """Name the account of red packets that are funded and not claimed."""
    return f"escrow:{app_id}"


def deposit_account(app_id: str) -> str:
    """Name the account of what was paid for goods and waits for the buyer's confirmation."""
    return f"deposit:{app_id}"


def returns_account(app_id: str) -> str:
    """Name the account of what buyers paid a second time, until it has gone back to them."""
    return f"returns:{app_id}"


def payout_account(app_id: str) -> str:
    """Name the account of payouts on their way."""
    return f"payout:{app_id}"


def source_account(payment: Payment) -> str:
    """Name the account that a payment's money comes from, and goes back to."""
    if payment.channel == WALLET:
        return wallet_account(payment.app_id, payment.buyer_id or "")
    return channel_account(payment.channel)


def standing_accounts(channels: Iterable[str], app_ids: Iterable[str]) -> list[Account]:
    """List the accounts that exist from the start."""
    accounts = [Account(channel_account(name), 1) for name in channels if name != WALLET]
    owed = (app_account, platform_account, escrow_account, deposit_account, payout_account, returns_account)
    accounts += [Account(name(app_id), -1) for app_id in app_ids for name in owed]
    return accounts
