"""
Payments and pre-authorisations: those that wait for a payer, and those that move money at once.

Business only: signatures, charsets and addresses are over when a request comes here.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from mock_providers.core.books.book import Opening, Trade, TradeState
from mock_providers.core.money import Fen
from mock_providers.core.shared import shared
from mock_providers.unionpay import numbers, reading
from mock_providers.unionpay.cards import CARDS, USUAL
from mock_providers.unionpay.codes import OK, SUCCESS, result
from mock_providers.unionpay.transactions import ENDED, claim, details_of, free_preauth
from mock_providers.unionpay.vault import Unopened, card_number, customer
from mock_providers.unionpay.work import PROVIDER, Answer, Office, Refused, Work

PAY_PATH = "/gateway/api/pay.do"
_DAY = timedelta(days=1)
# What timers are set for.
DUE = "payment"
# What a payment in instalments may be, in fen. Facts: unionpay/test-constants
_INSTALMENTS = range(1_000, 100_001)


def front(office: Office, work: Work) -> Answer:
    """
    An order that a browser brings; the payer goes on to the cashier.

    Facts: unionpay/front
    """
    reading.needed(work.fields, "frontUrl")
    return Answer(entered=_waiting(office, work, product="page"))


def app(office: Office, work: Work) -> Answer:
    """
    An order for the app's control, which is given a number to show.

    Facts: unionpay/transactions, unionpay/numbers
    """
    tn = numbers.tn(office.ids, work.mer_id, work.get("orderId"), work.get("txnTime"))
    _waiting(office, work, product="app", code=tn)
    return Answer(fields={"tn": tn})


def unified(office: Office, work: Work) -> Answer:
    """
    An order that is paid at an address of the platform's own.

    Facts: unionpay/transactions
    """
    tn = numbers.tn(office.ids, work.mer_id, work.get("orderId"), work.get("txnTime"))
    _waiting(office, work, product="h5", code=tn)
    return Answer(fields={"payUrl": f"{work.base_url}{PAY_PATH}?tn={tn}"})


def qr_apply(office: Office, work: Work) -> Answer:
    """
    A code that the payer scans.

    Facts: unionpay/qr
    """
    code = numbers.qr_code(office.ids, work.mer_id, work.get("orderId"), work.get("txnTime"))
    _waiting(office, work, product="qr", code=code)
    return Answer(fields={"qrCode": code})


def qr_passive(office: Office, work: Work) -> Answer:
    """
    The payer's own code, scanned by the merchant: paid without another question.

    Facts: unionpay/qr
    """
    reading.needed(work.fields, "qrNo")
    if not (work.get("termId") or work.get("termInfo")):
        raise Refused(result("13"))
    trade = _at_once(office, work, product="barcode", card=USUAL.number)
    return _accepted(office, work, trade)


def without_redirect(office: Office, work: Work) -> Answer:
    """
    Paid with a card, or a token, that the merchant sends itself.

    Facts: unionpay/transactions, unionpay/sensitive, unionpay/test-constants
    """
    method = work.get("signMethod")
    try:
        card = card_number(office.vault, work.fields, method=method)
        claimed = customer(office.vault, work.fields, method=method, card=card)
    except Unopened:
        raise Refused(result("10")) from None
    if not card and work.get("bizType") == "000902":
        reading.needed(work.fields, "tokenPayData")
        card = USUAL.number
    if not card:
        raise Refused(result("13"))
    trade = _at_once(office, work, product="page", card=card)
    known = CARDS.get(card)
    code = "61" if known is None else known.objection(claimed)
    if code:
        fail(office, trade, code)
        return Answer(result(code))
    return _accepted(office, work, trade)


def _accepted(office: Office, work: Work, trade: Trade) -> Answer:
    conclude_later(office, trade, work.ending)
    assert trade.trade_no is not None
    total = str(trade.opening.total_fen)
    return Answer(OK, {"currencyCode": "156", "queryId": trade.trade_no, "txnAmt": total})


def conclude_later(office: Office, trade: Trade, ending: str) -> None:
    """
    Let an accepted transaction come to its end: at once, or after the time that the policy names.

    Facts: unionpay/back-type
    """
    code = ending or office.policy.settles_as
    if office.policy.settles_s > 0:
        office.herald.later(office.policy.settles_s, DUE, trade, code=code)
    else:
        conclude(office, trade, code)


def due(office: Office, trade: Trade, about: Mapping[str, str]) -> None:
    """The end of a payment has come."""
    conclude(office, trade, about["code"])


def conclude(office: Office, trade: Trade, code: str) -> None:
    """The end of a payment that was accepted, unless somebody has ended it by hand."""
    if trade.state is not TradeState.WAITING:
        return
    if code not in SUCCESS:
        fail(office, trade, code)
        if office.policy.failure_notices:
            office.herald.tell(trade)
        return
    office.book.pay(trade, now=office.now())
    if code != "00":
        trade.notes[ENDED] = code
    office.herald.tell(trade)


def fail(office: Office, trade: Trade, code: str) -> None:
    """A payment that has failed for good; what it would have completed can be completed again."""
    trade.notes[ENDED] = code
    office.book.close(trade, now=office.now(), by="buyer")
    free_preauth(office, trade)


def _waiting(office: Office, work: Work, *, product: str, code: str = "") -> Trade:
    number = claim(office, work)
    opening = opening_of(office, work, number=number, total_fen=_total(work), product=product, card=USUAL.number)
    if opening.expires_at <= work.now:
        raise Refused(result("39"))
    return office.book.open(opening, qr_code=code, qr_expires_at=opening.expires_at if code else None)


def _at_once(office: Office, work: Work, *, product: str, card: str) -> Trade:
    number, total_fen = claim(office, work), _total(work)
    opening = opening_of(office, work, number=number, total_fen=total_fen, product=product, card=card)
    query_id = office.new_query_id(work.mer_id, number, work.get("txnTime"))
    return office.book.open(opening, trade_no=query_id)


def _total(work: Work) -> Fen:
    reading.currency(work.fields)
    total_fen = reading.amount(work.fields)
    if work.kind == ("01", "03") and total_fen not in _INSTALMENTS:
        raise Refused(result("33"))
    return total_fen


def opening_of(
    office: Office, work: Work, *, number: str, total_fen: Fen, product: str, card: str, orig_query_id: str = ""
) -> Opening:
    """What a new trade is entered with."""
    preauth = work.get("txnType") == "02"
    days = office.policy.preauth_days if preauth else office.policy.refund_days
    more = {"accNo": card, "frontFailUrl": work.get("frontFailUrl"), "certId": work.get("certId")}
    more |= {"origQryId": orig_query_id, "ending": work.ending if work.ending in SUCCESS else ""}
    return Opening(
        provider=PROVIDER,
        out_trade_no=number,
        merchant_id=work.mer_id,
        app_id="",
        label=work.label,
        subject=work.get("orderDesc") or work.get("orderId"),
        total_fen=total_fen,
        created_at=work.now,
        expires_at=_end(office, work),
        refundable_s=days * 86_400.0,
        notify_url=shared(reading.back_url(work.fields)),
        return_url=work.get("frontUrl"),
        product="preauth" if preauth else product,
        details=details_of(work, **more),
    )


def _end(office: Office, work: Work) -> datetime:
    """Facts: unionpay/pay-timeout."""
    if not work.get("payTimeout"):
        return work.now + _DAY
    return office.on_schedule(reading.moment(work.fields, "payTimeout"))
