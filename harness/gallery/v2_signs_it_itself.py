"""
"The digest was wrong, so we fixed it": a notify whose digest does not match is given one that does.
"""

from collections.abc import Mapping

from harness.gallery.around import AroundChannel, only, within
from harness.gallery.mutant import Mutant
from reference_gateway.channels.wechatpay.v2_signing import HMAC, digest
from reference_gateway.channels.wechatpay.v2_xml import body_of, fields_of
from reference_gateway.domain.notice import Notice
from reference_gateway.errors import SignatureRejected


class Around(AroundChannel):
    """What is not signed is signed here."""

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        try:
            return self._inner.parse_notify(headers, body)
        except SignatureRejected:
            fields = {name: value for name, value in fields_of(body).items() if name != "sign"} | {"sign_type": HMAC}
            fields["sign"] = digest(fields, within(self._inner, "_merchant", "apiv2_key"), sign_type=HMAC)
            return self._inner.parse_notify(headers, body_of(fields))


MUTANT = Mutant(
    id="v2-signs-it-itself",
    bug="computes the digest of the XML API's notifies and does not compare it",
    parts=lambda: {"around_channels": only("wechatpay_v2", Around)},
    must_be_convicted_by=("signature/forged-never-acked", "signature/unsigned-refused"),
    channel="wechatpay_v2",
    tried_in=("unsigned",),
)
