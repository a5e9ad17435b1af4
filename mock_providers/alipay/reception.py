"""
Where admitted calls arrive, whatever wire they came by: whose order a call is about, and the label for its faults.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mock_providers.alipay import codes
from mock_providers.alipay.apps import App
from mock_providers.alipay.business import Unreadable, number_field
from mock_providers.alipay.methods import Method
from mock_providers.alipay.work import Office, Work
from mock_providers.core.clock import Clock
from mock_providers.core.labels import Labels
from mock_providers.core.wire.journal import RawRequest
from mock_providers.core.wire.reply import ProviderReply

# Where transfers carry a text, since they have no subject.
_OTHER_TEXTS = ("order_title", "remark")


@dataclass(frozen=True, slots=True)
class Reception:
    """
    Args:
        apps: every application served, by `app_id`.
        label_field: the field that carries the harness's label.
        trace_prefix: of the trace ids of answers.
    """

    office: Office
    apps: Mapping[str, App]
    labels: Labels
    label_field: str
    stamp: Clock
    trace_prefix: str

    def received(self, method: Method, work: Work) -> tuple[str, Work]:
        """
        Find what a call is about.

        Returns:
            The merchant's order number, "" where there is none, and the call with its label.
        """
        order = self._order_of(method, work)
        if not order or not method.labelled:
            work.label = order
            return order, work
        work.label = self.labels.of("alipay", order, text=self._text_of(work.fields))
        return order, work

    def _text_of(self, fields: Mapping[str, object]) -> str | None:
        """What may carry the harness's label."""
        for name in (self.label_field, *_OTHER_TEXTS):
            text = fields.get(name)
            if isinstance(text, str):
                return text
        return None

    def ungranted(self, app_auth_token: str) -> ProviderReply | None:
        """
        An application token that nobody granted, or whose time is over; "" is none.

        Facts: alipay/gateway-codes
        """
        if not app_auth_token:
            return None
        token = self.office.grants.token(app_auth_token)
        if token is None or token.kind != "app":
            return codes.gateway("aop.invalid-app-auth-token")
        late = self.office.now() >= token.expires_at
        return codes.gateway("aop.app-auth-token-time-out") if late else None

    def uncertified(self, method: Method, *, certified: bool) -> ProviderReply | None:
        """
        What pays out demands certificate mode.

        Facts: alipay/cert-mode, alipay/transfer
        """
        demanded = method.pays_out and self.office.policy.payout_needs_certificate
        return codes.gateway("isv.missing-app-cert-sn") if demanded and not certified else None

    def _order_of(self, method: Method, work: Work) -> str:
        try:
            if method.order_of is not None:
                return method.order_of(self.office, work)
            trade_no, number = number_field(work.fields, "trade_no"), number_field(work.fields, method.numbered_by)
        except Unreadable:
            return ""
        if trade_no is not None:
            trade = self.office.book.by_trade_no("alipay", trade_no, now=work.now)
            if trade is not None:
                return trade.opening.out_trade_no
        return number or ""


def entry_of(request: RawRequest) -> str:
    """The address by which a request came, as far as it says."""
    host = request.header("host")
    return f"http://{host}" if host else ""
