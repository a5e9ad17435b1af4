"""WeChat Pay as a provider: wires keys, both APIs and the notifies to the port; decides nothing itself."""

from collections.abc import Mapping
from datetime import datetime

from mock_providers.core.books.book import Refund, Trade
from mock_providers.core.plans import PlannedDelivery
from mock_providers.core.provider import (
    Brand,
    Call,
    Departure,
    Ladder,
    Notice,
    OutgoingNotify,
    Provider,
    ProviderWorld,
)
from mock_providers.core.signatures.credentials import CredentialMaker
from mock_providers.core.wire.journal import RawRequest, RawResponse
from mock_providers.wechatpay import cashier, credentials
from mock_providers.wechatpay.combined import siblings_of
from mock_providers.wechatpay.desk import LANGUAGE, PROVIDER_NAME, V2, V3, Desk, Language
from mock_providers.wechatpay.merchants import KeyRing, load_merchants, load_platform
from mock_providers.wechatpay.numbers import Numbers
from mock_providers.wechatpay.policy import Policy
from mock_providers.wechatpay.refunding import TOLD_IN, Refunding
from mock_providers.wechatpay.states import PAYING, word_of
from mock_providers.wechatpay.v2.router import Router as LegacyRouter
from mock_providers.wechatpay.v3.routes import Router
from mock_providers.wechatpay.v3.wire import path_of

# 16 deliveries, the first at once and the last after 24 h 4 m. Facts: wechatpay/notify-ladder
_DELAYS_S = (0, 15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10_800, 10_800, 10_800, 21_600, 21_600)
LADDER = Ladder(
    offsets_s=tuple(float(sum(_DELAYS_S[: place + 1])) for place in range(len(_DELAYS_S))),
    answer_timeout_s=5.0,
)
_V2_PATHS = (
    *("/pay/", "/secapi/", "/mmpaymkttransfers/", "/sandboxnew/", "/xdc/", "/sns/", "/connect/", "/payitil/"),
    "/tools/",
)
# Alipay's OpenAPI has paths of this beginning as well.
_FOREIGN_V3 = "/v3/alipay/"


class WechatPay:
    """The provider; see the port for what each method is for."""

    name = PROVIDER_NAME
    gateway_path = "/v3/pay/transactions"

    def __init__(self, world: ProviderWorld) -> None:
        policy = Policy.of(world.options.switches)
        self.keys = KeyRing(load_platform(world.credentials_dir), policy=policy, schedule=world.schedule)
        merchants = load_merchants(world.credentials_dir)
        self._desk = Desk(
            world=world,
            policy=policy,
            keys=self.keys,
            merchants=merchants,
            numbers=Numbers(world.ids, h5_base_url=policy.h5_base_url),
            timers=world.timers.of(PROVIDER_NAME, merchants),
        )
        self.refunding = Refunding(self._desk, tell=self._tell_refund)
        self._v3 = Router(self._desk, refunding=self.refunding)
        self._v2 = LegacyRouter(self._desk, refunding=self.refunding)
        self._languages: Mapping[str, Language] = {V3: self._v3, V2: self._v2}

    @property
    def merchants(self) -> tuple[str, ...]:
        """Merchant numbers served."""
        return tuple(self._desk.merchants)

    def owns_path(self, path: str) -> bool:
        """
        Whether a path is one of this vendor's.

        Facts: wechatpay/hosts
        """
        if path.startswith("/v3/"):
            return not path.startswith(_FOREIGN_V3)
        return path.startswith((*_V2_PATHS, cashier.H5_PREFIX))

    def ladder(self, notice: Notice) -> Ladder:  # noqa: ARG002  the port's
        """One ladder for everything that is told."""
        return LADDER

    def read(self, request: RawRequest) -> Call:
        """Everything below /v3/ is JSON, links are for buyers, and the rest is XML."""
        path = path_of(request.target)
        if path.startswith("/v3/"):
            return self._v3.read(request)
        if path.startswith(cashier.H5_PREFIX):
            return cashier.visit(self._desk, request)
        return self._v2.read(request)

    def render(self, notice: Notice, delivery: PlannedDelivery, *, stamp_at: datetime) -> OutgoingNotify:
        """Write one delivery."""
        return self._languages[notice.kind].render(notice, delivery, stamp_at=stamp_at)

    def acknowledged(self, notice: Notice, response: RawResponse) -> bool:
        """Whether this answer ends the ladder."""
        return self._languages[notice.kind].acknowledged(response)

    def new_trade_no(self, trade: Trade) -> str:
        """28 digits."""
        opening = trade.opening
        return self._desk.numbers.transaction_id(opening.merchant_id, opening.out_trade_no, now=self._desk.now())

    def happened(self, trade: Trade, event: str) -> None:
        """
        Tell the merchant about a payment; failed and abandoned ones are never told.

        Facts: wechatpay/notify-events
        """
        if event == "payment":
            trade.notes.pop(PAYING, None)
            for sibling in siblings_of(self._desk, trade):
                if sibling.paid_at is None:
                    self._desk.book.pay(sibling, now=self._desk.now())
            self._publish(self._languages[trade.opening.details.get(LANGUAGE, V3)].payment(trade))

    def channel_of(self, trade: Trade) -> str:
        """By its language."""
        return f"{PROVIDER_NAME}_{trade.opening.details.get(LANGUAGE, V3)}"

    def vendor_state(self, trade: Trade) -> str:
        """`trade_state`."""
        return word_of(trade, refund_closed_is_success=self._desk.policy.refund_closed_is_success)

    def cashier_link(self, target: str) -> Trade | None:
        """The trade behind a QR code, an H5 link, a prepay_id or the parameters that a page hands to the wallet."""
        return cashier.opened(self._desk, target)

    def departure(self, trade: Trade) -> Departure | None:
        """H5 buyers return to the redirect_url that the merchant appended."""
        return cashier.departure(trade)

    def _tell_refund(self, trade: Trade, refund: Refund) -> None:
        self._publish(self._languages[refund.details.get(TOLD_IN, V3)].refund(trade, refund))

    def _publish(self, notice: Notice | None) -> None:
        if notice is not None:
            self._desk.world.notices.publish(notice)


class WechatPayFactory:
    """What the registry knows of this folder."""

    name = PROVIDER_NAME
    channels = ("wechatpay_v3", "wechatpay_v2")
    default_label_field = "description"
    brand: Brand = cashier.BRAND

    def write_credentials(self, make: CredentialMaker) -> None:
        """Make the keys and numbers of one merchant and of the platform."""
        credentials.write(make)

    def make(self, world: ProviderWorld) -> Provider:
        """A provider over *world*."""
        return WechatPay(world)


PROVIDER = WechatPayFactory()
