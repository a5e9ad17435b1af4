"""The live rooms: tips from balances, red packets, payouts, goods, and who watches."""
