"""
What the bundled gateway is told of the simulator: one place for every world, whether it hands settings or environment.

It knows the names of the gateway's settings and the files of the credentials folder, and nothing of how either room
uses them.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

Values = dict[str, str]


def gateway_values(credentials: Path, urls: Mapping[str, str], *, merchants: int = 1) -> Values:
    """
    The settings, by name in lower case, that make every channel of a simulated provider live.

    Args:
        credentials: the simulator's folder of keys.
        urls: where each provider listens, without a path; one that is not named gets no channel.
        merchants: each provider's next one of so many merchants; a simulator of several processes serves them apart.
    """
    values: Values = {}
    for number, (provider, told) in enumerate(_TOLD.items()):
        if provider in urls:
            values |= told(_merchant(credentials, number % merchants) / provider, urls[provider])
    return values


def _merchant(credentials: Path, number: int) -> Path:
    """
    The first merchant's keys are the folder's own, the others' lie in it.
    """
    return credentials / "merchants" / str(number + 1) if number else credentials


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


def _wechatpay(folder: Path, url: str) -> Values:
    return {
        "wechatpay_v3_url": url,
        "wechatpay_v2_url": url,
        "wechatpay_appid": _word(folder / "appid"),
        "wechatpay_mchid": _word(folder / "mchid"),
        "wechatpay_cert_file": str(folder / "apiclient_cert.pem"),
        "wechatpay_key_file": str(folder / "apiclient_key.pem"),
        "wechatpay_apiv3_key_file": str(folder / "apiv3_key"),
        "wechatpay_apiv2_key_file": str(folder / "apiv2_key"),
        "wechatpay_public_key_id": _word(folder / "wechatpay_public_key_id"),
        "wechatpay_public_key_file": str(folder / "wechatpay_public_key.pem"),
        # Keys of both kinds are known, and answers are asked for by certificate: so worlds meet rotations.
        "wechatpay_platform_cert_files": str(folder / "wechatpay_certificate.pem"),
        "wechatpay_answers_by": "certificate",
    }


def _unionpay(folder: Path, url: str) -> Values:
    password = _word(folder / "pfx_password")
    return {
        "unionpay_url": url,
        "unionpay_file_url": f"{url}/",
        "unionpay_front_url": f"{url}/",
        "unionpay_mer_id": _word(folder / "mer_id"),
        "unionpay_pfx_file": str(folder / "acp_test_sign.pfx"),
        "unionpay_pfx_password": password,
        "unionpay_root_cert_file": str(folder / "acp_test_root.cer"),
        "unionpay_middle_cert_file": str(folder / "acp_test_middle.cer"),
        "unionpay_enc_cert_file": str(folder / "acp_test_enc.cer"),
        "unionpay_secure_key": _word(folder / "secure_key"),
        "unionpay_sm2_file": str(folder / "acp_test_sm2_sign.sm2"),
        "unionpay_sm2_password": password,
        "unionpay_sm2_root_cert_file": str(folder / "acp_test_sm2_root.cer"),
        "unionpay_sm2_middle_cert_file": str(folder / "acp_test_sm2_middle.cer"),
        "unionpay_sm2_enc_cert_file": str(folder / "acp_test_sm2_enc.cer"),
    }


def _word(file: Path) -> str:
    return file.read_text().strip()


_TOLD: Mapping[str, Callable[[Path, str], Values]] = {
    "alipay": _alipay,
    "wechatpay": _wechatpay,
    "unionpay": _unionpay,
}
