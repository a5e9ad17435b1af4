"""What a payment gateway is about: pure values and rules. Knows no clock, no network and no database."""
