"""Channels' bills compared with the ledger, and differences looked into."""
