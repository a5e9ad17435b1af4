"""
Clients that insist on the vendor's own host name reach the simulator, and verify what it answers.
"""

import asyncio
import io
import shutil
import socket
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import aiohttp
import pytest

from mock_providers.front import doors
from mock_providers.front.files import TlsFiles
from mock_providers.front.render import TEMPLATES, facts, render
from tests.cross.unionpay_parsers import official_java
from tests.loopback.front import GATEWAY, HOST, LOOPS, Front, front, named_session, on, python, ran
from tests.unit.mock_providers.unionpay_desk import Merchant

CURL = shutil.which("curl")
URLLIB = "import sys, urllib.request; sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[1], timeout=10).read())"
BIG = 3_000_000


@pytest.mark.parametrize("loop", LOOPS)
def test_precreate_through_the_proxy_over_tls_and_by_plain_http(credentials_dir, loop):
    async def work():
        async with front(credentials_dir) as doors_, named_session(doors_.tls) as named:
            session, proxy = doors_.box.session, doors_.proxy_url
            async with session.post(GATEWAY, data=doors_.signed("a"), proxy=proxy, ssl=doors_.tls) as answer:
                tunnelled = doors_.opened(await answer.read())
            async with named.post(f"https://{HOST}:{doors_.tls_port}/gateway.do", data=doors_.signed("b")) as answer:
                direct = doors_.opened(await answer.read())
            plain = GATEWAY.replace("https", "http")
            async with session.post(plain, data=doors_.signed("c"), proxy=proxy) as answer:
                return [tunnelled, direct, doors_.opened(await answer.read())]

    assert [told["out_trade_no"] for told in on(loop, work())] == ["a", "b", "c"]


def test_urllib_with_https_proxy_and_the_bundle(credentials_dir):
    async def work():
        async with front(credentials_dir) as doors_:
            environment = {"HTTPS_PROXY": doors_.proxy_url, "SSL_CERT_FILE": doors_.ca_file}
            return doors_.opened(await python(URLLIB, doors_.url(), **environment))

    assert on("uvloop", work())["code"] == "10000"


def test_aiohttp_with_https_proxy(credentials_dir, monkeypatch):
    async def work():
        async with front(credentials_dir) as doors_:
            monkeypatch.setenv("HTTPS_PROXY", doors_.proxy_url)
            monkeypatch.delenv("NO_PROXY", raising=False)
            monkeypatch.delenv("no_proxy", raising=False)
            connector = aiohttp.TCPConnector(ssl=doors_.tls)
            async with (
                aiohttp.ClientSession(trust_env=True, connector=connector) as session,
                session.post(GATEWAY, data=doors_.signed()) as answer,
            ):
                return doors_.opened(await answer.read())

    assert on("asyncio", work())["code"] == "10000"


@pytest.mark.skipif(CURL is None, reason="no curl on PATH")
def test_curl_by_proxy_and_by_name_and_not_without_the_bundle(credentials_dir):
    async def work():
        async with front(credentials_dir) as doors_:
            curl = [str(CURL), "-sS", "--max-time", "10"]
            proxied = {"HTTPS_PROXY": doors_.proxy_url}
            by_proxy = await ran(*curl, doors_.url("a"), **proxied, CURL_CA_BUNDLE=doors_.ca_file)
            port = doors_.tls_port
            named = [*curl, "--resolve", f"{HOST}:{port}:127.0.0.1", "--cacert", doors_.ca_file]
            by_name = await ran(*named, doors_.url("b").replace(HOST, f"{HOST}:{port}"))
            without = await ran(*curl, doors_.url("c"), **proxied)
            return doors_.opened(by_proxy[1]), doors_.opened(by_name[1]), without

    by_proxy, by_name, without = on("uvloop", work())
    assert (by_proxy["out_trade_no"], by_name["out_trade_no"]) == ("a", "b")
    assert (without[0], without[1]) == (60, b""), "60: the certificate is not trusted"


