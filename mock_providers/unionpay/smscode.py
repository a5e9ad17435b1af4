"""The code that a cardholder is sent before paying without redirect; on the test platform it is always the same."""

from mock_providers.unionpay import reading
from mock_providers.unionpay.cards import CARDS
from mock_providers.unionpay.codes import result
from mock_providers.unionpay.vault import Unopened, card_number, customer
from mock_providers.unionpay.work import Answer, Office, Refused, Work


def send_code(office: Office, work: Work) -> Answer:
    """
    Send the code, if card and telephone belong together.

    Facts: unionpay/test-constants
    """
    reading.order_id(work.fields)
    reading.moment(work.fields)
    method = work.get("signMethod")
    try:
        card = card_number(office.vault, work.fields, method=method)
        claimed = customer(office.vault, work.fields, method=method, card=card)
    except Unopened:
        raise Refused(result("10")) from None
    if not card:
        raise Refused(result("13"))
    known = CARDS.get(card)
    code = "61" if known is None else known.objection({name: one for name, one in claimed.items() if name != "smsCode"})
    return Answer(result(code)) if code else Answer()
