"""What happened in a run, and what it did to money: trades, refunds, payouts, planted differences."""
