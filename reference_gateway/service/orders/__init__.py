"""An order from its row to its end: opened, asked about, told of, settled, refunded, ended."""
