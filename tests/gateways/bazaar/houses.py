"""
The way to each payment house: WeChat Pay by its API v3 and by its XML API, UnionPay with a shared key.

A house opens, asks, closes and gives back, and believes nothing that is not signed. What nobody can tell is Unclear:
whoever asked asks again, under the same number.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlencode
from xml.etree import ElementTree as ET

import aiohttp
from book import Order, Return, Try
from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

WINDOW_S = 300
PAID = {"SUCCESS", "REFUND"}


class Unclear(Exception):
    """Nobody knows how that ended."""


class Untrue(Exception):
    """The house did not sign that, or it is not about us."""


class Used(Exception):
    """That number can no longer be opened; it may have been paid."""


class Refused(Exception):
    """The house said no, and signed it: nothing was done."""


@dataclass
class Told:
    """What a house says of an order, asked or by itself: PAID, OPEN, GONE or NONE; of a return DONE, VOID, ASKED or NONE."""

    state: str
    number: str = ""
    fen: int = 0
    trade: str = ""
    is_return: bool = False


class House:
    """What all houses have in common: an address, keys in a folder, a line to send something over."""

    def __init__(self, base: str, keys: Path, session: aiohttp.ClientSession, back: str) -> None:
        self.base, self.keys, self.session, self.back = base, keys, session, back

    def key(self, name: str) -> str:
        return (self.keys / name).read_text().strip()

    async def send(self, method: str, path: str, data: bytes, headers: Mapping[str, str]):
        try:
            async with self.session.request(method, self.base + path, data=data or None, headers=headers) as answer:
                body = await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unclear(f"{path}: {type(error).__name__}") from error
        if answer.status >= 500 or answer.status == 429:
            raise Unclear(f"{path}: {answer.status}")
        return answer.status, answer.headers, body

    def ack(self, good: bool) -> tuple[int, str]:
        return (200, "ok") if good else (500, "no")


class WechatV3(House):
    """JSON, signed by RSA over the bytes; notifies under AES-GCM."""

    def __init__(self, *setup) -> None:
        super().__init__(*setup)
        self.mchid, self.appid = self.key("mchid"), self.key("appid")
        self.private = load_pem_private_key(self.key("apiclient_key.pem").encode(), None)
        self.vault = AESGCM(self.key("apiv3_key").encode())
        first = self.key("wechatpay_certificate.pem").encode()
        self.platform = {
            self.key("wechatpay_certificate_serial_no"): x509.load_pem_x509_certificate(first).public_key()
        }

    async def call(self, method: str, path: str, said: dict | None = None):
        body = json.dumps(said).encode() if said is not None else b""
        stamp, nonce = str(int(time.time())), secrets.token_hex(16)
        text = f"{method}\n{path}\n{stamp}\n{nonce}\n".encode() + body + b"\n"
        seal = base64.b64encode(self.private.sign(text, PKCS1v15(), SHA256())).decode()
        parts = {"mchid": self.mchid, "nonce_str": nonce, "signature": seal, "timestamp": stamp}
        parts["serial_no"] = self.key("apiclient_serial_no")
        pass_ = "WECHATPAY2-SHA256-RSA2048 " + ",".join(f'{name}="{value}"' for name, value in parts.items())
        headers = {"Authorization": pass_, "Accept": "application/json", "User-Agent": "bazaar"}
        if body:
            headers["Content-Type"] = "application/json"
        status, signed, answer = await self.send(method, path, body, headers)
        if path == "/v3/certificates":
            return status, json.loads(answer)
        try:
            await self.verify(signed, answer)
            return status, json.loads(answer) if answer else {}
        except (Untrue, ValueError) as error:
            raise Unclear(f"{path}: {error}") from error

    async def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        stamp, serial = headers.get("Wechatpay-Timestamp", ""), headers.get("Wechatpay-Serial", "")
        if not stamp.isdecimal() or abs(time.time() - int(stamp)) > WINDOW_S:
            raise Untrue("its stamp is missing, or too far away")
        if serial not in self.platform:
            await self.fetch_keys()
        if serial not in self.platform:
            raise Untrue(f"nobody knows the key {serial}")
        text = f"{stamp}\n{headers.get('Wechatpay-Nonce', '')}\n".encode() + body + b"\n"
        try:
            seal = base64.b64decode(headers.get("Wechatpay-Signature", ""), validate=True)
            self.platform[serial].verify(seal, text, PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError) as error:
            raise Untrue("its signature is not the platform's") from error

    async def fetch_keys(self) -> None:
        """The list's own seal is the APIv3 key, which nobody else has."""
        try:
            _, listed = await self.call("GET", "/v3/certificates")
            for one in listed["data"]:
                pem = self.opened(one["encrypt_certificate"])
                self.platform[one["serial_no"]] = x509.load_pem_x509_certificate(pem).public_key()
        except (Unclear, InvalidTag, ValueError, KeyError) as error:
            raise Untrue("the platform's keys cannot be had now") from error

    def opened(self, box: Mapping[str, str]) -> bytes:
        sealed = base64.b64decode(box["ciphertext"])
        return self.vault.decrypt(box["nonce"].encode(), sealed, box["associated_data"].encode())

    async def open(self, order: Order, attempt: Try) -> str:
        said = {"appid": self.appid, "mchid": self.mchid, "description": order.what, "out_trade_no": attempt.number}
        said |= {"notify_url": self.back, "attach": order.what, "amount": {"total": order.fen, "currency": "CNY"}}
        status, answer = await self.call("POST", "/v3/pay/transactions/native", said)
        if status == 200:
            return answer["code_url"]
        if answer.get("code") in {"ORDERPAID", "ORDER_CLOSED", "OUT_TRADE_NO_USED"}:
            raise Used(answer["code"])
        raise Unclear(str(answer))

    async def ask(self, attempt: Try) -> Told:
        path = f"/v3/pay/transactions/out-trade-no/{attempt.number}?mchid={self.mchid}"
        status, answer = await self.call("GET", path)
        if status == 404:
            return Told("NONE")
        if status != 200:
            return unclear(answer)
        about(answer["out_trade_no"], attempt.number)
        return self.read_trade(answer)

    def read_trade(self, said: Mapping) -> Told:
        state = said["trade_state"]
        word = "PAID" if state in PAID else "GONE" if state in {"CLOSED", "REVOKED", "PAYERROR"} else "OPEN"
        fen = said.get("amount", {}).get("total", 0)
        at_home(said.get("amount", {}).get("currency", "CNY"), "CNY")
        return Told(word, said["out_trade_no"], fen, said.get("transaction_id", ""))

    async def close(self, attempt: Try) -> None:
        path = f"/v3/pay/transactions/out-trade-no/{attempt.number}/close"
        status, answer = await self.call("POST", path, {"mchid": self.mchid})
        if status != 204 and answer.get("code") != "ORDER_CLOSED":
            raise Unclear(str(answer))

    async def give_back(self, order: Order, made: Return) -> None:
        amount = {"refund": made.fen, "total": order.fen, "currency": "CNY"}
        said = {"out_trade_no": order.tries[made.nth].number, "out_refund_no": made.number, "amount": amount}
        status, answer = await self.call("POST", "/v3/refund/domestic/refunds", {**said, "notify_url": self.back})
        if status != 200:
            refuse_or_unclear(answer.get("code", ""), {"INVALID_REQUEST", "RESOURCE_NOT_EXISTS", "TRADE_OVERDUE"})

    async def ask_back(self, made: Return) -> Told:
        status, answer = await self.call("GET", f"/v3/refund/domestic/refunds/{made.number}")
        if status == 404:
            return Told("NONE")
        if status != 200:
            return unclear(answer)
        about(answer["out_refund_no"], made.number)
        about(str(answer["amount"]["refund"]), str(made.fen))
        return Told(back_word(answer["status"]))

    async def read(self, headers: Mapping[str, str], body: bytes) -> Told:
        await self.verify(headers, body)
        try:
            envelope = json.loads(body)
            said = json.loads(self.opened(envelope["resource"]))
        except (InvalidTag, ValueError, KeyError) as error:
            raise Untrue("it cannot be opened") from error
        if said.get("mchid") != self.mchid or said.get("appid", self.appid) != self.appid:
            raise Untrue("it is somebody else's")
        if "refund_status" in said:
            return Told(back_word(said["refund_status"]), said["out_refund_no"], is_return=True)
        return self.read_trade(said)


