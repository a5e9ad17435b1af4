"""XML that is refused, bills that are damaged, settings that do not fit, words that must all be known."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from mock_providers.registry import make_credentials
from reference_gateway.channels.registry import channels_for
from reference_gateway.channels.wechatpay.bills import rows_of, unpacked
from reference_gateway.channels.wechatpay.v2_notify import whole_fen
from reference_gateway.channels.wechatpay.v2_xml import XmlRefused, body_of, fields_of
from reference_gateway.channels.wechatpay.words import moment_of_rfc3339
from reference_gateway.clock import SystemClock
from reference_gateway.errors import ChannelUnavailable, SettingsRefused
from reference_gateway.settings import GatewaySettings

LAUGHS = b'<!DOCTYPE xml [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><xml><x>&b;</x></xml>'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no xml",
        b"<xml><a>1</a>",
        LAUGHS,
        b'<!DOCTYPE xml SYSTEM "file:///etc/passwd"><xml><a>1</a></xml>',
        b'<!DOCTYPE xml [<!ENTITY f SYSTEM "file:///etc/passwd">]><xml><a>&f;</a></xml>',
        b"<xml><a>&unknown;</a></xml>",
        b"<xml><a><b>1</b></a></xml>",
        b"<xml><a>1</a><a>1</a></xml>",
        b"<root><a>1</a></root>",
        b"<xml>" + b"<a>x</a>" * 20_000 + b"</xml>",
        b"<xml><a>\x00</a></xml>",
        b"<xml><a>\xff\xfe</a></xml>",
        b"<xml>" + b"".join(b"<a%d/>" % n for n in range(300)) + b"</xml>",
    ],
)
def test_xml_that_could_expand_fetch_nest_or_double_is_refused(body):
    with pytest.raises(XmlRefused):
        fields_of(body)


def test_xml_is_read_as_it_was_meant():
    told = b"<?xml version='1.0'?>\n<xml x='y'><!-- c --><a><![CDATA[<&>]]></a><b>&lt;1</b><c/><d> e </d></xml>"
    assert fields_of(told) == {"a": "<&>", "b": "<1", "c": "", "d": " e "}
    assert fields_of(body_of({"body": "打赏 <1> & ]]>"})) == {"body": "打赏 <1> & ]]>"}
    assert fields_of(b"<xml><l><i>1</i></l><a>1</a></xml>", lists=frozenset({"l"})) == {"a": "1"}


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", "1e2", " 1", "\u0661", "9" * 30])
def test_amounts_in_xml_are_plain_digits(text):
    with pytest.raises(ValueError, match="amount"):
        whole_fen(text)


def test_a_moment_without_an_offset_is_refused():
    with pytest.raises(ValueError, match="offset"):
        moment_of_rfc3339("2026-11-27T12:00:00")


HEAD = "交易时间,微信订单号,商户订单号,交易状态,商户退款单号,退款状态,手续费,订单金额,申请退款金额"
ROWS = (
    "`2026-11-27 00:30:00,`4200,`G1,`SUCCESS,`0,`,`0.00600,`1.00,`0.00",
    "`2026-11-27 00:31:00,`4200,`G1,`REFUND,`R1,`SUCCESS,`-0.01,`0.00,`0.40",
    "`2026-11-27 00:32:00,`4200,`G1,`REFUND,`R2,`FAIL,`0.00,`0.00,`0.40",
    "`2026-11-27 00:33:00,`4201,`G2,`REVOKED,`0,`,`0.00,`0.00,`2.00",
)
SUMMARY = ("总交易单数,应结订单总金额", "`4,`1.00")


def bill(*lines: str) -> bytes:
    return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()


def test_a_bills_rows_are_ours():
    rows = rows_of(unpacked(gzip.compress(bill(HEAD, *ROWS, *SUMMARY))))
    assert [(row.kind, row.out_trade_no, row.refund_no, row.amount_fen, row.fee_fen) for row in rows] == [
        ("payment", "G1", "", 100, 1),
        ("refund", "G1", "R1", 40, -1),
        ("refund", "G2", "0", 200, 0),
    ]
    assert rows[0].at.isoformat() == "2026-11-27T00:30:00+08:00"


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"\xff",
        b"<html>",
        bill(HEAD, *ROWS),
        bill(HEAD, *ROWS[:2], *SUMMARY),
        bill(HEAD, *ROWS[:3], "`1,`2", *SUMMARY),
        bill(HEAD.replace("手续费", "x"), *ROWS, *SUMMARY),
        bill(HEAD, *ROWS[:3], ROWS[3].replace("2.00", "Infinity"), *SUMMARY),
        bill(HEAD, *ROWS[:3], ROWS[3].replace("2.00", "two"), *SUMMARY),
    ],
)
def test_a_bill_that_is_damaged_is_asked_for_again(file):
    with pytest.raises(ChannelUnavailable) as damaged:
        rows_of(file)
    assert damaged.value.reason == "bill_damaged"
    with pytest.raises(ChannelUnavailable):
        unpacked(gzip.compress(bill(HEAD))[:-9])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("keys")
    make_credentials(directory)
    return directory / "wechatpay"


def told(folder: Path, **changes: Any) -> GatewaySettings:
    values: dict[str, Any] = {
        "database_url": "memory:",
        "apps_file": Path("unused"),
        "wechatpay_v3_url": "http://127.0.0.1:9",
        "wechatpay_v2_url": "http://127.0.0.1:9",
        "wechatpay_appid": "wx1",
        "wechatpay_mchid": "1900000109",
        "wechatpay_cert_file": folder / "apiclient_cert.pem",
        "wechatpay_key_file": folder / "apiclient_key.pem",
        "wechatpay_apiv3_key_file": folder / "apiv3_key",
        "wechatpay_apiv2_key_file": folder / "apiv2_key",
    }
    return GatewaySettings(**{**values, **changes})


def test_each_channel_exists_where_its_address_is_told(folder):
    both = {"query", "close", "reverse", "refund", "transfer", "download_bill", "qr", "jsapi", "app", "h5", "barcode"}
    channels = channels_for(told(folder), clock=SystemClock())
    assert set(channels) == {"wechatpay_v3", "wechatpay_v2"}
    assert all(both <= channel.supports() and "preauth" not in channel.supports() for channel in channels.values())
    assert set(channels_for(told(folder, wechatpay_v3_url=""), clock=SystemClock())) == {"wechatpay_v2"}


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"wechatpay_public_key_id": "PUB_KEY_ID_1"}, "come together"),
        ({"wechatpay_answers_by": "public_key"}, "public key and its id"),
        ({"wechatpay_apiv3_key_file": "mchid"}, "APIv3 key has"),
        ({"wechatpay_apiv2_key_file": "mchid"}, "APIv2 key has"),
        ({"wechatpay_key_file": "apiv3_key"}, "apiclient_key.pem"),
        ({"wechatpay_cert_file": "apiv3_key"}, "certificate"),
        ({"wechatpay_key_file": "nowhere"}, "cannot be read"),
        ({"wechatpay_v2_url": "https://127.0.0.1:9", "wechatpay_tls_ca_file": "apiv3_key"}, "TLS"),
    ],
)
def test_settings_that_do_not_fit_are_refused_with_what_is_needed(folder, changes, word):
    changed = {name: folder / value if name.endswith("_file") else value for name, value in changes.items()}
    with pytest.raises(SettingsRefused, match=word):
        channels_for(told(folder, **changed), clock=SystemClock())
