"""
"No answer means no": an order whose opening was not answered is dropped, and whoever pays it has paid for nothing.
"""

from harness.gallery.around import Forgetful
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import Opening, PayRequest
from reference_gateway.domain.payment import Payment
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused


class Around(Forgetful):
    """What was not answered has not happened."""

    async def pay(self, payment: Payment, ask: PayRequest) -> Opening:
        try:
            return await self._inner.pay(payment, ask)
        except ChannelOutcomeUnknown as error:
            self.forgotten.add(payment.out_trade_no)
            raise ChannelRefused("no answer", code="timeout") from error


MUTANT = Mutant(
    id="unknown-opening-is-failed",
    bug="takes a timeout for a refusal, and ignores whatever comes of the order later",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=(
        "unknown/create-no-answer",
        "unknown/create-torn-after",
        "unknown/create-garbled",
        "unknown/create-server-error",
        "unknown/create-system-error",
        "unknown/create-half-answer",
        "unknown/create-late-answer",
        "unknown/create-dripped",
    ),
    tried_in=(
        "opening-no-answer",
        "opening-torn-after",
        "opening-garbled",
        "opening-server-error",
        "opening-system-error",
        "opening-half-answer",
        "opening-late-answer",
        "opening-dripped",
    ),
)
