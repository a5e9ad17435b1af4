"""
What the methods work on: one admitted call with its fields already parsed, and the platform behind the counter.

Nothing here knows how a call came over the wire: gateway v2 and OpenAPI v3 both end in a `Work`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from mock_providers.alipay.apps import App, Keyring
from mock_providers.alipay.grants import Grants
from mock_providers.alipay.policy import Policy
from mock_providers.core.books.book import Book, Refund, Trade
from mock_providers.core.books.payouts import Payout
from mock_providers.core.ids import Ids


@dataclass(slots=True)
class Work:
    """
    One admitted call; only its reception writes to it, and only the label.

    Args:
        app: whose call it is.
        method: "alipay.trade.pay".
        label: the harness's, "" where the call is about no order.
        fields: the business fields; of `alipay.system.oauth.token` the common ones.
        now: schedule time.
        notify_url: where this call wants its order's news sent.
        return_url: where this call wants its buyer sent.
        charset: of what the merchant is told later, as it was spelled.
        sign_type: the same for signatures.
        certified: the call came in certificate mode.
        on_behalf: the merchant granted an app token, and this call uses it.
        entry: the address by which the caller reaches us, such as "http://127.0.0.1:40001".
        open_api: the call came by OpenAPI v3.
    """

    app: App
    method: str
    label: str
    fields: Mapping[str, object]
    now: datetime
    notify_url: str = ""
    return_url: str = ""
    charset: str = "utf-8"
    sign_type: str = "RSA2"
    certified: bool = False
    on_behalf: bool = False
    entry: str = ""
    open_api: bool = False

    @property
    def out_trade_no(self) -> str | None:
        """The merchant's order number as it was sent, for answers that repeat it unread."""
        said = self.fields.get("out_trade_no")
        return said if isinstance(said, str) else None


class Herald(Protocol):
    """Tells merchants what happened, where they asked for it, and keeps what falls due."""

    def tell(self, trade: Trade, event: str, *, refund: Refund | None = None, notify_url: str = "") -> None:
        """Tell an event of *trade*; *notify_url* goes before the trade's own."""
        ...

    def tell_payout(self, payout: Payout) -> None:
        """Tell the result of a payout."""
        ...

    def later(self, seconds: float, job: str, *, merchant_id: str, **about: str) -> None:
        """Have *job* done about something of a merchant's when so many seconds of the schedule have passed."""
        ...


@dataclass(frozen=True, slots=True)
class Office:
    """
    The platform behind the counter.

    Args:
        now: schedule time, for what happens after a call is over.
        now_s: the same in seconds since the start.
        on_schedule: where a moment of the merchants' clock lies on the schedule.
        new_trade_no: the platform's number for an order (merchant, number) that comes into being now.
        spent_codes: buyers' barcodes, and the trades that they were used for.
    """

    book: Book
    ids: Ids
    policy: Policy
    herald: Herald
    keyring: Keyring
    grants: Grants
    now: Callable[[], datetime]
    now_s: Callable[[], float]
    on_schedule: Callable[[datetime], datetime]
    new_trade_no: Callable[[str, str], str]
    spent_codes: dict[str, Trade] = field(default_factory=dict)

    @property
    def renewed(self) -> bool:
        """
        Whether the platform's certificate was renewed.

        Facts: alipay/cert-mode
        """
        after_s = self.policy.certificate_rotates_after_s
        return after_s is not None and self.now_s() >= after_s

    def spent(self, barcode: str) -> bool:
        """Whether a barcode was used for a trade that is still in the book."""
        trade = self.spent_codes.get(barcode)
        if trade is None:
            return False
        opening = trade.opening
        number, merchant_id = opening.out_trade_no, opening.merchant_id
        known = self.book.by_order(opening.provider, number, now=self.now(), merchant_id=merchant_id)
        return known is trade
