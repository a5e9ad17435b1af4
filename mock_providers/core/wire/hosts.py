"""Which addresses only this machine can reach."""

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether *host*, a name or an address, can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(url: str) -> str:
    """The host of a URL or of a `Host` header written as "//host:port"; "" where there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
