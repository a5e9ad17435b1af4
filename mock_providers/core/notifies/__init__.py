"""Notifies on their way: copies, resends, who waits for whom."""