class WechatV2(House):
    """XML, signed with a shared key."""

    def __init__(self, *setup) -> None:
        super().__init__(*setup)
        self.mch_id, self.appid, self.secret = self.key("mchid"), self.key("appid"), self.key("apiv2_key")

    def seal(self, fields: Mapping[str, str]) -> str:
        known = sorted((name, value) for name, value in fields.items() if value and name != "sign")
        text = "&".join(f"{name}={value}" for name, value in known) + f"&key={self.secret}"
        return hmac.new(self.secret.encode(), text.encode(), "sha256").hexdigest().upper()

    async def call(self, path: str, **said: str) -> dict[str, str]:
        fields = {"appid": self.appid, "mch_id": self.mch_id, "nonce_str": secrets.token_hex(16), **said}
        fields["sign_type"] = "HMAC-SHA256"
        fields["sign"] = self.seal(fields)
        root = ET.Element("xml")
        for name, value in fields.items():
            ET.SubElement(root, name).text = value
        _, _, body = await self.send("POST", path, ET.tostring(root), {"Content-Type": "text/xml"})
        try:
            return self.verified(read_xml(body))
        except Untrue as error:
            raise Unclear(f"{path}: {error}") from error

    def verified(self, fields: dict[str, str]) -> dict[str, str]:
        if fields.get("return_code") != "SUCCESS":
            raise Untrue(fields.get("return_msg", "it says nothing"))
        if not hmac.compare_digest(self.seal(fields).encode(), fields.get("sign", "").encode()):
            raise Untrue("its signature is not the platform's")
        if fields.get("mch_id") != self.mch_id or fields.get("appid") != self.appid:
            raise Untrue("it is somebody else's")
        return fields

    async def open(self, order: Order, attempt: Try) -> str:
        said = {"body": order.what, "attach": order.what, "out_trade_no": attempt.number, "notify_url": self.back}
        said |= {"total_fee": str(order.fen), "spbill_create_ip": "127.0.0.1", "trade_type": "NATIVE"}
        answer = await self.call("/pay/unifiedorder", **said)
        if answer["result_code"] == "SUCCESS":
            return answer["code_url"]
        if answer.get("err_code") in {"ORDERPAID", "ORDERCLOSED", "OUT_TRADE_NO_USED"}:
            raise Used(answer["err_code"])
        raise Unclear(str(answer.get("err_code")))

    async def ask(self, attempt: Try) -> Told:
        answer = await self.call("/pay/orderquery", out_trade_no=attempt.number)
        if answer["result_code"] != "SUCCESS":
            return Told("NONE") if answer.get("err_code") == "ORDERNOTEXIST" else unclear(answer)
        about(answer["out_trade_no"], attempt.number)
        state = answer["trade_state"]
        word = "PAID" if state in PAID else "GONE" if state in {"CLOSED", "REVOKED", "PAYERROR"} else "OPEN"
        return Told(word, attempt.number, int(answer.get("total_fee") or 0), answer.get("transaction_id", ""))

    async def close(self, attempt: Try) -> None:
        answer = await self.call("/pay/closeorder", out_trade_no=attempt.number)
        if answer["result_code"] != "SUCCESS" and answer.get("err_code") != "ORDERCLOSED":
            raise Unclear(str(answer.get("err_code")))

    async def give_back(self, order: Order, made: Return) -> None:
        said = {"out_trade_no": order.tries[made.nth].number, "out_refund_no": made.number, "notify_url": self.back}
        answer = await self.call("/secapi/pay/refund", **said, total_fee=str(order.fen), refund_fee=str(made.fen))
        if answer["result_code"] != "SUCCESS":
            refuse_or_unclear(
                answer.get("err_code", ""), {"ORDERNOTEXIST", "INVALID_REQUEST", "ERROR", "TRADE_OVERDUE"}
            )

    async def ask_back(self, made: Return) -> Told:
        answer = await self.call("/pay/refundquery", out_refund_no=made.number)
        if answer["result_code"] != "SUCCESS":
            return Told("NONE") if answer.get("err_code") == "REFUNDNOTEXIST" else unclear(answer)
        about(answer["out_refund_no_0"], made.number)
        about(answer["refund_fee_0"], str(made.fen))
        return Told(back_word(answer["refund_status_0"]))

    async def read(self, headers: Mapping[str, str], body: bytes) -> Told:
        fields = read_xml(body)
        if "req_info" in fields:
            inner = read_xml(self.opened(fields["req_info"]))
            if fields.get("mch_id") != self.mch_id or fields.get("appid") != self.appid:
                raise Untrue("it is somebody else's")
            return Told(back_word(inner["refund_status"]), inner["out_refund_no"], is_return=True)
        self.verified(fields)
        at_home(fields.get("fee_type", "CNY"), "CNY")
        word = "PAID" if fields.get("result_code") == "SUCCESS" else "OPEN"
        return Told(word, fields["out_trade_no"], int(fields["total_fee"]), fields["transaction_id"])

    def opened(self, box: str) -> bytes:
        """AES-ECB is the platform's choice; that it opens shows who sealed it."""
        key = hashlib.md5(self.secret.encode()).hexdigest().encode()  # noqa: S324  theirs too
        try:
            lock = Cipher(algorithms.AES(key), modes.ECB()).decryptor()  # noqa: S305  theirs too
            padded = lock.update(base64.b64decode(box)) + lock.finalize()
        except ValueError as error:
            raise Untrue("it cannot be opened") from error
        return padded[: -padded[-1]]

    def ack(self, good: bool) -> tuple[int, str]:
        word = "SUCCESS" if good else "FAIL"
        return 200, f"<xml><return_code><![CDATA[{word}]]></return_code></xml>"


