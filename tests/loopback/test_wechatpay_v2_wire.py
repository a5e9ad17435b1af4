"""
The XML API over sockets: bodies of any size, and the client certificate that refunds want over TLS.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from tests.loopback.front import Front, front, named_session
from tests.unit.mock_providers.wechatpay_v2_desk import ORDER, Fields, Merchant, fields_of, xml_of

pytestmark = pytest.mark.asyncio

HOST = "https://api.mch.weixin.qq.com"
REFUND = {"out_trade_no": "order-1", "out_refund_no": "r1", "total_fee": "123", "refund_fee": "23"}


@pytest_asyncio.fixture
async def doors(credentials_dir: Path) -> AsyncIterator[Front]:
    async with front(credentials_dir) as doors:
        yield doors


async def asked(doors: Front, path: str, business: dict[str, str], *, tls: ssl.SSLContext, by: str) -> Fields:
    """
    A signed call by the vendor's own name, through one of the two doors.
    """
    merchant = Merchant(doors.box.merchant.directory)
    body = xml_of(merchant.signed(merchant.fields(business)))
    if by == "proxy":
        async with (
            aiohttp.ClientSession() as session,
            session.post(HOST + path, data=body, proxy=doors.proxy_url, ssl=tls) as answer,
        ):
            return fields_of(await answer.read())
    async with named_session(tls) as session, session.post(f"{HOST}:{doors.tls_port}{path}", data=body) as answer:
        return fields_of(await answer.read())


def with_certificate(doors: Front) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=doors.ca_file)
    folder = doors.box.merchant.directory / "wechatpay"
    context.load_cert_chain(folder / "apiclient_cert.pem", folder / "apiclient_key.pem")
    return context


@pytest.mark.parametrize("by", ["tls", "proxy"])
async def test_a_refund_over_tls_wants_the_merchants_certificate(doors, by):
    path = "/secapi/pay/refund"
    without = await asked(doors, path, REFUND, tls=doors.tls, by=by)
    assert without == {"return_code": "FAIL", "return_msg": "证书验证失败,请使用商户API证书"}
    shown = await asked(doors, path, REFUND, tls=with_certificate(doors), by=by)
    assert (shown["return_code"], shown["err_code"]) == ("SUCCESS", "ORDERNOTEXIST")
    order = await asked(doors, "/pay/unifiedorder", {n: v or "" for n, v in ORDER.items()}, tls=doors.tls, by=by)
    assert order["result_code"] == "SUCCESS"


async def test_somebody_elses_certificate_does_not_pass_the_handshake(doors, tmp_path):
    maker = await asyncio.create_subprocess_exec(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=stranger", "-days", "1"),
        *("-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")),
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert await maker.wait() == 0
    context = ssl.create_default_context(cafile=doors.ca_file)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with pytest.raises((aiohttp.ClientError, ssl.SSLError)):
        await asked(doors, "/secapi/pay/refund", REFUND, tls=context, by="tls")


@pytest.mark.parametrize(
    "body",
    [
        b"<xml><body>" + b"x" * 10_000_000 + b"</body></xml>",
        b"<xml>" + b"<a>" * 1_000_000,
        b" " * 10_000_000,
        b"\xff" * 10_000_000,
    ],
    ids=["ten megabytes", "a million levels", "nothing", "no text"],
)
async def test_a_body_of_any_size_is_answered_in_the_vendors_words(doors, body):
    url = doors.box.simulator.urls["wechatpay"] + "/pay/unifiedorder"
    async with doors.box.session.post(url, data=BytesIO(body)) as answer:
        fields = fields_of(await answer.read())
    assert (answer.status, fields["return_code"], set(fields)) == (200, "FAIL", {"return_code", "return_msg"})
    assert len((await doors.box.journal("in"))[-1]["request"]["body_b64"]) < 6_000_000
