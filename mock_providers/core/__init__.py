"""Trades, notifies, clocks and evidence in plain words; knows no vendor and no fault by name."""