class UnionKeyed(House):
    """Forms, signed with a hash over a shared key."""

    UNCLEAR = frozenset({"03", "04", "05", "06", "12", "34", "37", "70", "74", "83"})

    def __init__(self, *setup) -> None:
        super().__init__(*setup)
        self.mer_id, self.secret = self.key("mer_id"), hashlib.sha256(self.key("secure_key").encode()).hexdigest()

    def seal(self, fields: Mapping[str, str], charset: str = "utf-8") -> str:
        text = "&".join(f"{name}={value}" for name, value in sorted(fields.items()) if name != "signature")
        return hashlib.sha256(f"{text}&{self.secret}".encode(charset)).hexdigest()

    async def call(self, path: str, **said: str) -> dict[str, str]:
        fields = {"version": "5.1.0", "encoding": "UTF-8", "signMethod": "11", "accessType": "0", "merId": self.mer_id}
        fields |= {"channelType": "08", "bizType": "000000", **said}
        fields["signature"] = self.seal(fields)
        headers = {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}
        status, _, body = await self.send("POST", f"/gateway/api/{path}.do", urlencode(fields).encode(), headers)
        try:
            pairs = (pair.partition("=") for pair in body.decode().split("&"))
            return self.verified({name: value for name, _, value in pairs}) if status == 200 else unclear(status)
        except (Untrue, ValueError) as error:
            raise Unclear(f"{path}: {error}") from error

    def verified(self, fields: dict[str, str]) -> dict[str, str]:
        try:
            right = self.seal(fields, fields.get("encoding", "UTF-8"))
        except (LookupError, UnicodeEncodeError) as error:
            raise Untrue("its charset is none") from error
        if not hmac.compare_digest(right.encode(), fields.get("signature", "").encode()):
            raise Untrue("its signature is not UnionPay's")
        if fields.get("merId") != self.mer_id:
            raise Untrue("it is somebody else's")
        return fields

    async def open(self, order: Order, attempt: Try) -> str:
        said = {"txnType": "01", "txnSubType": "07", "orderId": attempt.number, "txnTime": attempt.at}
        said |= {"txnAmt": str(order.fen), "currencyCode": "156", "backUrl": self.back, "reqReserved": order.what}
        answer = await self.call("backTransReq", **said)
        if answer["respCode"] == "00":
            return answer["qrCode"]
        # The code is told once; whoever missed it needs another number.
        raise Used(answer["respCode"]) if answer["respCode"] == "12" else Unclear(answer["respCode"])

    async def ask(self, attempt: Try) -> Told:
        return await self.asked(attempt.number, attempt.at)

    async def asked(self, number: str, at: str) -> Told:
        said = {"txnType": "00", "txnSubType": "00", "orderId": number, "txnTime": at}
        answer = await self.call("queryTrans", **said)
        if answer["respCode"] == "34":
            return Told("NONE")
        if answer["respCode"] != "00":
            raise Unclear(answer["respCode"])
        about(answer["orderId"], number)
        was = answer.get("origRespCode", "")
        word = "PAID" if was in {"00", "A6"} else "OPEN" if was in self.UNCLEAR else "GONE"
        return Told(word, number, int(answer.get("txnAmt", 0)), answer.get("queryId", ""))

    async def close(self, attempt: Try) -> None:
        """UnionPay ends an order by its own clock only; until then it can be paid, and stays open here."""
        found = await self.ask(attempt)
        if found.state not in {"GONE", "NONE"}:
            raise Unclear("it can still be paid")

    async def give_back(self, order: Order, made: Return) -> None:
        found = await self.ask(order.tries[made.nth])
        said = {
            "txnType": "04",
            "txnSubType": "00",
            "orderId": made.number,
            "txnTime": made.at,
            "txnAmt": str(made.fen),
        }
        said |= {"origQryId": found.trade, "currencyCode": "156", "backUrl": self.back, "reqReserved": order.what}
        code = (await self.call("backTransReq", **said))["respCode"]
        if code not in {"00", "12"}:
            refuse_or_unclear(code, {"35", "36", "45"})

    async def ask_back(self, made: Return) -> Told:
        found = await self.asked(made.number, made.at)
        if found.state == "PAID":
            about(str(found.fen), str(made.fen))
        return Told({"PAID": "DONE", "GONE": "VOID", "OPEN": "ASKED"}.get(found.state, "NONE"))

    async def read(self, headers: Mapping[str, str], body: bytes) -> Told:
        raw = parse_qsl(body.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
        charset = dict(raw).get("encoding", "UTF-8")
        try:
            fields = self.verified(dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, encoding=charset)))
        except (LookupError, ValueError) as error:
            raise Untrue("it cannot be read") from error
        at_home(fields.get("currencyCode", "156"), "156")
        good = fields["respCode"] in {"00", "A6"}
        if fields["txnType"] == "04":
            return Told("DONE" if good else "VOID", fields["orderId"], is_return=True)
        return Told("PAID" if good else "GONE", fields["orderId"], int(fields["txnAmt"]), fields.get("queryId", ""))


def about(number: str, ours: str) -> None:
    """An answer about another order is none, whoever signed it."""
    if number != ours:
        raise Unclear(f"it is about {number}")


def at_home(currency: str, ours: str) -> None:
    """There is one currency here."""
    if currency != ours:
        raise Untrue(f"it is in {currency}")


def read_xml(body: bytes) -> dict[str, str]:
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise Untrue("no such XML is read here")
    try:
        return {one.tag: one.text or "" for one in ET.fromstring(body)}  # noqa: S314  see above
    except ET.ParseError as error:
        raise Untrue("it is no XML") from error


def back_word(status: str) -> str:
    return {"SUCCESS": "DONE", "CLOSED": "VOID", "REFUNDCLOSE": "VOID"}.get(status, "ASKED")


def unclear(answer: object):
    raise Unclear(str(answer))


def refuse_or_unclear(code: str, noes: set[str]) -> None:
    raise Refused(code) if code in noes else Unclear(code)
