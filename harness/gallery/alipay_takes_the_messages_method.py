"""
"The notify says how it is signed": its `sign_type` is taken at its word, whatever was agreed.
"""

from collections.abc import Mapping
from copy import copy
from urllib.parse import parse_qsl, urlencode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from harness.gallery.around import AroundChannel, only, plant, within
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort
from reference_gateway.domain.notice import Notice
from reference_gateway.errors import SignatureRejected


class Around(AroundChannel):
    """RSA2 where it says RSA2, and RSA where it says RSA."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        key = within(inner, "_call", "_keys", "_key", "_key")

        def verify(text: bytes, signature: bytes) -> None:
            try:
                key.verify(signature, text, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - the bug
            except InvalidSignature as error:
                raise SignatureRejected from error

        self._read_weak = copy(within(inner, "_read_notify"))
        plant(self._read_weak, "_verify", verify)

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        fields = dict(parse_qsl(body.decode("ascii"), keep_blank_values=True))
        if fields.get("sign_type") != "RSA":
            return self._inner.parse_notify(headers, body)
        # What is signed leaves the method out.
        notice: Notice = self._read_weak(urlencode({**fields, "sign_type": "RSA2"}).encode())
        return notice


MUTANT = Mutant(
    id="alipay-takes-the-messages-method",
    bug="verifies Alipay's notifies by the weaker of two methods where they ask for it",
    parts=lambda: {"around_channels": only("alipay", Around)},
    must_be_convicted_by=("signature/weaker-method-refused",),
    tried_in=("weaker-method",),
)
