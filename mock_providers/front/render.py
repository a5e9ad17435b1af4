"""
Snippets: how each SDK is pointed here, written out with this run's addresses and paths.

The texts are data in `snippets/`. A section marked `[door]` appears when that door is open, and
says how to open it else.
"""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from mock_providers.front.doors import FrontDoors
from mock_providers.front.files import TRUSTSTORE_PASSWORD

TEMPLATES = Path(__file__).with_name("snippets")
_SECTION = re.compile(r"^(?=## )", re.MULTILINE)
_TITLE = re.compile(r"## (?:\[(?P<door>\w+)\] )?(?P<title>.*)")
_SHUT: Mapping[str, str] = {
    "proxy": "the proxy is shut; `proxy_port` opens it",
    "tls": "TLS is shut; `tls_port` opens it",
    "vendor_http": "port 80 is shut; `tls_port` opens it where the system allows it",
    "vendor_https": "port 443 is shut; `tls_port` opens it where the system allows it",
}


class _Snippet(Template):
    """`@{name}`, since shells, PHP and JavaScript want the dollar for themselves."""

    delimiter = "@"


def facts(front: FrontDoors, *, urls: Mapping[str, str], credentials_dir: Path) -> dict[str, str]:
    """
    What snippets may name; a shut door's facts are missing.

    Args:
        urls: each provider's own address.
    """
    told = {f"{name}_url": url for name, url in urls.items()}
    told |= {f"{name}_keys": str(credentials_dir.absolute() / name) for name in urls}
    if front.files is not None:
        told["ca_file"] = str(front.files.ca_file.absolute())
        told["truststore"] = str(front.files.truststore.absolute())
        told["truststore_password"] = TRUSTSTORE_PASSWORD
    if front.proxy_url is not None:
        place = urlsplit(front.proxy_url)
        told |= {"proxy": "", "proxy_url": front.proxy_url}
        told |= {"proxy_host": str(place.hostname), "proxy_port": str(place.port)}
    if front.tls_url is not None:
        told |= {"tls": "", "tls_url": front.tls_url, "tls_place": urlsplit(front.tls_url).netloc}
    return told | {f"vendor_{url.partition(':')[0]}": "" for url in front.vendor_urls}


def render(text: str, told: Mapping[str, str]) -> str:
    """
    Fill one template in.

    Raises:
        KeyError: it names something that its door does not bring.
    """
    return "".join(_sections(text, told))


def _sections(text: str, told: Mapping[str, str]) -> Iterator[str]:
    for section in _SECTION.split(text):
        title = _TITLE.match(section)
        if title is None:
            yield _Snippet(section).substitute(told)
        elif title["door"] is None or title["door"] in told:
            yield _Snippet(section.replace(f"[{title['door']}] ", "", 1)).substitute(told)
        else:
            bare = re.sub(r",? on @\{\w+\}", "", title["title"])
            yield f"## {bare}\n\nNot in this run: {_SHUT[title['door']]}.\n\n"


def write_snippets(front: FrontDoors, *, urls: Mapping[str, str], credentials_dir: Path) -> Path:
    """
    Write every snippet, each at one stroke.

    Returns:
        The folder, `snippets` among the credentials.
    """
    told = facts(front, urls=urls, credentials_dir=credentials_dir)
    folder = credentials_dir.absolute() / "snippets"
    folder.mkdir(mode=0o700, exist_ok=True)
    for template in sorted(TEMPLATES.glob("*.md")):
        descriptor, half = tempfile.mkstemp(prefix=".new-", dir=folder)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(render(template.read_text(encoding="utf-8"), told))
        Path(half).replace(folder / template.name)
    return folder
