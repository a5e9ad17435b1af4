"""Alipay as a provider: wires the methods, the keys and the notifies to the port; decides nothing itself."""

from dataclasses import replace
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from mock_providers.alipay import notify
from mock_providers.alipay.apps import load_apps, load_keyring
from mock_providers.alipay.arrivals import PAYOUT_DUE, REFUND_DUE, payout_due, refund_due
from mock_providers.alipay.credentials import write_credentials
from mock_providers.alipay.doctor import AlipayDoctor
from mock_providers.alipay.door import SerialRules
from mock_providers.alipay.grants import Grants
from mock_providers.alipay.herald import TIME_CAME, AlipayHerald
from mock_providers.alipay.orders import OPEN_API
from mock_providers.alipay.pages import APP_PAY, way_back
from mock_providers.alipay.policy import policy_of
from mock_providers.alipay.reception import Reception
from mock_providers.alipay.routes import GATEWAY_PATH, Router
from mock_providers.alipay.states import status_of
from mock_providers.alipay.times import day_of
from mock_providers.alipay.trades import QR_HOST
from mock_providers.alipay.v3.paths import PREFIX
from mock_providers.alipay.v3.routes import V3Router
from mock_providers.alipay.visits import PHONE_PATH, owns, visit_of
from mock_providers.alipay.wire import split_target
from mock_providers.alipay.work import Office
from mock_providers.core.books.book import Trade, cashier_token
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
from mock_providers.core.signatures.doctor import Lazily
from mock_providers.core.wire.journal import RawRequest, RawResponse


class Alipay:
    """The provider; see the port for what each method is for."""

    name = "alipay"
    gateway_path = GATEWAY_PATH

    def __init__(self, world: ProviderWorld) -> None:
        self._world = world
        self._doctor = AlipayDoctor(world.credentials_dir)
        policy = policy_of(world.options.switches)
        self._ladder = notify.ladder_of(policy)
        apps = load_apps(world.credentials_dir)
        timers = world.timers.of(self.name, dict.fromkeys(app.seller_id for app in apps.values()))
        herald = AlipayHerald(policy, world=world, timers=timers)
        self.office = Office(
            book=world.book,
            ids=world.ids,
            policy=policy,
            herald=herald,
            keyring=load_keyring(world.credentials_dir),
            grants=Grants(world.ids),
            now=world.schedule.now,
            now_s=lambda: world.schedule.now_s,
            on_schedule=world.on_schedule,
            new_trade_no=self._number,
        )
        self.reception = Reception(
            office=self.office,
            apps=apps,
            labels=world.labels,
            label_field=world.options.label_field,
            stamp=world.stamp,
            trace_prefix=world.ids.letters(16, "trace"),
        )
        timers.serve(TIME_CAME, herald.time_came)
        timers.serve(REFUND_DUE, partial(refund_due, self.office))
        timers.serve(PAYOUT_DUE, partial(payout_due, self.office))
        serials = SerialRules(self.office.keyring, world.stamp.now, policy.certificate_only)
        self._router = Router(self.reception, serials)
        self._v3 = V3Router(self.reception)

    @property
    def merchants(self) -> tuple[str, ...]:
        """Merchant numbers served."""
        return tuple(dict.fromkeys(app.seller_id for app in self.reception.apps.values()))

    def read(self, request: RawRequest) -> Call:
        """Understand a request and check it at the door; a refused signature is for the doctor to explain."""
        path = split_target(request.target)[0]
        if path == GATEWAY_PATH:
            call = self._router.read(request)
        elif path.startswith(PREFIX):
            call = self._v3.read(request)
        else:
            call = visit_of(self.reception, request) or self._router.read(request)
        if call.signature_ok is not False:
            return call
        return replace(call, diagnosis=Lazily(self._doctor, request, now=self._world.stamp.now()))

    def render(self, notice: Notice, delivery: PlannedDelivery, *, stamp_at: datetime) -> OutgoingNotify:
        """Write one delivery."""
        return notify.render(
            notice,
            delivery,
            stamp_at=stamp_at,
            keyring=self.office.keyring,
            policy=self.office.policy,
            renewed=self.office.renewed,
        )

    def owns_path(self, path: str) -> bool:
        """The path of the v2 gateway, those of OpenAPI v3, and what browsers fetch beside them."""
        return path == GATEWAY_PATH or path.startswith(PREFIX + "alipay/") or owns(path)

    def ladder(self, notice: Notice) -> Ladder:  # noqa: ARG002  one ladder for all
        """The platform's own repetition."""
        return self._ladder

    def acknowledged(self, notice: Notice, response: RawResponse) -> bool:  # noqa: ARG002  all are answered alike
        """Whether this answer ends the ladder."""
        return notify.acknowledged(response, may_have_blanks=self.office.policy.ack_may_have_blanks)

    def cashier_link(self, target: str) -> Trade | None:
        """The trade behind a QR code's text or its path on our own port, or behind what an app hands to Alipay's."""
        if APP_PAY in target and not target.startswith(("http:", "https:", "/")):
            return self._router.opened(target)
        book, now = self._world.book, self._world.schedule.now()
        try:
            path = urlsplit(target).path
        except ValueError:
            return None  # no code and no link that anybody could have been given
        return book.by_qr(target, now=now) or book.by_qr(QR_HOST + path, now=now)

    def departure(self, trade: Trade) -> Departure | None:
        """
        Back to where the merchant wants its buyer, by parameters that it can verify; who gave up goes elsewhere.

        Facts: alipay/return-url, alipay/page-pays
        """
        if trade.opening.product == "app":
            return Departure(PHONE_PATH + cashier_token(trade))
        url = way_back(self.office, trade) if trade.paid_at is not None else trade.opening.details.get("quit_url")
        return Departure(url) if url else None

    def new_trade_no(self, trade: Trade) -> str:
        """28 digits."""
        return self._number(trade.opening.merchant_id, trade.opening.out_trade_no)

    def _number(self, merchant_id: str, out_trade_no: str) -> str:
        """Facts: alipay/identifiers."""
        about = ("trade", merchant_id, out_trade_no)
        return f"{day_of(self._world.schedule.now())}22001{self._world.ids.digits(15, *about)}"

    def happened(self, trade: Trade, event: str) -> None:
        """Tell the merchant, where it asked to be told and this kind of event is told."""
        if event != "payment_failed":
            self.office.herald.tell(trade, event)

    def channel_of(self, trade: Trade) -> str:
        """By the way in."""
        return "alipay_v3" if OPEN_API in trade.opening.details else self.name

    def vendor_state(self, trade: Trade) -> str:
        """`trade_status`, or "" while nobody has scanned."""
        return status_of(trade) or ""


_LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 34 34"><rect width="34" height="34" rx="10" fill="#fff"/>'
    '<g fill="none" stroke="#1677ff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round">'
    '<path d="M10 25.5 17 8l7 17.5M7.5 18c6.5 0 11.5 2 19 5"/></g></svg>'
)


class AlipayFactory:
    """What the registry knows of this folder."""

    name = "alipay"
    channels = ("alipay", "alipay_v3")
    brand = Brand(title_en="Alipay", title_zh="支付宝", color="#1677ff", logo_svg=_LOGO)
    default_label_field = "subject"

    def write_credentials(self, make: CredentialMaker) -> None:
        """One application's keys, and the platform's."""
        write_credentials(make)

    def make(self, world: ProviderWorld) -> Provider:
        """A provider over *world*."""
        return Alipay(world)


PROVIDER = AlipayFactory()
