"""One provider for several merchants: an instance for each, and whoever is meant answers."""

from collections.abc import Sequence
from datetime import datetime

from mock_providers.core.books.book import Trade
from mock_providers.core.plans import PlannedDelivery
from mock_providers.core.provider import Call, Departure, Ladder, Notice, OutgoingNotify, Provider
from mock_providers.core.wire.identities import Identities
from mock_providers.core.wire.journal import RawRequest, RawResponse


class ManyMerchants:
    """
    The port, in front of one instance for each merchant; see there for what each method is for.

    Args:
        identities: places of the instances.
    """

    def __init__(self, instances: Sequence[Provider], identities: Identities) -> None:
        self._instances = tuple(instances)
        self._identities = identities
        self._by_merchant = {merchant: one for one in instances for merchant in one.merchants}
        self.name = instances[0].name
        self.gateway_path = instances[0].gateway_path

    @property
    def merchants(self) -> tuple[str, ...]:
        """Merchant numbers served."""
        return tuple(self._by_merchant)

    def owns_path(self, path: str) -> bool:
        """Whether a request without a telling host is for this provider."""
        return self._instances[0].owns_path(path)

    def ladder(self, notice: Notice) -> Ladder:
        """The vendor's own repetition of such a notify."""
        return self._of(notice.merchant_id).ladder(notice)

    def read(self, request: RawRequest) -> Call:
        """Understand a request; one that names nobody is refused by the first."""
        headers = "\n".join(value for _, value in request.headers).encode("utf-8", "surrogatepass")
        place = self._identities.place_of(request.target.encode("utf-8", "surrogatepass"), headers, request.body)
        return self._instances[place or 0].read(request)

    def render(self, notice: Notice, delivery: PlannedDelivery, *, stamp_at: datetime) -> OutgoingNotify:
        """Write one delivery."""
        return self._of(notice.merchant_id).render(notice, delivery, stamp_at=stamp_at)

    def acknowledged(self, notice: Notice, response: RawResponse) -> bool:
        """Whether this answer ends the ladder."""
        return self._of(notice.merchant_id).acknowledged(notice, response)

    def new_trade_no(self, trade: Trade) -> str:
        """The number the platform gives."""
        return self._of(trade.opening.merchant_id).new_trade_no(trade)

    def happened(self, trade: Trade, event: str) -> None:
        """Tell the merchant."""
        self._of(trade.opening.merchant_id).happened(trade, event)

    def channel_of(self, trade: Trade) -> str:
        """The channel by which a trade came."""
        return self._of(trade.opening.merchant_id).channel_of(trade)

    def vendor_state(self, trade: Trade) -> str:
        """The state in the vendor's word."""
        return self._of(trade.opening.merchant_id).vendor_state(trade)

    def cashier_link(self, target: str) -> Trade | None:
        """The trade behind a link, whoever's it is."""
        found = (one.cashier_link(target) for one in self._instances)
        return next((trade for trade in found if trade is not None), None)

    def departure(self, trade: Trade) -> Departure | None:
        """Where the cashier sends the buyer."""
        return self._of(trade.opening.merchant_id).departure(trade)

    def _of(self, merchant_id: str) -> Provider:
        return self._by_merchant.get(merchant_id, self._instances[0])
