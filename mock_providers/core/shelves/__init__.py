"""What is kept of many things: the latest in memory, all others on disk."""