@pytest.mark.parametrize("loop", LOOPS)
def test_a_tunnel_is_kept_alive(credentials_dir, loop):
    opened: list[object] = []
    trace = aiohttp.TraceConfig()

    async def count(*_: object) -> None:
        opened.append(_)

    trace.on_connection_create_end.append(count)

    async def work():
        async with front(credentials_dir) as doors_, aiohttp.ClientSession(trace_configs=[trace]) as session:
            for order in ("a", "b", "c"):
                data, proxy = doors_.signed(order), doors_.proxy_url
                async with session.post(GATEWAY, data=data, proxy=proxy, ssl=doors_.tls) as answer:
                    assert doors_.opened(await answer.read())["out_trade_no"] == order

    on(loop, work())
    assert len(opened) == 1


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("expect", [False, True], ids=["at once", "after 100 Continue"])
def test_large_bodies_arrive_whole(credentials_dir, loop, expect):
    async def work():
        async with front(credentials_dir) as doors_:
            session, data = doors_.box.session, io.BytesIO(b"x" * BIG)
            post = session.post(GATEWAY, data=data, proxy=doors_.proxy_url, ssl=doors_.tls, expect100=expect)
            async with post as answer:
                assert answer.status == 200
            return (await doors_.box.journal("in"))[0]["body"]

    assert on(loop, work()) == b"x" * BIG


@pytest.mark.parametrize("loop", LOOPS)
def test_many_handshakes_at_once(credentials_dir, loop):
    async def one(doors_: Front, number: int) -> str:
        connector = aiohttp.TCPConnector(force_close=True)
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.post(GATEWAY, data=doors_.signed(f"o{number}"), proxy=doors_.proxy_url, ssl=doors_.tls) as answer,
        ):
            return str(doors_.opened(await answer.read())["out_trade_no"])

    async def work():
        async with front(credentials_dir) as doors_:
            return await asyncio.gather(*(one(doors_, number) for number in range(40)))

    assert on(loop, work()) == [f"o{number}" for number in range(40)]


REFUSED_BY_NAME = {
    "www.alipay.com": (421, "is no host of a payment provider"),
    "127.0.0.1": (421, "is no host of a payment provider"),
}


def test_other_hosts_are_refused_behind_tls(credentials_dir):
    async def work():
        told = {}
        async with front(credentials_dir) as doors_, named_session(doors_.tls) as named:
            for host in REFUSED_BY_NAME:
                url = f"https://{HOST}:{doors_.tls_port}/gateway.do"
                async with named.post(url, headers={"Host": host}) as answer:
                    told[host] = answer.status, await answer.text()
            return told, await doors_.box.journal("in")

    told, journal = on("uvloop", work())
    assert {host: status for host, (status, _) in told.items()} == {h: s for h, (s, _) in REFUSED_BY_NAME.items()} | {
        "127.0.0.1": 200  # by the path: nobody else has a /gateway.do
    }
    assert all(REFUSED_BY_NAME[host][1] in text for host, (status, text) in told.items() if status != 200)
    assert len(journal) == 1


def test_each_vendor_shows_a_certificate_of_its_own(credentials_dir):
    async def shown(doors_: Front, host: str) -> set[str]:
        _, writer = await asyncio.open_connection("127.0.0.1", doors_.tls_port, ssl=doors_.tls, server_hostname=host)
        certificate = writer.get_extra_info("peercert")
        writer.close()
        await writer.wait_closed()
        return {name for _, name in certificate["subjectAltName"]}

    async def work():
        async with front(credentials_dir) as doors_:
            assert HOST in await shown(doors_, HOST)
            assert "*.mch.weixin.qq.com" in await shown(doors_, "api.mch.weixin.qq.com")
            assert HOST not in await shown(doors_, "gateway.test.95516.com")
            with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
                await shown(doors_, "example.org")

    on("asyncio", work())


