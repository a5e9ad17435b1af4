"""
What stands beside payments: whose code a buyer shows, and the report of how long a call took.

Facts: wechatpay/v2-tools
"""

from mock_providers.wechatpay.shown_codes import outcome_of
from mock_providers.wechatpay.v2.barcode import REFUSED
from mock_providers.wechatpay.v2.oauth import openid_of
from mock_providers.wechatpay.v2.work import Answer, Done, Work


def whose_code(work: Work) -> Answer:
    """
    The openid of the buyer behind a code; a payment by that code names the same one.

    Facts: wechatpay/v2-tools
    """
    code = work.fields["auth_code"]
    refusal = REFUSED.get(outcome_of(code, 0))
    return refusal or Done({"openid": openid_of(work.fields["appid"], code)})


def report(work: Work) -> Answer:  # noqa: ARG001
    """
    Taken, and nothing comes of it.

    Facts: wechatpay/v2-tools
    """
    return Done()
