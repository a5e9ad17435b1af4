"""
UnionPay's notifies: what is told of a transaction, how often, what counts as a good reply, and how one is written.

Fields are frozen when the event happens. A notify carries no moment of its own, so equal copies have equal bytes.

Facts: unionpay/notify-fields, unionpay/notify-wire, unionpay/notify-retries
"""

from collections.abc import Mapping

from mock_providers.core.books.book import Refund, Trade
from mock_providers.core.plans import PlannedDelivery
from mock_providers.core.provider import Departure, Ladder, Notice, OutgoingNotify
from mock_providers.core.wire.journal import RawResponse
from mock_providers.unionpay.codes import result
from mock_providers.unionpay.keys import Sealer
from mock_providers.unionpay.sealing import sealed
from mock_providers.unionpay.transactions import Found, told
from mock_providers.unionpay.wire import CODECS, form_bytes
from mock_providers.unionpay.work import PROVIDER, Office

# Minutes from the event on, for up to five deliveries: two generations of documents disagree.
LADDERS: Mapping[str, Ladder] = {
    "newer": Ladder(offsets_s=(0.0, 60.0, 180.0, 420.0, 720.0), answer_timeout_s=10.0),
    "older": Ladder(offsets_s=(0.0, 0.0, 60.0, 180.0, 420.0), answer_timeout_s=10.0),
}
_AMOUNTS = ("txnAmt", "settleAmt")
_CURRENCY_FIELDS = ("currencyCode", "settleCurrencyCode")
_UNKNOWN_METHOD = "99"
_CURRENCIES: Mapping[str, str] = {"USD": "840"}
_FAILED, _FLAWED = result("01"), result("A6")


def acknowledged(response: RawResponse, *, ack_302: bool) -> bool:
    """
    Status 200, whatever the body says.

    Facts: unionpay/notify-retries
    """
    return response.status == 200 or (ack_302 and response.status == 302)


def address_of(trade: Trade, refund: Refund | None) -> str:
    """Where the end of a payment, or of a refund of it, is told; "" where nobody asked."""
    return trade.opening.notify_url if refund is None else refund.details.get("backUrl", "")


def notice_of(office: Office, trade: Trade, refund: Refund | None = None) -> Notice:
    """Freeze the end of a payment, or of a refund of it."""
    found = Found(trade, refund)
    opening, details = trade.opening, found.details
    return Notice(
        provider=PROVIDER,
        out_trade_no=opening.out_trade_no,
        label=opening.label,
        event="payment" if refund is None else "refund",
        occurrence=1 if refund is None else len(trade.refunds),
        notify_id=found.query_id,
        url=address_of(trade, refund),
        fields=fields_of(office, found),
        context={name: details.get(name, "") for name in ("encoding", "signMethod", "version")},
        merchant_id=opening.merchant_id,
        kind="form",
    )


def fields_of(office: Office, found: Found) -> Mapping[str, str]:
    """
    What both kinds of notify say; no field is empty.

    Facts: unionpay/notify-fields
    """
    outcome = found.outcome
    fields = {
        **told(office, found),
        "exchangeRate": "0",
        "merId": found.trade.opening.merchant_id,
        "respCode": outcome.code,
        "respMsg": outcome.text,
    }
    if found.refund is None and outcome.good:
        fields["payType"] = "0001"
    if found.settled_at is None:
        fields |= {"settleAmt": "0"}
    origin = found.details.get("origQryId", "")
    return {name: value for name, value in {**fields, "origQryId": origin}.items() if value}


def render(notice: Notice, delivery: PlannedDelivery, *, sealer: Sealer, method: str) -> OutgoingNotify:
    """
    Write one delivery.

    Another charset than the agreed one is declared as well: who reads `encoding` can verify the notify.

    Facts: unionpay/notify-wire, unionpay/charset
    """
    fields = {**notice.fields, "signMethod": _UNKNOWN_METHOD if delivery.unknown_method else method}
    if delivery.charset:
        fields["encoding"] = delivery.charset.upper()
    if add_fen := delivery.off_fen(named="currencyCode" in fields):
        fields |= _tampered(fields, add_fen)
    if delivery.currency:
        fields |= {name: _CURRENCIES[delivery.currency] for name in _CURRENCY_FIELDS if name in fields}
    if delivery.failed:
        fields |= {"respCode": _FAILED.code, "respMsg": _FAILED.text}
    elif delivery.flawed and fields.get("respCode") == "00":
        fields |= {"respCode": _FLAWED.code, "respMsg": _FLAWED.text}
    if "order" in delivery.wrong:
        fields["orderId"] = delivery.order or _another(fields["orderId"])
    if delivery.wrong & {"merchant", "app"}:
        fields["merId"] = _another(fields["merId"])
    fields |= {f"newField{number}": f"v{number}" for number in range(1, delivery.extra_fields + 1)}
    charset = fields.get("encoding", "UTF-8")
    codec = CODECS.get(charset.lower(), "utf-8")
    done = sealed(fields, sealer, codec=codec)
    ordered = {name: value for name, value in sorted({**fields, **done.tail}.items()) if name != "signature"}
    last = {"signature": done.tail["signature"]} if "signature" in done.tail else {}
    return OutgoingNotify(
        headers=(
            ("Content-Type", f"application/x-www-form-urlencoded;charset={charset}"),
            ("User-Agent", "Jakarta Commons-HttpClient/3.1"),
        ),
        body=form_bytes({**ordered, **last}, codec=codec),
        string_to_sign=done.text,
    )


def _tampered(fields: Mapping[str, str], add_fen: int) -> dict[str, str]:
    """Other amounts; what would fall below one fen is raised instead, so that it never is the truth again."""
    changed = {}
    for name in _AMOUNTS:
        true_fen = int(fields.get(name, "0"))
        changed[name] = str(true_fen + (add_fen if true_fen + add_fen > 0 else abs(add_fen)))
    return changed


def _another(number: str) -> str:
    """A number of the same shape that is somebody else's."""
    return f"{number[:-1]}{(int(number[-1]) + 1) % 10 if number[-1].isdigit() else 0}"


def departure_of(office: Office, trade: Trade, sealer: Sealer) -> Departure | None:
    """
    Where the payer's browser goes: with the signed result to frontUrl, or to frontFailUrl with nothing.

    Facts: unionpay/front
    """
    details = trade.opening.details
    if trade.paid_at is None:
        url = details.get("frontFailUrl") or trade.opening.return_url
        return Departure(url) if url else None
    if not trade.opening.return_url:
        return None
    fields = fields_of(office, Found(trade))
    codec = CODECS.get(details.get("encoding", "UTF-8").lower(), "utf-8")
    done = sealed(fields, sealer, codec=codec)
    return Departure(trade.opening.return_url, "POST", {**dict(sorted(fields.items())), **done.tail})
