"""UnionPay as a provider: wires the transactions, the keys and the notifies to the port; decides nothing itself."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from urllib.parse import parse_qs, urlsplit

from mock_providers.core.books.book import Refund, Trade
from mock_providers.core.plans import PlannedDelivery, Seal
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
from mock_providers.unionpay import givebacks, late, notify, orders
from mock_providers.unionpay.credentials import write_credentials
from mock_providers.unionpay.doctor import UnionPayDoctor
from mock_providers.unionpay.keys import Keys, Sealer, downgraded
from mock_providers.unionpay.late import settle_late
from mock_providers.unionpay.orders import PAY_PATH
from mock_providers.unionpay.policy import policy_of
from mock_providers.unionpay.reply import Reply
from mock_providers.unionpay.routes import ENDPOINTS, Router
from mock_providers.unionpay.signing import NEW_VERSION
from mock_providers.unionpay.table import table_of
from mock_providers.unionpay.transactions import ENDED, Found
from mock_providers.unionpay.vault import Vault
from mock_providers.unionpay.work import PROVIDER, Office

_CHANNELS = {"11": "unionpay_keyed", "12": "unionpay_keyed", "21": "unionpay_sm2"}
Due = Callable[[Office, Trade, Mapping[str, str]], None]
# What is done when a timer of that name rings, about the trade that it was set for.
_JOBS: Mapping[str, Due] = {
    orders.DUE: orders.due,
    givebacks.DUE: givebacks.due,
    late.DUE: late.due,
}


class UnionPay:
    """The provider; see the port for what each method is for."""

    name = PROVIDER
    gateway_path = "/gateway/api/backTransReq.do"

    def __init__(self, world: ProviderWorld) -> None:
        self._world = world
        self._policy = policy_of(world.options.switches)
        self._keys = Keys(world.credentials_dir, self._policy.leaf)
        self._merchant = self._keys.merchant()
        self._doctor = UnionPayDoctor(world.credentials_dir)
        self._office = Office(
            book=world.book,
            ids=world.ids,
            policy=self._policy,
            herald=self,
            vault=Vault(world.credentials_dir, self._policy.encryption),
            merchant=self._merchant,
            now=world.schedule.now,
            on_schedule=world.on_schedule,
        )
        self._timers = world.timers.of(PROVIDER, self.merchants)
        for job, run in _JOBS.items():
            self._timers.serve(job, partial(self._due, run))
        self._router = Router(
            office=self._office,
            labels=world.labels,
            label_field=world.options.label_field,
            reply=Reply(self._keys, self._merchant.secure_key),
            table=table_of(self._office),
            stamp=world.stamp.now,
        )

    @property
    def merchants(self) -> tuple[str, ...]:
        """Merchant numbers served."""
        return (self._merchant.mer_id,)

    def owns_path(self, path: str) -> bool:
        """The addresses of the gateway, and where its payment links lead; the file host has a name of its own."""
        return path == PAY_PATH or (path != "/" and path in ENDPOINTS)

    def ladder(self, notice: Notice) -> Ladder:  # noqa: ARG002  one ladder for all
        """
        The platform's own repetition.

        Facts: unionpay/notify-retries
        """
        return notify.LADDERS[self._policy.retry_waits]

    def read(self, request: RawRequest) -> Call:
        """Understand a request and check it at the door; a refused signature is for the doctor to explain."""
        call = self._router.read(request)
        if call.signature_ok is not False:
            return call
        return replace(call, diagnosis=Lazily(self._doctor, request, now=self._world.stamp.now()))

    def render(self, notice: Notice, delivery: PlannedDelivery, *, stamp_at: datetime) -> OutgoingNotify:  # noqa: ARG002
        """Write one delivery; it carries no stamp."""
        method, seal = downgraded(notice.context["signMethod"], delivery.seal)
        sealer = self._sealer(method, notice.context["version"], seal=seal)
        return notify.render(notice, delivery, sealer=sealer, method=method)

    def acknowledged(self, notice: Notice, response: RawResponse) -> bool:  # noqa: ARG002  all are answered alike
        """Whether this answer ends the ladder."""
        return notify.acknowledged(response, ack_302=self._policy.ack_302)

    def new_trade_no(self, trade: Trade) -> str:
        """
        A queryId.

        Facts: unionpay/numbers
        """
        opening = trade.opening
        return self._office.new_query_id(opening.merchant_id, opening.out_trade_no, opening.details["txnTime"])

    def happened(self, trade: Trade, event: str) -> None:
        """
        Of what a payer does only a payment is told.

        Facts: unionpay/back-type, unionpay/pay-timeout
        """
        if event != "payment":
            return
        ending = trade.opening.details.get("ending", "")
        if ending not in {"", "00"}:
            trade.notes[ENDED] = ending
        if settle_late(self._office, trade):
            return
        self.tell(trade)

    def channel_of(self, trade: Trade) -> str:
        """By how its merchant signs."""
        return _CHANNELS.get(trade.opening.details.get("signMethod", ""), "unionpay_rsa")

    def vendor_state(self, trade: Trade) -> str:
        """The code with which a query would speak of it."""
        return Found(trade).outcome.code

    def cashier_link(self, target: str) -> Trade | None:
        """The trade behind a QR code, the number for an app's control, or the address of a unified order."""
        now = self._world.schedule.now()
        trade = self._world.book.by_qr(target, now=now)
        if trade is None and PAY_PATH in target:
            numbers = parse_qs(urlsplit(target).query).get("tn", [""])
            trade = self._world.book.by_qr(numbers[0], now=now)
        return trade if trade is not None and trade.opening.provider == self.name else None

    def departure(self, trade: Trade) -> Departure | None:
        """Back to the merchant, with the signed result where there is one."""
        details = trade.opening.details
        sealer = self._sealer(details.get("signMethod", ""), details.get("version", NEW_VERSION), seal=Seal.TRUE)
        return notify.departure_of(self._office, trade, sealer)

    def tell(self, trade: Trade, refund: Refund | None = None) -> None:
        """Tell the merchant, where it asked to be told."""
        if notify.address_of(trade, refund):
            self._world.notices.publish(notify.notice_of(self._office, trade, refund))

    def later(self, seconds: float, job: str, trade: Trade, **about: str) -> None:
        """Have *job* done about *trade* when so many seconds of the schedule have passed."""
        opening = trade.opening
        self._timers.after(seconds, job, merchant_id=opening.merchant_id, order=opening.out_trade_no, **about)

    def _due(self, run: Due, mer_id: str, about: Mapping[str, str]) -> None:
        trade = self._world.book.by_order(PROVIDER, about["order"], now=self._world.schedule.now(), merchant_id=mer_id)
        if trade is not None:
            run(self._office, trade, about)

    def _sealer(self, method: str, version: str, *, seal: Seal) -> Sealer:
        return self._keys.sealer(method, version, secure_key=self._merchant.secure_key, seal=seal)


_LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 34 34"><rect width="34" height="34" rx="10" fill="#fff"/>'
    '<rect x="6.5" y="9" width="21" height="16" rx="3.5" fill="#00508e"/><path d="M6.5 13.5h21" stroke="#d7282f"'
    ' stroke-width="3"/><path d="M10.5 20.5h6" stroke="#fff" stroke-width="2.2" stroke-linecap="round"/></svg>'
)


class UnionPayFactory:
    """What the registry knows of this folder."""

    name = PROVIDER
    channels = ("unionpay_rsa", "unionpay_keyed", "unionpay_sm2")
    brand = Brand(title_en="UnionPay", title_zh="银联在线支付", color="#00508e", logo_svg=_LOGO)
    default_label_field = "reqReserved"

    def write_credentials(self, make: CredentialMaker) -> None:
        """One merchant's certificates and keys, and the platform's."""
        write_credentials(make)

    def make(self, world: ProviderWorld) -> Provider:
        """A provider over *world*."""
        return UnionPay(world)


FACTORY = UnionPayFactory()
