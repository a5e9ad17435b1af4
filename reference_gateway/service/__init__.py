"""The gateway's use cases, one file each. Knows ports, not databases, sockets or HTTP."""
