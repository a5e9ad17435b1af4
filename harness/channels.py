"""
The channels by name: which provider's book a payment over each of them stands in.

The words are a contract with drivers, scenarios and reports. It refuses to know how any channel is spoken.
"""

from dataclasses import dataclass

WALLET = "wallet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """
    One way to pay.

    Args:
        provider: whose book holds the trade; empty for the gateway's own wallet, which has no provider.
        title: how reports call it.
    """

    name: str
    provider: str
    title: str


CHANNELS = {
    channel.name: channel
    for channel in (
        Channel(name="alipay", provider="alipay", title="Alipay"),
        Channel(name="alipay_v3", provider="alipay", title="Alipay OpenAPI v3"),
        Channel(name="wechatpay_v3", provider="wechatpay", title="WeChat Pay API v3"),
        Channel(name="wechatpay_v2", provider="wechatpay", title="WeChat Pay XML API"),
        Channel(name="unionpay_rsa", provider="unionpay", title="UnionPay, RSA"),
        Channel(name="unionpay_keyed", provider="unionpay", title="UnionPay, keyed digest"),
        Channel(name="unionpay_sm2", provider="unionpay", title="UnionPay, SM2"),
        Channel(name=WALLET, provider="", title="Wallet balance"),
    )
}
PROVIDED = tuple(name for name, channel in CHANNELS.items() if channel.provider)
"""Those that a provider stands behind."""


def provider_of(channel: str) -> str:
    """
    The provider behind *channel*.

    Raises:
        KeyError: no such channel.
    """
    return CHANNELS[channel].provider
