"""
What the bundled gateway is told of the simulator: one place for every world, whether it hands settings or environment.

It knows the names of the gateway's settings and the files of the credentials folder, and nothing of how either room
uses them.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

Values = dict[str, str]


def gateway_values(credentials: Path, urls: Mapping[str, str]) -> Values:
    """
    The settings, by name in lower case, that make every channel of a simulated provider live.

    Args:
        credentials: the simulator's folder of keys.
        urls: where each provider listens, without a path; one that is not named gets no channel.
    """
    values: Values = {}
    for provider, told in _TOLD.items():
        if provider in urls:
            values |= told(credentials / provider, urls[provider])
    return values


def _alipay(folder: Path, url: str) -> Values:
    return {
        "alipay_gateway_url": f"{url}/gateway.do",
        "alipay_app_id": _word(folder / "app_id"),
        "alipay_seller_id": _word(folder / "seller_id"),
        "alipay_app_private_key_file": str(folder / "app_private_key.pkcs8.pem"),
        "alipay_public_key_file": str(folder / "alipay_public_key.pem"),
        "alipay_app_cert_file": str(folder / "appCertPublicKey.crt"),
        "alipay_root_cert_file": str(folder / "alipayRootCert.crt"),
        "alipay_cert_files": str(folder / "alipayCertPublicKey_RSA2.crt"),
        "alipay_v3_url": url,
    }


def _word(file: Path) -> str:
    return file.read_text().strip()


_TOLD: Mapping[str, Callable[[Path, str], Values]] = {"alipay": _alipay}
