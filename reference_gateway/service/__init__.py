"""
The gateway's use cases, one file each, in rooms by what they are about; here at the top what all of them work with.

Knows ports, not databases, sockets or HTTP.
"""
