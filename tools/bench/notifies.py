"""
Notifies that a gateway verifies and settles: inbox, order, ledger and outbox committed, then the channel's own word.

One class of channel each: RSA over a form (Alipay), RSA and AES-GCM (WeChat Pay v3), HMAC-SHA256 over XML (WeChat
Pay v2), keyed SHA-256 over a form (UnionPay). Orders are admitted first, their notifies signed beforehand.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID
from sqlalchemy import text

from reference_gateway.store.sql_store import SqlStore
from tools.bench.admission import order
from tools.bench.gateway import ALIPAY, KEYS, Gateway, gateway, signed
from tools.bench.replay import Replay, replay

CALLS = 500
CONNECTIONS = 256
MCHID, APPID, MER_ID, SECURE_KEY, KEY_ID = "1900000109", "wxd930ea5d5a258f4f", "777290058110048", "88888888", "PUB_1"
APIV3_KEY, APIV2_KEY = b"0123456789abcdef0123456789ABCDEF", b"0123456789abcdef0123456789ABCDEF"
AMOUNT_FEN = 1999
CHANNELS = ("alipay", "wechatpay_v3", "wechatpay_v2", "unionpay_keyed")
_NUMBERS = text("SELECT out_trade_no FROM payments WHERE channel = :channel AND status = 'PENDING' ORDER BY seq")

Told = Callable[[str], tuple[bytes, Mapping[str, str]]]


@cache
def _platform() -> RSAPrivateKey:
    pem = (KEYS / "platform_private_key.pem").read_bytes()
    return cast("RSAPrivateKey", load_pem_private_key(pem, password=None))


def _rsa(message: bytes) -> str:
    return base64.b64encode(_platform().sign(message, PKCS1v15(), hashes.SHA256())).decode()


def _now(shape: str) -> str:
    return (datetime.now(UTC) + timedelta(hours=8)).strftime(shape)  # noqa: TID251 (a benchmark lives in real time)


def _alipay(number: str) -> tuple[bytes, Mapping[str, str]]:
    fields = {
        "notify_time": _now("%Y-%m-%d %H:%M:%S"), "notify_type": "trade_status_sync", "notify_id": f"n{number}",
        "charset": "utf-8", "version": "1.0", "app_id": "2021000000000001", "seller_id": "2088000000000001",
        "buyer_id": "2088000000000009", "trade_no": f"T{number}", "out_trade_no": number, "total_amount": "19.99",
        "receipt_amount": "19.99", "trade_status": "TRADE_SUCCESS", "gmt_payment": _now("%Y-%m-%d %H:%M:%S"),
    }  # fmt: skip
    line = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
    return urlencode({**fields, "sign_type": "RSA2", "sign": _rsa(line.encode())}).encode(), {}


def _wechatpay_v3(number: str) -> tuple[bytes, Mapping[str, str]]:
    told = {
        "mchid": MCHID, "appid": APPID, "out_trade_no": number, "transaction_id": f"4200{number}",
        "trade_type": "NATIVE", "trade_state": "SUCCESS", "trade_state_desc": "ok", "bank_type": "OTHERS",
        "success_time": f"{_now('%Y-%m-%dT%H:%M:%S')}+08:00", "payer": {"openid": "o1"},
        "amount": {"total": AMOUNT_FEN, "payer_total": AMOUNT_FEN, "currency": "CNY", "payer_currency": "CNY"},
    }  # fmt: skip
    sealed = AESGCM(APIV3_KEY).encrypt(b"000000000012", json.dumps(told).encode(), b"transaction")
    resource = {
        "algorithm": "AEAD_AES_256_GCM", "original_type": "transaction", "nonce": "000000000012",
        "associated_data": "transaction", "ciphertext": base64.b64encode(sealed).decode(),
    }  # fmt: skip
    envelope = {"id": f"n{number}", "event_type": "TRANSACTION.SUCCESS", "resource_type": "encrypt-resource"}
    body = json.dumps({**envelope, "resource": resource}).encode()
    stamp = str(int(datetime.now(UTC).timestamp()))  # noqa: TID251 (a benchmark lives in real time)
    seal = {"Timestamp": stamp, "Nonce": "n", "Serial": KEY_ID}
    signature = _rsa(f"{stamp}\nn\n".encode() + body + b"\n")
    return body, {f"Wechatpay-{name}": value for name, value in {**seal, "Signature": signature}.items()}


def _wechatpay_v2(number: str) -> tuple[bytes, Mapping[str, str]]:
    fields = {
        "appid": APPID, "mch_id": MCHID, "nonce_str": "n", "return_code": "SUCCESS", "result_code": "SUCCESS",
        "openid": "o1", "trade_type": "NATIVE", "bank_type": "OTHERS", "total_fee": str(AMOUNT_FEN),
        "cash_fee": str(AMOUNT_FEN), "transaction_id": f"4200{number}", "out_trade_no": number,
        "time_end": _now("%Y%m%d%H%M%S"), "sign_type": "HMAC-SHA256",
    }  # fmt: skip
    line = "&".join(f"{name}={fields[name]}" for name in sorted(fields)) + f"&key={APIV2_KEY.decode()}"
    fields["sign"] = hmac.new(APIV2_KEY, line.encode(), hashlib.sha256).hexdigest().upper()
    inside = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in fields.items())
    return f"<xml>{inside}</xml>".encode(), {}


def _unionpay_keyed(number: str) -> tuple[bytes, Mapping[str, str]]:
    fields = {
        "version": "5.1.0", "encoding": "UTF-8", "signMethod": "11", "txnType": "01", "txnSubType": "07",
        "bizType": "000000", "accessType": "0", "merId": MER_ID, "orderId": number, "txnTime": _now("%Y%m%d%H%M%S"),
        "txnAmt": str(AMOUNT_FEN), "currencyCode": "156", "queryId": f"2026{number}", "respCode": "00",
        "respMsg": "success", "settleAmt": str(AMOUNT_FEN), "settleCurrencyCode": "156", "settleDate": "1127",
        "traceNo": "000001", "traceTime": "1127080000",
    }  # fmt: skip
    line = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
    tail = hashlib.sha256(SECURE_KEY.encode()).hexdigest()
    return urlencode({**fields, "signature": hashlib.sha256(f"{line}&{tail}".encode()).hexdigest()}).encode(), {}


TOLD: Mapping[str, Told] = dict(zip(CHANNELS, (_alipay, _wechatpay_v3, _wechatpay_v2, _unionpay_keyed), strict=True))
KINDS = {"alipay": "application/x-www-form-urlencoded", "wechatpay_v3": "application/json", "wechatpay_v2": "text/xml",
         "unionpay_keyed": "application/x-www-form-urlencoded"}  # fmt: skip


def papers(folder: Path) -> dict[str, str]:
    """
    What the gateway is told so that it has all four channels; nobody is asked anything.
    """
    key = cast("RSAPrivateKey", load_pem_private_key((KEYS / "app_private_key.pem").read_bytes(), password=None))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bench")])
    now = datetime.now(UTC)  # noqa: TID251 (a benchmark lives in real time)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    (folder / "cert.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    (folder / "v3").write_bytes(APIV3_KEY)
    (folder / "v2").write_bytes(APIV2_KEY)
    return {
        **ALIPAY,
        "GATEWAY_WECHATPAY_V3_URL": "http://127.0.0.1:9",
        "GATEWAY_WECHATPAY_V2_URL": "http://127.0.0.1:9",
        "GATEWAY_WECHATPAY_APPID": APPID,
        "GATEWAY_WECHATPAY_MCHID": MCHID,
        "GATEWAY_WECHATPAY_CERT_FILE": str(folder / "cert.pem"),
        "GATEWAY_WECHATPAY_KEY_FILE": str(KEYS / "app_private_key.pem"),
        "GATEWAY_WECHATPAY_APIV3_KEY_FILE": str(folder / "v3"),
        "GATEWAY_WECHATPAY_APIV2_KEY_FILE": str(folder / "v2"),
        "GATEWAY_WECHATPAY_PUBLIC_KEY_ID": KEY_ID,
        "GATEWAY_WECHATPAY_PUBLIC_KEY_FILE": str(KEYS / "platform_public_key.pem"),
        "GATEWAY_UNIONPAY_URL": "http://127.0.0.1:9",
        "GATEWAY_UNIONPAY_MER_ID": MER_ID,
        "GATEWAY_UNIONPAY_SECURE_KEY": SECURE_KEY,
    }


async def _admitted(served: Gateway, channel: str, first: int) -> list[str]:
    """Admit a round's orders of a channel; their numbers."""
    orders = [signed(n, {**order(n), "channel": channel}) for n in range(first, first + CALLS)]
    done = await replay(served.url, orders, judge=lambda answer: answer[:12].decode(), pid=served.pid, connections=64)
    if set(done.answers) != {"HTTP/1.1 202"}:
        raise SystemExit(f"bench: orders were not admitted: {dict(done.answers)}")
    store = SqlStore(served.database_url)
    await store.open()
    try:
        async with store() as unit:
            return [str(number) for number in (await unit._run(_NUMBERS, {"channel": channel})).scalars()]  # noqa: SLF001
    finally:
        await store.close()


