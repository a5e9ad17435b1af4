"""
Completing a pre-authorisation: the payment that takes what was held.

Facts: unionpay/preauth-rules
"""

from mock_providers.unionpay import reading
from mock_providers.unionpay.codes import OK, result
from mock_providers.unionpay.givebacks import must_stand, original
from mock_providers.unionpay.orders import conclude_later, opening_of
from mock_providers.unionpay.transactions import COMPLETION, claim
from mock_providers.unionpay.work import Answer, Office, Refused, Work

_SHARE_MAX = 115


def complete(office: Office, work: Work) -> Answer:
    """Pay from a pre-authorisation, up to 115 % of it and once."""
    number, amount_fen = claim(office, work), reading.amount(work.fields)
    held = original(office, work)
    if held.opening.details["txnType"] != "02":
        raise Refused(result("35", digits="2040004"))
    must_stand(held)
    if held.notes.get(COMPLETION):
        raise Refused(result("45"))
    if amount_fen * 100 > held.opening.total_fen * _SHARE_MAX:
        raise Refused(result("36"))
    card = held.opening.details["accNo"]
    assert held.trade_no is not None
    opening = opening_of(
        office,
        work,
        number=number,
        total_fen=amount_fen,
        product="capture",
        card=card,
        orig_query_id=held.trade_no,
    )
    query_id = office.new_query_id(work.mer_id, number, work.get("txnTime"))
    trade = office.book.open(opening, trade_no=query_id)
    held.notes[COMPLETION] = query_id
    conclude_later(office, trade, work.ending)
    return Answer(OK, {"origQryId": held.trade_no, "queryId": query_id, "txnAmt": str(amount_fen)})
