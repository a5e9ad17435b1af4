import pytest

from harness.model import Life, PaymentModel
from tests.unit.harness.rows import payment

OPEN = PaymentModel(amount_fen=990)
BOUGHT = OPEN.bought()
REFUNDED = BOUGHT.refund_asked("r1", 400).refund_ended("r1", done=True)
DOUBTFUL = BOUGHT.refund_asked("r1", 400)


@pytest.mark.parametrize(
    ("model", "seen", "settled", "wrong"),
    [
        (OPEN, payment(status="PENDING", credited=()), True, ()),
        (OPEN, payment(status="PAID", credited=()), False, ("status PAID of a payment that is open",)),
        (OPEN, payment(status="PENDING"), False, ("9.90 yuan credited that nobody paid",)),
        (BOUGHT, payment(status="PENDING", credited=()), False, ()),
        (BOUGHT, payment(status="PENDING", credited=()), True, ("status PENDING of a payment that is bought",)),
        (BOUGHT, payment(), True, ()),
        (BOUGHT, payment(credited=()), True, ("paid, and never credited",)),
        (BOUGHT, payment(credited=(990, 990)), False, ("credited 2 times",)),
        (BOUGHT, payment(credited=(1990,)), False, ("19.90 yuan credited instead of 9.90 yuan",)),
        (BOUGHT, payment(refunded=100), False, ("1.00 yuan refunded, not between 0.00 yuan and 0.00 yuan",)),
        (REFUNDED, payment(refunded=400), True, ()),
        (REFUNDED, payment(), True, ("0.00 yuan refunded, not between 4.00 yuan and 4.00 yuan",)),
        (DOUBTFUL, payment(), True, ()),
        (DOUBTFUL, payment(refunded=400), True, ()),
        (BOUGHT, payment(status="CLOSED", refunded=990, refund_status="FULL"), True, ()),
        (BOUGHT, payment(status="CLOSED", refunded=400), True, ("status CLOSED of a payment that is bought",)),
        (
            OPEN,
            payment(status="CLOSED", credited=(), refunded=990),
            True,
            ("9.90 yuan refunded, not between 0.00 yuan and 0.00 yuan",),
        ),
        (BOUGHT.end_asked(), payment(status="PAID", refunded=990, refund_status="FULL"), False, ()),
        (
            BOUGHT.end_asked(),
            payment(refunded=991),
            False,
            ("9.91 yuan refunded, not between 0.00 yuan and 9.90 yuan",),
        ),
        (OPEN.over(), payment(status="CLOSED", credited=()), True, ()),
    ],
)
def test_what_a_correct_gateway_may_say(model, seen, settled, wrong):
    assert model.objections(seen, settled=settled) == wrong


def test_a_refund_in_doubt_holds_its_amount():
    assert BOUGHT.may_refund(990)
    assert not DOUBTFUL.may_refund(600)
    assert DOUBTFUL.may_refund(590)
    assert DOUBTFUL.refund_ended("r1", done=False).may_refund(990)


def test_nothing_is_refunded_before_it_is_paid():
    assert not OPEN.may_refund(1)
    assert not BOUGHT.may_refund(0)


def test_a_paid_payment_cannot_end_without_money():
    assert BOUGHT.over().life is Life.BOUGHT


def test_a_refund_ends_once():
    assert REFUNDED.refund_ended("r1", done=True) == REFUNDED
