"""UnionPay from the merchant's side, 5.1.0: one channel for each way to sign."""
