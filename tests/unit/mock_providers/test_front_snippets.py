"""
Snippets: one for each SDK, filled in with what is open, and no place left empty.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from mock_providers.front.files import TlsFiles
from mock_providers.front.render import TEMPLATES, facts, render, write_snippets

SDKS = {
    "alipay-easysdk",
    "alipay-sdk-java",
    "alipay-sdk-php",
    "alipay-sdk-python",
    "curl-unionpay",
    "environment",
    "go-gopay",
    "go-smartwalle-alipay",
    "go-smartwalle-unionpay",
    "java-unionpay-acp",
    "npm-alipay-sdk",
    "python-alipay-sdk",
    "wechatpay-java",
    "weixin-java-pay",
}
_CODE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass
class Doors:
    """What render asks of the front doors."""

    files: TlsFiles | None = None
    tls_url: str | None = None
    proxy_url: str | None = None
    vendor_urls: tuple[str, ...] = ()


URLS = {
    "alipay": "http://127.0.0.1:40001",
    "wechatpay": "http://127.0.0.1:40002",
    "unionpay": "http://127.0.0.1:40003",
}
SHUT = Doors()
OPEN = Doors(
    TlsFiles(Path("/c/tls")),
    "https://127.0.0.1:40443",
    "http://127.0.0.1:40808",
    ("https://127.0.0.1", "http://127.0.0.1"),
)


def rendered(name: str, doors: Doors) -> str:
    told = facts(doors, urls=URLS, credentials_dir=Path("/c"))  # type: ignore[arg-type]
    return render((TEMPLATES / f"{name}.md").read_text(), told)


def test_there_is_one_for_each_sdk():
    assert {path.stem for path in TEMPLATES.iterdir()} == SDKS


@pytest.mark.parametrize("name", sorted(SDKS))
@pytest.mark.parametrize("doors", [SHUT, OPEN], ids=["shut", "open"])
def test_no_place_is_left_empty(name, doors):
    text = rendered(name, doors)
    assert "@{" not in text
    assert not re.search(r"^## \[", text, re.MULTILINE)
    assert ("Not in this run" in text) == (doors is SHUT)
    assert text.startswith("# ")


@pytest.mark.parametrize("name", sorted(SDKS))
def test_each_way_takes_less_than_ten_lines(name):
    codes = [list(filter(None, code.splitlines())) for _, code in _CODE.findall(rendered(name, OPEN))]
    assert codes
    assert all(len(lines) < 10 for lines in codes)


def test_they_name_the_files_that_are_there(credentials_dir):
    told = re.findall(r"app_\w+(?:\.pkcs\d\.\w+)?|alipay_public_key\.\w+", " ".join(rendered(n, OPEN) for n in SDKS))
    there = {path.name for path in (credentials_dir / "alipay").iterdir()}
    keys = {name for name in told if name == "app_id" or "." in name}
    assert len(keys) >= 5
    assert keys <= there


def test_they_name_unionpays_files_that_are_there(credentials_dir):
    told = " ".join(rendered(name, OPEN) for name in ("curl-unionpay", "go-smartwalle-unionpay", "java-unionpay-acp"))
    named = set(re.findall(r"acp_test_\w+\.\w+|mer_id|secure_key|pfx_password", told))
    assert len(named) == 7
    assert named <= {path.name for path in (credentials_dir / "unionpay").iterdir()}


def test_they_name_wechat_pays_files_that_are_there(credentials_dir):
    told = " ".join(rendered(name, OPEN) for name in ("wechatpay-java", "weixin-java-pay", "go-gopay"))
    named = set(re.findall(r"/c/wechatpay/([\w.]+)", told))
    assert len(named) == 10
    assert named <= {path.name for path in (credentials_dir / "wechatpay").iterdir()}


def test_every_variable_that_matters_is_named():
    text = rendered("environment", OPEN)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "NO_PROXY"):
        assert f"{name}=" in text


def test_they_are_written_private_and_again(tmp_path):
    for doors in (SHUT, OPEN):
        folder = write_snippets(doors, urls=URLS, credentials_dir=tmp_path)  # type: ignore[arg-type]
    assert {path.stem for path in folder.iterdir()} == SDKS
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert str(OPEN.proxy_url) in (folder / "environment.md").read_text()
