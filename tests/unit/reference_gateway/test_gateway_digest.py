"""What a request for an order means has one name, and names that were written long ago stay the same."""

import hashlib
import json
import string
from dataclasses import fields

from hypothesis import given
from hypothesis import strategies as st

from reference_gateway.domain.money import Fen
from reference_gateway.service.orders.create_payment import OrderRequest

LATER = ("purpose", "return_url", "payer_id", "auth_code", "client_ip", "good_id", "quantity", "hold")
texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)
maybe = st.none() | texts


def as_it_was_first_named(request: OrderRequest) -> str:
    content = {field.name: getattr(request, field.name) for field in fields(request)}
    kept = {name: value for name, value in content.items() if name not in LATER or value}
    text = json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@given(
    st.builds(
        OrderRequest,
        merchant_order_no=st.text(string.ascii_letters + string.digits + "_-", min_size=1),
        amount_fen=st.integers(1, 10**13).map(Fen),
        currency=st.just("CNY"),
        subject=texts,
        channel=texts,
        product=texts,
        region=maybe,
        buyer_id=maybe,
        room_id=maybe,
        attach=maybe | st.just(""),
        purpose=maybe,
        payer_id=maybe,
        quantity=st.none() | st.integers(1, 10_000),
        hold=st.booleans(),
    )
)
def test_the_name_of_an_order_is_the_one_that_older_rows_carry(request):
    assert request.digest() == as_it_was_first_named(request)