def test_addresses_are_told_by_the_control_api(credentials_dir, tmp_path):
    async def work():
        async with front(credentials_dir) as doors_:
            told = await doors_.box.control("GET", "/info")
            assert told["tls_url"] == f"https://127.0.0.1:{doors_.tls_port}"
            assert (told["proxy_url"], told["ca_file"]) == (doors_.proxy_url, doors_.ca_file)
            assert Path(doors_.ca_file) == TlsFiles(credentials_dir / "tls").ca_file
        async with front(credentials_dir, tls_port=None, proxy_port=None) as shut:
            told = await shut.box.control("GET", "/info")
            assert (told["tls_url"], told["proxy_url"], told["ca_file"]) == (None, None, None)

    on("uvloop", work())


def test_a_vendors_port_that_stays_shut_is_a_notice_with_the_ways_that_remain(credentials_dir, monkeypatch):
    async def work(free: int, taken: int):
        monkeypatch.setattr(doors, "_HTTP", free)
        monkeypatch.setattr(doors, "_HTTPS", taken)
        async with front(credentials_dir, vendor_ports=True) as doors_:
            told = await doors_.box.control("GET", "/info")
            async with doors_.box.session.post(f"http://127.0.0.1:{free}/gateway.do", data=doors_.signed()) as answer:
                assert doors_.opened(await answer.read())["code"] == "10000"
            return told

    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as other:
        free, number = other.getsockname()[1], taken.getsockname()[1]
        other.close()
        told = on("uvloop", work(free, number))
    assert told["vendor_urls"] == ["http://127.0.0.1"]
    for words in (f"{number} (address already in use)", told["tls_url"], told["proxy_url"], "CAP_NET_BIND_SERVICE"):
        assert words in told["notice"]


def test_a_page_learns_the_buyers_openid_from_the_open_platforms_hosts(credentials_dir):
    merchant = {name: (credentials_dir / "wechatpay" / name).read_text().strip() for name in ("appid", "app_secret")}
    back = "https://shop.example/pay?order=1"
    page = f"https://open.weixin.qq.com/connect/oauth2/authorize?appid={merchant['appid']}&response_type=code"
    page += f"&redirect_uri={quote(back, safe='')}&scope=snsapi_base&state=s1#wechat_redirect"

    async def work():
        async with front(credentials_dir) as doors_:
            how: dict[str, Any] = {"proxy": doors_.proxy_url, "ssl": doors_.tls}
            async with doors_.box.session.get(page, allow_redirects=False, **how) as answer:
                sent_to = urlsplit(answer.headers["Location"])
            said = dict(parse_qsl(sent_to.query))
            asked = {"appid": merchant["appid"], "secret": merchant["app_secret"], "code": said["code"]}
            token = "https://api.weixin.qq.com/sns/oauth2/access_token?" + urlencode(
                asked | {"grant_type": "authorization_code"}
            )
            async with doors_.box.session.get(token, **how) as answer:
                return sent_to, said, await answer.json(content_type=None)

    sent_to, said, identity = on("uvloop", work())
    assert (sent_to.netloc, said["order"], said["state"]) == ("shop.example", "1", "s1")
    assert (identity["openid"][0], len(identity["openid"]), identity["expires_in"]) == ("o", 28, 7200)


@pytest.mark.skipif(CURL is None, reason="no curl on PATH")
def test_unionpay_answers_the_lines_of_the_snippet_for_curl(credentials_dir):
    async def work():
        async with front(credentials_dir) as doors_:
            told = facts(doors_.box.simulator.front, urls=doors_.box.simulator.urls, credentials_dir=credentials_dir)
            text = render((TEMPLATES / "curl-unionpay.md").read_text(encoding="utf-8"), told)
            _, own_port, by_name = text.split("```sh")
            said = await ran("sh", "-c", own_port.partition("```")[0])
            form = "".join(own_port.partition("curl")[0])
            named = by_name.partition("```")[0].strip() + ' --data "$text" --data-urlencode "signature=$sign"'
            return said, await ran("sh", "-c", f"{form}{named.replace('curl ', 'curl -sS ', 1)}")

    for code, body in (one[:2] for one in on("uvloop", work())):
        answer = official_java(body.decode())
        assert (code, answer["respCode"], answer["signMethod"]) == (0, "34", "11")
        assert Merchant(credentials_dir).verified(answer)
