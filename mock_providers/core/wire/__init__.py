"""Bytes that come and go: the HTTP front, its fast lane, faults of replies, the journal of exchanges."""
