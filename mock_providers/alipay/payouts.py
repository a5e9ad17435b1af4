"""A payout in the vendor's words: what transfers answer, their queries tell, and the application gateway hears."""

from collections.abc import Mapping
from types import MappingProxyType

from mock_providers.alipay.times import text_of
from mock_providers.core.books.payouts import Payout, PayoutState
from mock_providers.core.money import yuan_text

# See alipay/transfer.
_STATUS: Mapping[PayoutState, str] = MappingProxyType(
    {
        PayoutState.PROCESSING: "DEALING",
        PayoutState.SUCCEEDED: "SUCCESS",
        PayoutState.FAILED: "FAIL",
        PayoutState.RETURNED: "REFUND",
    }
)


def payout_status(payout: Payout) -> str:
    """
    The vendor's word for where it stands.

    Facts: alipay/transfer
    """
    return _STATUS[payout.state]


def payout_result(payout: Payout) -> dict[str, str]:
    """
    What is told of a payout once it has a result.

    Facts: alipay/transfer
    """
    result = {
        "biz_scene": payout.details["biz_scene"],
        "order_id": payout.order_no,
        "out_biz_no": payout.out_biz_no,
        "pay_fund_order_id": payout.details["pay_fund_order_id"],
        "product_code": payout.details["product_code"],
        "status": payout_status(payout),
        "trans_amount": yuan_text(payout.amount_fen),
    }
    if payout.settled_at is not None and payout.state in {PayoutState.SUCCEEDED, PayoutState.RETURNED}:
        result["pay_date"] = text_of(payout.settled_at)
    failure = payout.notes.get("error_code")
    if failure:
        result |= {"error_code": failure, "fail_reason": payout.notes.get("fail_reason", failure)}
    return result
