"""
What a buyer's browser does with a page payment: opens its URL or submits its form, pays on the cashier's page, is sent back.

By hand, because the parsers at hand take `&notify_url` and `&timestamp` in a form's address for entities, which no browser does.
"""

import io
import re
import urllib.error
import urllib.request
import zipfile
from email.message import Message
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from tests.sdk.kit.world import World

BACK = "http://127.0.0.1:9/back?room=1"

_ACTION = re.compile(r'action="([^"]*)"')
_INPUT = re.compile(r'name="([^"]*)" value="([^"]*)"')
_LINK = re.compile(r'href="(http://127\.0\.0\.1:9/back[^"]*)"')


class _Stays(urllib.request.HTTPRedirectHandler):
    """Shows where a redirect leads instead of going there."""

    def redirect_request(self, *_: Any) -> None:
        return None


def fetched(url: str, body: dict[str, str] | None = None, *, follow: bool = True) -> tuple[int, Message, str]:
    """Status, headers and text."""
    handlers: list[Any] = [urllib.request.ProxyHandler({}), *([] if follow else [_Stays()])]
    data = None if body is None else urlencode(body).encode()
    try:
        answer = urllib.request.build_opener(*handlers).open(url, data, timeout=20)
    except urllib.error.HTTPError as refused:
        answer = refused
    with answer:
        codec = "gbk" if "GBK" in answer.headers.get("Content-Type", "") else "utf-8"
        return answer.status, answer.headers, answer.read().decode(codec)


def opened(artefact: str) -> tuple[int, Message, str]:
    """Open a URL, or submit an HTML form."""
    if artefact.startswith("http"):
        return fetched(artefact, follow=False)
    found = _ACTION.search(artefact)
    assert found is not None, artefact
    inputs = {name: value.replace("&quot;", '"') for name, value in _INPUT.findall(artefact)}
    return fetched(found[1], inputs, follow=False)


def pays(world: World, artefact: str) -> dict[str, str]:
    """
    Open a page payment, press the cashier's button, and follow the way back as far as its parameters.

    Returns:
        The signed parameters of the return URL, empty where the buyer is sent nowhere.
    """
    status, headers, text = opened(artefact)
    assert status == 302, f"{status}: {text}"
    cashier = urljoin(world.url("alipay"), headers["Location"])
    key = re.search(r'name="key" value="([^"]*)"', fetched(cashier)[2])
    assert key is not None, "the cashier's page has no form"
    page = fetched(cashier, {"key": key[1], "action": "pay"})[2]
    link = _LINK.search(page)
    signed = dict(parse_qsl(urlsplit(unescape(link[1])).query)) if link else {}
    assert signed.pop("room", "1") == "1"
    return signed


def consents(world: World, page: str) -> dict[str, str]:
    """What a browser brings back from a page of the vendor's where somebody says yes to an application."""
    query = urlencode({"app_id": world.text("alipay/app_id"), "redirect_uri": "http://127.0.0.1:9/back"})
    _, headers, _ = fetched(f"{world.url('alipay')}/oauth2/{page}?{query}", follow=False)
    return dict(parse_qsl(urlsplit(headers["Location"]).query))


def downloaded(url: str) -> dict[str, str]:
    """The texts of a bill's archive, by the names of its files; both are GBK."""
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=20) as answer:
        archive = zipfile.ZipFile(io.BytesIO(answer.read()), metadata_encoding="gbk")
    return {name: archive.read(name).decode("gbk") for name in archive.namelist()}
