"""What became of orders, told to apps and streams: each event at least once, by one leader."""
