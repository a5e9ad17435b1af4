"""Alipay as a provider: wires the methods, the keys and the notifies to the port; decides nothing itself."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from mock_providers.alipay import notify
from mock_providers.alipay.business import Unreadable, number_field
from mock_providers.alipay.credentials import write_credentials
from mock_providers.alipay.doctor import AlipayDoctor
from mock_providers.alipay.door import App
from mock_providers.alipay.refunds import refund, refund_query
from mock_providers.alipay.routes import GATEWAY_PATH, Router
from mock_providers.alipay.states import status_of
from mock_providers.alipay.times import day_of
from mock_providers.alipay.trades import QR_HOST, Work, precreate, query
from mock_providers.alipay.wire import wire_reply
from mock_providers.core.book import Refund, Trade
from mock_providers.core.credentials import CredentialMaker, private_key, public_key
from mock_providers.core.doctor import Lazily
from mock_providers.core.journal import RawRequest, RawResponse
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
from mock_providers.core.reply import ProviderReply, WireReply


@dataclass(frozen=True, slots=True)
class Keys:
    """The platform's own key, a stranger's for forgeries, and what is known of the merchant."""

    platform: RSAPrivateKey
    forger: RSAPrivateKey
    app: App


def load_keys(directory: Path) -> Keys:
    """Read the credentials folder."""
    mine, platform = directory / "alipay", directory / "platform"
    return Keys(
        platform=private_key((platform / "alipay_private_key.pem").read_bytes()),
        forger=private_key((platform / "alipay_forger_private_key.pem").read_bytes()),
        app=App(
            app_id=(mine / "app_id").read_text().strip(),
            seller_id=(mine / "seller_id").read_text().strip(),
            public_key=public_key((mine / "app_public_key.pem").read_bytes()),
        ),
    )


class Alipay:
    """The provider; see the port for what each method is for."""

    name = "alipay"
    gateway_path = GATEWAY_PATH

    def __init__(self, world: ProviderWorld) -> None:
        self._world = world
        self._keys = load_keys(world.credentials_dir)
        self._doctor = AlipayDoctor(world.credentials_dir)
        self._answers = 0
        self._trace_prefix = world.ids.letters(16, "trace")
        self._content_type = notify.CONTENT_TYPES[world.options.switches["notify_content_type"]]
        self._router = Router(
            app=self._keys.app,
            labels=world.labels,
            label_field=world.options.label_field,
            methods={
                "alipay.trade.precreate": self._precreate,
                "alipay.trade.query": self._query,
                "alipay.trade.refund": self._refund,
                "alipay.trade.fastpay.refund.query": self._refund_query,
            },
            encode=self._encode,
            order_of=self._order_of,
            work=self._work,
        )

    @property
    def merchants(self) -> tuple[str, ...]:
        """Merchant numbers served."""
        return (self._keys.app.seller_id,)

    def read(self, request: RawRequest) -> Call:
        """Understand a request and check it at the door; a refused signature is for the doctor to explain."""
        call = self._router.read(request)
        if call.signature_ok is not False:
            return call
        return replace(call, diagnosis=Lazily(self._doctor, request, now=self._world.stamp.now()))

    def render(self, notice: Notice, delivery: PlannedDelivery, *, stamp_at: datetime) -> OutgoingNotify:
        """Write one delivery."""
        key = self._keys.forger if delivery.forged else self._keys.platform
        return notify.render(notice, delivery, stamp_at=stamp_at, key=key, content_type=self._content_type)

    def owns_path(self, path: str) -> bool:
        """The one path of the v2 gateway."""
        return path == GATEWAY_PATH

    def ladder(self, notice: Notice) -> Ladder:  # noqa: ARG002  one ladder for all
        """The platform's own repetition."""
        return notify.LADDER

    def acknowledged(self, notice: Notice, response: RawResponse) -> bool:  # noqa: ARG002  all are answered alike
        """Whether this answer ends the ladder."""
        return notify.acknowledged(response)

    def cashier_link(self, target: str) -> Trade | None:
        """The trade behind the text of a QR code, or behind the same path on the simulator's own port."""
        book, now = self._world.book, self._world.schedule.now()
        return book.by_qr(target, now=now) or book.by_qr(QR_HOST + urlsplit(target).path, now=now)

    def departure(self, trade: Trade) -> Departure | None:  # noqa: ARG002  a QR code leads back to nowhere
        """Nobody who scanned a code is sent anywhere."""
        return None

    def new_trade_no(self, trade: Trade) -> str:
        """
        28 digits.

        Facts: alipay/identifiers
        """
        opening = trade.opening
        about = ("trade", opening.merchant_id, opening.out_trade_no)
        return f"{day_of(self._world.schedule.now())}22001{self._world.ids.digits(15, *about)}"

    def happened(self, trade: Trade, event: str) -> None:
        """Tell the merchant, where it asked to be told and this kind of event is told."""
        self._tell(trade, event, None)

    def vendor_state(self, trade: Trade) -> str:
        """`trade_status`, or "" while nobody has scanned."""
        return status_of(trade) or ""

    def _tell(self, trade: Trade, event: str, made: Refund | None) -> None:
        """Facts: alipay/notify-statuses."""
        if trade.opening.notify_url and event in self._world.options.switches["notify_events"]:
            now = self._world.schedule.now()
            notice = notify.notice_of(trade, event, ids=self._world.ids, now=now, refund=made)
            self._world.notices.publish(notice)

    def _precreate(self, work: Work) -> ProviderReply:
        return precreate(self._world.book, self._world.ids, work)

    def _query(self, work: Work) -> ProviderReply:
        return query(self._world.book, work)

    def _refund(self, work: Work) -> ProviderReply:
        reply, moved = refund(self._world.book, work)
        if moved is not None:
            self._tell(moved.trade, "refund", moved.refund)
        return reply

    def _refund_query(self, work: Work) -> ProviderReply:
        return refund_query(self._world.book, work)

    def _order_of(self, fields: Mapping[str, object]) -> str:
        try:
            trade_no, out_trade_no = number_field(fields, "trade_no"), number_field(fields, "out_trade_no")
        except Unreadable:
            return ""
        if trade_no is not None:
            trade = self._world.book.by_trade_no(self.name, trade_no, now=self._world.schedule.now())
            if trade is not None:
                return trade.opening.out_trade_no
        return out_trade_no or ""

    def _work(self, label: str, common: Mapping[str, str], fields: Mapping[str, object]) -> Work:
        return Work(app=self._keys.app, label=label, common=common, fields=fields, now=self._world.schedule.now())

    def _encode(self, reply: ProviderReply, method: str | None, codec: str, sign_type: str) -> WireReply:
        self._answers += 1
        trace_id = f"{self._trace_prefix}{self._answers:016x}"
        return wire_reply(
            reply, method=method, codec=codec, key=self._keys.platform, sign_type=sign_type, trace_id=trace_id
        )


_LOGO = (
    '<svg viewBox="0 0 34 34"><rect width="34" height="34" rx="10" fill="#fff"/><g fill="none" stroke="#1677ff"'
    ' stroke-width="3" stroke-linecap="round" stroke-linejoin="round"><path d="M10 25.500 17 8l7 17.500"/>'
    '<path d="M7.500 18c6.500 0 11.500 2 19 5"/></g></svg>'
)


class AlipayFactory:
    """What the registry knows of this folder."""

    name = "alipay"
    channels = ("alipay",)
    brand = Brand(title_en="Alipay", title_zh="支付宝", color="#1677ff", logo_svg=_LOGO)
    default_label_field = "subject"

    def write_credentials(self, make: CredentialMaker) -> None:
        """One application's keys, and the platform's."""
        write_credentials(make)

    def make(self, world: ProviderWorld) -> Provider:
        """A provider over *world*."""
        return Alipay(world)


PROVIDER = AlipayFactory()
