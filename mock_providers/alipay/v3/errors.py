"""
A refusal of gateway v2 in the words of OpenAPI v3: a code without its prefix, a message, and an HTTP status.

The table is data, in `errors.toml`; which refusal is right when is decided elsewhere.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mock_providers.core.wire.reply import ProviderReply

_PREFIXES = ("isv.", "isp.", "aop.")
_WAITS = "10003"
# A buyer's token comes without any code.
_FINE = frozenset({"10000", "", _WAITS})
# How a refusal that gateway v2 does not know says which it is.
ONLY_HERE = "v3"


@dataclass(frozen=True, slots=True)
class _Table:
    status: Mapping[str, int]
    exception: Mapping[str, int]
    only_here: Mapping[str, str]


@cache
def _table() -> _Table:
    """Read once, when the first refusal is made."""
    with Path(__file__).with_name("errors.toml").open("rb") as file:
        read = tomllib.load(file)
    return _Table(read["status"], read["exception"], read["only_here"])


def refusal(code: str, *, about: str = "", signed: bool = True) -> ProviderReply:
    """
    A refusal that only OpenAPI v3 has.

    Args:
        about: what it is about, told behind the code's text.
    """
    text = _table().only_here[code]
    return ProviderReply(ONLY_HERE, "", code, f"{text}: {about}" if about else text, signed=signed)


def is_refusal(reply: ProviderReply) -> bool:
    """Whether the answer is an error; a payment that waits for its buyer is none."""
    return reply.code not in _FINE


def code_of(reply: ProviderReply) -> str:
    """
    The code as v3 writes it.

    Facts: alipay/v3-response
    """
    sub_code = reply.sub_code
    return next((sub_code.removeprefix(one) for one in _PREFIXES if sub_code.startswith(one)), sub_code)


def status_of(reply: ProviderReply, *, waiting_status: int) -> int:
    """
    The HTTP status.

    Args:
        waiting_status: of a payment that waits for its buyer, which no page tells.

    Facts: alipay/v3-response
    """
    if not is_refusal(reply):
        return waiting_status if reply.code == _WAITS else 200
    table = _table()
    return table.exception.get(code_of(reply), table.status.get(reply.code, 400))
