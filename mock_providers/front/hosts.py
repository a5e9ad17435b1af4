"""
Whose host a name is: the vendors' production and sandbox hosts, as their SDKs know them.

Facts: alipay/endpoint

Knows no provider's protocol, and not which vendors are simulated. A host that stands here is answered by a front door,
any other host is refused; nothing is ever forwarded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Vendor:
    """
    One vendor's hosts.

    Args:
        hosts: exact names; production is never covered by a wildcard.
        parents: every name with one label more belongs to the vendor as well; sandboxes and merchant APIs only.
    """

    hosts: tuple[str, ...]
    parents: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What the vendor's certificate says."""
        return (*self.hosts, *(f"*.{parent}" for parent in self.parents))

    def owns(self, host: str) -> bool:
        """Whether the vendor's certificate covers *host*."""
        return host in self.hosts or host.partition(".")[2] in self.parents


# Every host here is in that vendor's page under docs/protocols/, or will be with its provider.
VENDORS: Mapping[str, Vendor] = MappingProxyType(
    {
        "alipay": Vendor(
            hosts=(
                "openapi.alipay.com",
                "unitradeprod.alipay.com",
                "dwbillcenter.alipay.com",
                "qr.alipay.com",
                "openauth.alipay.com",
            ),
            parents=("alipaydev.com", "dl.alipaydev.com"),
        ),
        "wechatpay": Vendor(
            hosts=(
                *("api.wechatpay.cn", "api2.wechatpay.cn", "wx.tenpay.com"),
                # The open platform, which tells who the buyer is.
                *("api.weixin.qq.com", "open.weixin.qq.com"),
            ),
            parents=("mch.weixin.qq.com",),
        ),
        "unionpay": Vendor(
            hosts=("gateway.95516.com", "filedownload.95516.com", "qr.95516.com", "qra.95516.com", "cashier.95516.com"),
            parents=("test.95516.com",),
        ),
    }
)


def vendor_of(host: str) -> str | None:
    """
    Returns:
        The vendor's name, or None for everybody else's host, an address or nonsense.
    """
    plain = host.lower().removesuffix(".")
    return next((name for name, vendor in VENDORS.items() if vendor.owns(plain)), None)


def permitted() -> tuple[str, ...]:
    """
    Returns:
        The names below which the authority may sign, none of them below another.
    """
    every = {name for vendor in VENDORS.values() for name in (*vendor.hosts, *vendor.parents)}
    return tuple(sorted(name for name in every if not any(name.endswith(f".{other}") for other in every)))
