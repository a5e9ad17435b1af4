"""
The text that a request of OpenAPI v3 signs, in parts, so that one part can be written wrongly on purpose.

A suspicion changes parts of the right text. Which one is true is not known here: the doctor asks the signature.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mock_providers.alipay.v3.authorization import Authorization, origin_form, read_authorization, request_text
from mock_providers.alipay.v3.body import header_of, signed_body
from mock_providers.core.signatures.doctor import Causes
from mock_providers.core.wire.journal import RawRequest

CAUSES = Causes(Path(__file__).with_name("causes.toml"))

Finish = Callable[[bytes], bytes]


def _as_it_is(text: bytes) -> bytes:
    return text


@dataclass(frozen=True, slots=True)
class Text:
    """The parts of a signed text; as the request makes them they are right."""

    auth: str
    method: str
    target: str
    body: bytes
    token: str = ""
    finish: Finish = _as_it_is

    def cooked(self) -> bytes:
        """All of it."""
        whole = request_text(self.auth, self.method, target=self.target, body=self.body, app_auth_token=self.token)
        return self.finish(whole)


@dataclass(frozen=True, slots=True)
class Received:
    """A request and its header, taken apart as the platform takes them apart."""

    request: RawRequest
    authorization: Authorization

    @property
    def right(self) -> Text:
        """
        What should have been signed.

        Facts: alipay/v3-request
        """
        return Text(
            auth=self.authorization.text,
            method=self.request.method,
            target=origin_form(self.request.target),
            body=signed_body(self.request),
            token=header_of(self.request, "alipay-app-auth-token"),
        )


def received(request: RawRequest) -> Received:
    """Take a request apart."""
    return Received(request, read_authorization(header_of(request, "authorization")))
