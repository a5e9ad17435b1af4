"""
"We know the fields": the signature is checked over the fields that the code knows, and no others.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from harness.gallery.around import AroundChannel, only
from harness.gallery.mutant import Mutant
from reference_gateway.domain.notice import Notice

KNOWN = frozenset(
    [
        "app_id",
        "auth_app_id",
        "body",
        "buyer_id",
        "buyer_logon_id",
        "buyer_open_id",
        "buyer_pay_amount",
        "charset",
        "fund_bill_list",
        "gmt_close",
        "gmt_create",
        "gmt_payment",
        "gmt_refund",
        "invoice_amount",
        "notify_id",
        "notify_time",
        "notify_type",
        "out_biz_no",
        "out_trade_no",
        "passback_params",
        "point_amount",
        "receipt_amount",
        "refund_fee",
        "seller_email",
        "seller_id",
        "sign",
        "sign_type",
        "subject",
        "total_amount",
        "trade_no",
        "trade_status",
        "version",
        "voucher_detail_list",
    ]
)


class Around(AroundChannel):
    """What was not in the documentation is left out."""

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        known = [pair for pair in parse_qsl(body.decode("ascii"), keep_blank_values=True) if pair[0] in KNOWN]
        return self._inner.parse_notify(headers, urlencode(known).encode())


MUTANT = Mutant(
    id="signs-known-fields-only",
    bug="refuses true notifies as soon as the provider adds a field",
    parts=lambda: {"around_channels": only("alipay", Around)},
    must_be_convicted_by=("signature/new-fields-accepted",),
    tried_in=("new-fields",),
)
