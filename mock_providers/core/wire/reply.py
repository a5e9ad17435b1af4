"""What the simulator answers: a vendor's code with its texts, and the bytes that go out; knows no vendor's codes."""

from collections.abc import Mapping
from dataclasses import field

from mock_providers.core.records import record


@record
class ProviderReply:
    """
    One vendor answer before it becomes bytes: code, texts and HTTP status together.

    Never raised: a refusal is an answer like any other. Each provider keeps one constructor for each of its codes.
    """

    code: str
    msg: str
    sub_code: str = ""
    sub_msg: str = ""
    http_status: int = 200
    signed: bool = True
    fields: Mapping[str, object] = field(default_factory=dict)


@record
class WireReply:
    """
    The bytes of an answer, ready to be sent and journalled.

    Args:
        delay_s: how long the vendor itself keeps it, as some acceptance cases want; faults have delays of their own.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    string_to_sign: str | None = None
    delay_s: float = 0.0
