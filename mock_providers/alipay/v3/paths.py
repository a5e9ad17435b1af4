"""
The paths of OpenAPI v3 and the methods behind them; page payments have none and stay forms of gateway v2.

Facts: alipay/v3-paths
"""

from collections.abc import Mapping
from types import MappingProxyType

PREFIX = "/v3/"

_POST = (
    "alipay.trade.pay",
    "alipay.trade.precreate",
    "alipay.trade.create",
    "alipay.trade.query",
    "alipay.trade.cancel",
    "alipay.trade.close",
    "alipay.trade.refund",
    "alipay.trade.refund.apply",
    "alipay.trade.fastpay.refund.query",
    "alipay.fund.trans.uni.transfer",
    "alipay.system.oauth.token",
    "alipay.open.auth.token.app",
)
_GET = (
    "alipay.data.dataservice.bill.downloadurl.query",
    "alipay.fund.trans.common.query",
    "alipay.open.auth.token.app.query",
    "alipay.open.app.alipaycert.download",
)


def path_of(method: str) -> str:
    """
    "/v3/alipay/trade/pay" for "alipay.trade.pay".

    Facts: alipay/v3-paths
    """
    return PREFIX + method.replace(".", "/")


# The HTTP method and the method's name, by path.
PATHS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {path_of(name): (verb, name) for verb, names in (("POST", _POST), ("GET", _GET)) for name in names}
)
