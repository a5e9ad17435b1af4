"""Texts that thousands of orders say alike, such as where their notifies go: held once for all of them."""

from functools import lru_cache


@lru_cache(maxsize=1024)
def shared(text: str) -> str:
    """The same text, in the object that stood for it before; of those that few orders say the oldest are let go."""
    return text
