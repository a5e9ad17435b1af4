"""
Alipay from the merchant's side, as two channels: the v2 gateway (`alipay`) and OpenAPI v3 (`alipay_v3`).

Both share their words, states and rules; they differ in how a call is signed, sent and verified.
"""

from reference_gateway.channels.alipay.channel import AlipayChannel, AlipayV3Channel
from reference_gateway.channels.alipay.merchant import AlipayMerchant

__all__ = ["AlipayChannel", "AlipayMerchant", "AlipayV3Channel"]
