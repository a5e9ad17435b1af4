"""
Whose host a name is.
"""

import pytest

from mock_providers.front.hosts import VENDORS, permitted, vendor_of
from mock_providers.front.router import Refusal, choose
from mock_providers.registry import PROVIDERS

HOSTS = {
    "openapi.alipay.com": "alipay",
    "OpenAPI.Alipay.com": "alipay",
    "openapi.alipay.com.": "alipay",
    "openapi-sandbox.dl.alipaydev.com": "alipay",
    "openapi.alipaydev.com": "alipay",
    "api.mch.weixin.qq.com": "wechatpay",
    "api2.mch.weixin.qq.com": "wechatpay",
    "api.wechatpay.cn": "wechatpay",
    "api.weixin.qq.com": "wechatpay",
    "open.weixin.qq.com": "wechatpay",
    "mp.weixin.qq.com": None,
    "a.open.weixin.qq.com": None,
    "gateway.95516.com": "unionpay",
    "gateway.test.95516.com": "unionpay",
    "filedownload.test.95516.com": "unionpay",
    "www.alipay.com": None,
    "alipay.com": None,
    "alipaydev.com": None,
    "a.b.alipaydev.com": None,
    "openapi.alipay.com.example.org": None,
    "notopenapi.alipay.com": None,
    "pay.weixin.qq.com": None,
    "example.org": None,
    "110.75.132.1": None,
    "127.0.0.1": None,
    "[::1]": None,
    "": None,
}


@pytest.mark.parametrize(("host", "vendor"), HOSTS.items())
def test_a_host_is_its_vendors_or_nobodys(host, vendor):
    assert vendor_of(host) == vendor


def test_every_simulated_provider_has_hosts():
    assert set(PROVIDERS) <= set(VENDORS)


def test_no_permitted_name_lies_below_another():
    names = permitted()
    assert not [one for one in names for other in names if one.endswith(f".{other}")]
    assert all(any(host == name or host.endswith(f".{name}") for name in names) for host, vendor in HOSTS.items()
               if vendor and host == host.lower() and not host.endswith("."))  # fmt: skip


def test_a_vendor_that_nobody_plays_is_refused_by_name():
    refused = choose("gateway.95516.com", {}, stranger=403)
    assert isinstance(refused, Refusal)
    assert (refused.status, "unionpay, which is not simulated" in refused.text) == (502, True)
