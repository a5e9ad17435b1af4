"""WeChat Pay (微信支付): API v3 and the legacy XML API over one book, one set of keys and one merchant."""

from mock_providers.wechatpay.provider import PROVIDER

__all__ = ["PROVIDER"]
