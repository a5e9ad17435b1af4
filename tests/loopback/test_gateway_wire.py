"""
The gateway over real sockets: what clients really send, and what their readers really get.
"""

import asyncio
import json
from urllib.parse import urlencode, urlsplit

import pytest

from tests.loopback.sandbox import Sandbox, sandbox

pytestmark = pytest.mark.asyncio

QUERY = "alipay.trade.query"


async def raw(box: Sandbox, *requests: bytes) -> list[bytes]:
    """
    Send requests one after another on one connection, and return the bodies.
    """
    url = urlsplit(box.simulator.alipay_url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    bodies = []
    for request in requests:
        writer.write(request)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        assert head.startswith(b"HTTP/1.1 200"), head
        assert b"content-encoding" not in head.lower()
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        bodies.append(await reader.readexactly(length))
    writer.close()
    await writer.wait_closed()
    return bodies


def get(target: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: openapi.alipay.com\r\nUser-Agent: Python-urllib/3.x\r\n\r\n".encode()


async def test_a_whole_url_in_the_request_line_is_understood(box):
    query = urlencode(box.merchant.signed(QUERY, {"out_trade_no": "o1"}))
    (body,) = await raw(box, get(f"http://openapi.alipay.com/gateway.do?{query}"))
    inner = box.merchant.opened(body, "alipay_trade_query_response")
    assert inner["sub_code"] == "ACQ.TRADE_NOT_EXIST"


async def test_common_parameters_in_the_query_and_business_in_the_body_are_one_request(box):
    params = box.merchant.signed(QUERY, {"out_trade_no": "打赏1"})
    form = urlencode({"biz_content": params.pop("biz_content")}).encode()
    head = (
        f"POST http://127.0.0.1/gateway.do?{urlencode(params)} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Content-Type: application/x-www-form-urlencoded;charset=utf-8\r\nContent-Length: {len(form)}\r\n\r\n"
    )
    (body,) = await raw(box, head.encode() + form)
    assert box.merchant.opened(body, "alipay_trade_query_response")["sub_code"] == "ACQ.INVALID_PARAMETER"
    (entry,) = await box.journal("in")
    assert entry["signature_ok"] is True
    assert entry["body"] == form


async def test_long_urls_are_taken(box):
    business = {"out_trade_no": "o1", "total_amount": "1.00", "subject": "x", "unknown": "打" * 4000}
    query = urlencode(box.merchant.signed("alipay.trade.precreate", business))
    assert len(query) > 30_000
    (body,) = await raw(box, get(f"/gateway.do?{query}"))
    assert box.merchant.opened(body, "alipay_trade_precreate_response")["code"] == "10000"


async def test_one_connection_serves_many_requests(box):
    queries = [urlencode(box.merchant.signed(QUERY, {"out_trade_no": f"o{n}"})) for n in range(20)]
    bodies = await raw(box, *(get(f"/gateway.do?{query}") for query in queries))
    orders = [box.merchant.opened(body, "alipay_trade_query_response")["out_trade_no"] for body in bodies]
    assert orders == [f"o{n}" for n in range(20)]


@pytest.mark.parametrize("target", ["/", "/gateway.do/x", "/favicon.ico", "/v4/alipay/trade/pay"])
async def test_wrong_addresses_are_answered_in_json(box, target):
    (body,) = await raw(box, get(target))
    assert json.loads(body)["error_response"]["code"] == "40002"


async def test_the_journal_holds_both_directions_as_they_were(box):
    answer = await box.precreate()
    (entry,) = await box.journal("in")
    assert (entry["api"], entry["order"], entry["label"]) == ("alipay.trade.precreate", "o1", "pp000001")
    assert b"biz_content=" in entry["body"]
    assert f"notify_url={box.receiver.url}" in entry["string_to_sign"]
    response = box.simulator.journal.entries()[0].response
    assert response is not None
    assert box.merchant.opened(response.body, "alipay_trade_precreate_response") == answer
    assert ["Content-Type", "text/html;charset=utf-8"] in entry["response"]["headers"]


async def test_the_journal_is_written_to_its_file(credentials_dir, tmp_path):
    file = tmp_path / "wire.ndjson"
    async with sandbox(credentials_dir, journal_file=file) as box:
        await box.pay()
        await box.receiver.until(1)
        await box.advance(0)
        directions = [json.loads(line)["direction"] for line in file.read_text().splitlines()]
    assert sorted(directions) == ["in", "out"]


FORM = b"Host: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
POST = b"POST /gateway.do HTTP/1.1\r\n" + FORM
NO_HTTP = {
    "chunk": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "gzip": POST + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\na=b",
    "both": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "long line": b"GET /gateway.do?" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "no escape": b"GET /gateway.do?\xb4\xf2 HTTP/1.1\r\nHost: x\r\n\r\n",
    "no host": b"GET /gateway.do HTTP/1.1\r\n\r\n",
    "method": b"FOO /gateway.do HTTP/1.1\r\nHost: x\r\n\r\n",
    "tls": b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n",
}


@pytest.mark.parametrize("request_bytes", NO_HTTP.values(), ids=NO_HTTP.keys())
async def test_what_is_no_http_is_told_so_and_leaves_no_trace_in_the_log(box, caplog, request_bytes):
    url = urlsplit(box.simulator.alipay_url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(request_bytes)
    async with asyncio.timeout(10):
        assert (await reader.readline()).split()[1] == b"400"
    writer.close()
    await writer.wait_closed()
    assert caplog.records == []


async def test_a_client_that_leaves_in_the_middle_has_asked_for_nothing(box, caplog):
    params = box.merchant.signed("alipay.trade.precreate", {"out_trade_no": "o1", "total_amount": "1", "subject": "x"})
    head = f"POST /gateway.do?{urlencode(params)} HTTP/1.1\r\n".encode() + FORM + b"Content-Length: 9\r\n\r\nmore"
    url = urlsplit(box.simulator.alipay_url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(head)
    writer.write_eof()
    async with asyncio.timeout(10):
        assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
    assert await box.journal("in") == []
    assert (await box.control("GET", "/trades"))["items"] == []
    assert caplog.records == []


async def test_a_body_beyond_all_bounds_is_refused_in_the_vendors_words(box):
    params = box.merchant.signed(QUERY, {"out_trade_no": "o1"}) | {"more": "x" * 5_000_000}
    body = urlencode(params).encode()
    (answer,) = await raw(box, POST + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    inner = box.merchant.opened(answer, "alipay_trade_query_response")
    assert inner["sub_code"] == "isv.invalid-signature"
