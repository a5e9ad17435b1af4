"""
The gateway's channel as a receiver of notifies, with an ear on the string that it verifies.
"""

from dataclasses import dataclass, field

from reference_gateway.channels.alipay import AlipayChannel, AlipayMerchant
from reference_gateway.channels.alipay.signing import RsaVerifier
from reference_gateway.clock import SystemClock
from reference_gateway.errors import GatewayError
from tests.cross.known_answers import private_key, public_key


@dataclass
class Receiver:
    """
    Hands notifies to the gateway's channel and keeps what was verified.

    Args:
        verified: every string that the channel put before its verifier, and whether that accepted it.
    """

    verified: list[tuple[bytes, bool]] = field(default_factory=list)

    def receive(self, body: bytes) -> bool:
        """
        Whether the signature of *body* was accepted; what the fields say does not matter here.
        """
        self.verified.clear()
        try:
            self._channel().parse_notify({"Content-Type": "application/x-www-form-urlencoded"}, body)
        except GatewayError:
            return bool(self.verified) and all(accepted for _text, accepted in self.verified)
        assert self.verified, "a notify was taken without a look at its signature"
        return True

    @property
    def text(self) -> bytes:
        """
        The string that was verified last.
        """
        return self.verified[-1][0]

    def _channel(self) -> AlipayChannel:
        merchant = AlipayMerchant(
            gateway_url="http://127.0.0.1:1/gateway.do",
            app_id="2021",
            seller_id="2088000000000001",
            private_key=private_key("app"),
            alipay_public_key=public_key("platform"),
        )
        return AlipayChannel(merchant, clock=SystemClock(), notify_verifier=self._hear)

    def _hear(self, text: bytes, signature: bytes) -> None:
        self.verified.append((text, False))
        RsaVerifier(public_key("platform"))(text, signature)
        self.verified[-1] = (text, True)
