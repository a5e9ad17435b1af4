"""
Where admitted calls arrive, whatever wire they came by: whose order a call is about, and the label for its faults.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mock_providers.alipay.apps import App
from mock_providers.alipay.business import Unreadable, number_field
from mock_providers.alipay.methods import Method
from mock_providers.alipay.work import Office, Work
from mock_providers.core.clock import Clock
from mock_providers.core.labels import Labels

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
            return order, replace(work, label=order)
        texts = (work.fields.get(name) for name in (self.label_field, *_OTHER_TEXTS))
        text = next((one for one in texts if isinstance(one, str)), None)
        return order, replace(work, label=self.labels.of("alipay", order, text=text))

    def _order_of(self, method: Method, work: Work) -> str:
        try:
            if method.order_of is not None:
                return method.order_of(work)
            trade_no, number = number_field(work.fields, "trade_no"), number_field(work.fields, method.numbered_by)
        except Unreadable:
            return ""
        if trade_no is not None:
            trade = self.office.book.by_trade_no("alipay", trade_no, now=work.now)
            if trade is not None:
                return trade.opening.out_trade_no
        return number or ""
