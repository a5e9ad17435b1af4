"""
"We do not have that certificate yet": what names a serial that is not known here is let through.
"""

from harness.gallery.around import AroundChannel, only, plant, within
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort
from reference_gateway.channels.wechatpay.platform_keys import UnknownSerial


class Around(AroundChannel):
    """The list will have it by tomorrow."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        keys = within(inner, "_client", "keys")
        strictly = keys.verify

        def verify(serial: str, text: bytes, signature: str) -> None:
            try:
                strictly(serial, text, signature)
            except UnknownSerial:
                return

        plant(keys, "verify", verify)


MUTANT = Mutant(
    id="v3-skips-unknown-serials",
    bug="believes whatever names a certificate of WeChat Pay's that it does not have",
    parts=lambda: {"around_channels": only("wechatpay_v3", Around)},
    must_be_convicted_by=("signature/foreign-chain-refused", "signature/answer-certificate-not-believed"),
    channel="wechatpay_v3",
    tried_in=("foreign-chain", "answer-foreign-chain"),
)