def _posted(channel: str, number: str) -> bytes:
    body, more = TOLD[channel](number)
    lines = [f"POST /notify/{channel} HTTP/1.1", "Host: bench", f"Content-Type: {KINDS[channel]}"]
    lines += [f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in more.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _round(served: Gateway, channel: str, first: int) -> Replay:
    posts = [_posted(channel, number) for number in await _admitted(served, channel, first)]
    done = await replay(
        served.url, posts, judge=lambda answer: answer[:12].decode(), pid=served.pid, connections=CONNECTIONS
    )
    if set(done.answers) != {"HTTP/1.1 200"}:
        raise SystemExit(f"bench: notifies of {channel} were not taken: {dict(done.answers)}")
    return done


async def _rounds(rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="payproof-bench-") as name:
        async with gateway({**papers(Path(name)), "GATEWAY_ROLE": "admit"}) as served:
            made: dict[str, list[Replay]] = {channel: [] for channel in CHANNELS}
            first = 0
            for _ in range(rounds + 1):
                for channel, done in made.items():
                    done.append(await _round(served, channel, first))
                    first += CALLS
    return {
        "channels": {channel: _told(done[1:]) for channel, done in made.items()},  # the first one warms up
        "connections": CONNECTIONS,
        "durability": served.durability,
        "rounds": rounds,
    }


def _told(done: Sequence[Replay]) -> dict[str, Any]:
    cpu_us = [1e6 * one.cpu_s / one.calls for one in done]
    return {
        "cpu_us": round(statistics.median(cpu_us), 1),
        "cpu_us_spread": [round(min(cpu_us), 1), round(max(cpu_us), 1)],
        "per_s_for_each_core": round(1e6 / statistics.median(cpu_us)),
        "per_s": round(statistics.median(one.per_s for one in done)),
    }


def notifies(rounds: int) -> dict[str, Any]:
    """
    Notifies verified and settled: microseconds of the gateway's processor time for each, by class of channel.
    """
    return asyncio.run(_rounds(rounds))


CASES: Mapping[str, Callable[[int], dict[str, Any]]] = {"notifies": notifies}
