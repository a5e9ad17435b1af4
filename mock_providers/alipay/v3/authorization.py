"""
The `Authorization` header of OpenAPI v3, and the texts that requests and answers sign.

Takes the header apart without changing a byte of what is signed. Holds no key and judges nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

SCHEME = "ALIPAY-SHA256withRSA"

_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#]*", re.ASCII | re.IGNORECASE)
_SIGN = ",sign="


@dataclass(frozen=True, slots=True)
class Authorization:
    """
    One header, taken apart.

    Args:
        scheme: what stands before the first space, as it was written.
        text: the part that is signed, as it stands: fields come in any order, and unknown ones are signed too.
        fields: the same, by name.
        signature: base64; "" where there is none.
    """

    scheme: str
    text: str
    fields: Mapping[str, str]
    signature: str

    def field(self, name: str) -> str:
        """A field's value, "" where there is none."""
        return self.fields.get(name, "")


NOBODY = Authorization("", "", MappingProxyType({}), "")


def read_authorization(header: str) -> Authorization:
    """
    Take *header* apart; what makes no sense has no fields, and is refused for the first one that is missed.

    Facts: alipay/v3-request
    """
    scheme, _, rest = header.strip().partition(" ")
    text, _, signature = rest.strip().partition(_SIGN)
    halves = (piece.partition("=") for piece in text.split(","))
    fields = {name.strip(): value.strip() for name, mark, value in halves if mark}
    return Authorization(scheme, text, fields, signature.strip())


def origin_form(target: str) -> str:
    """
    Path and query as they stand on the wire, where the target may be a whole URL.

    Facts: alipay/absolute-form, alipay/v3-request
    """
    found = _ABSOLUTE.match(target)
    rest = (target[found.end() :] if found else target).partition("#")[0]
    return rest if rest.startswith("/") else f"/{rest}"


def request_text(auth_text: str, method: str, *, target: str, body: bytes, app_auth_token: str = "") -> bytes:
    """
    What a merchant signs: the header's own text, method, path with query, body; a line feed ends each.

    Args:
        target: path and query as they stand on the wire.
        app_auth_token: a line of its own, where there is one.

    Facts: alipay/v3-request
    """
    head = f"{auth_text}\n{method}\n{target}\n".encode("utf-8", "replace")
    tail = f"{app_auth_token}\n".encode("utf-8", "replace") if app_auth_token else b""
    return head + body + b"\n" + tail


def answer_text(timestamp: str, nonce: str, body: bytes) -> bytes:
    """
    What the platform signs: its stamp, its nonce and the body's bytes; a line feed ends each.

    Facts: alipay/v3-response
    """
    return f"{timestamp}\n{nonce}\n".encode("ascii") + body + b"\n"
