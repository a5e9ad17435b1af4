"""
What a broken gateway is: a bug in words, the parts that plant it, and who must find it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from reference_gateway import Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """
    One broken gateway.

    Args:
        bug: what its author believed, in a sentence.
        parts: makes the collaborators that replace the honest ones; called once for each start.
        must_be_convicted_by: ids of requirements that are named for it; one of them has to FAIL.
        channel: the channel over which it is tried.
        tried_in: the quickest cases that convict it of each of them; all that put them to the test where none is named.
    """

    id: str
    bug: str
    parts: Callable[[], Parts]
    must_be_convicted_by: tuple[str, ...]
    channel: str = "alipay"
    tried_in: tuple[str, ...] = ()
