"""UnionPay (银联全渠道): the online gateway, versions 5.1.0 and 5.0.0."""

from mock_providers.unionpay.provider import FACTORY as PROVIDER

__all__ = ["PROVIDER"]
