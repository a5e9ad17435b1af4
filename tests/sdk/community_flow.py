"""
python-alipay-sdk (community) against the simulator: what it is told, and whether it believes it.

Facts: alipay/sdk-config
"""

from typing import Any

import alipay

from tests.sdk.sdk_world import COMMUNITY_SDK, SdkWorld

SUBJECT = "打赏 & 玫瑰 +1 {x pp000001"


class Community:
    """One client, with what the test asks of every SDK."""

    def __init__(self, world: SdkWorld, sign_type: str) -> None:
        # Both SDKs install the file alipay/__init__.py, so this one has a folder of its own.
        assert hasattr(alipay, "AliPay"), f"python-alipay-sdk is not in {COMMUNITY_SDK}: run make setup"
        self._client = alipay.AliPay(
            appid=world.text("app_id"),
            app_private_key_string=world.text("app_private_key.pkcs8.pem"),
            alipay_public_key_string=world.text("alipay_public_key.pem"),
            sign_type=sign_type,
        )
        # Its constructor knows production and sandbox only; the address is an attribute.
        self._client._gateway = world.gateway_url
        self._world = world

    def precreate(self, order: str, amount: str) -> dict[str, Any]:
        # A number on purpose: this SDK's users send floats.
        return dict(
            self._client.api_alipay_trade_precreate(
                subject=SUBJECT, out_trade_no=order, total_amount=float(amount), notify_url=self._world.notify_url
            )
        )

    def query(self, order: str) -> dict[str, Any]:
        return dict(self._client.api_alipay_trade_query(out_trade_no=order))

    def refund(self, order: str, amount: str, number: str) -> dict[str, Any]:
        return dict(
            self._client.api_alipay_trade_refund(refund_amount=amount, out_trade_no=order, out_request_no=number)
        )

    def refund_query(self, order: str, number: str) -> dict[str, Any]:
        return dict(self._client.api_alipay_trade_fastpay_refund_query(number, out_trade_no=order))

    def verifies(self, notify: dict[str, str]) -> bool:
        told = dict(notify)
        return bool(self._client.verify(told, told.pop("sign")))
