"""
Ways to sign a UnionPay message wrongly, each as a merchant's own code would do it, without the simulator's help.

What a way does wrong stands in its key, which is the cause that the doctor must name; over all four methods.
"""

import hashlib
import hmac
import html
import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote_plus

import gmalg
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, AsymmetricPadding, PKCS1v15
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from mock_providers.core.wire.journal import RawRequest
from tests.unit.mock_providers.unionpay_desk import NOW, Merchant, sm2_secret, text_of

FIELDS = {
    "version": "5.1.0",
    "encoding": "UTF-8",
    "bizType": "000201",
    "txnType": "01",
    "txnSubType": "01",
    "accessType": "0",
    "channelType": "07",
    "orderId": "order001",
    "txnTime": NOW,
    "txnAmt": "123",
    "currencyCode": "156",
    "frontUrl": "http://127.0.0.1:9/back?room=a%2Fb",
    "reqReserved": "打赏 tip pp000001 <a/b>",
    "riskRateInfo": "{commodityName=x}",
}

Fields = dict[str, str]
Digest = Callable[[bytes], bytes]


def hexed(name: str) -> Digest:
    return lambda data: hashlib.new(name, data).hexdigest().encode()


@dataclass(frozen=True)
class Attempt:
    """
    One message in the making; each field is a step that can be done wrong.

    Args:
        text: what is signed.
        inner: what is made of the text's bytes before the key takes them; None for the method's own.
        change: what happens to the fields between signing and sending.
        key: the file of the key, "" for the merchant's own.
        spell: how the signature's bytes are written.
    """

    method: str = "01"
    version: str = "5.1.0"
    prepare: Callable[[Fields], Fields] = dict
    text: Callable[[Fields], str] = text_of
    codec: str = "utf-8"
    head: bytes = b""
    inner: Digest | None = None
    change: Callable[[Fields], Fields] = dict
    key: str = ""
    hash: hashes.HashAlgorithm | None = None
    padding: AsymmetricPadding = field(default_factory=PKCS1v15)
    user_id: str = ""
    spell: Callable[[bytes], str] = lambda raw: b64encode(raw).decode()
    keyed: Callable[[bytes, bytes], str] | None = None
    wire: Callable[[str], str] = quote_plus
    wire_sign: Callable[[str], str] = quote_plus
    extra: str = ""

    def sent(self, merchant: Merchant) -> RawRequest:
        """The request as it goes out."""
        fields = self.prepare({**FIELDS, "version": self.version, "signMethod": self.method, "merId": merchant.mer_id})
        if self.method in {"01", "21"}:
            fields.setdefault("certId", merchant.cert_id(self.method))
        data = self.head + self.text(fields).encode(self.codec)
        sent = self.change({**fields, "signature": self._signature(merchant, fields, data)})
        body = "&".join(
            f"{name}={(self.wire_sign if name == 'signature' else self.wire)(value)}" for name, value in sent.items()
        )
        kind = ("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8")
        return RawRequest("POST", "/gateway/api/backTransReq.do", (kind,), (body + self.extra).encode())

    def _signature(self, merchant: Merchant, fields: Fields, data: bytes) -> str:
        if self.method in {"11", "12"}:
            return (self.keyed or right_keyed(self.method))(data, merchant.file("secure_key").encode())
        if self.method == "21":
            pem = merchant.directory / (self.key or "unionpay/acp_test_sm2_sign.key.pem")
            message = (self.inner or hexed("sm3"))(data)
            user_id = (self.user_id or fields["certId"]).encode()
            r, s = gmalg.SM2(sk=sm2_secret(pem.read_text()), uid=user_id).sign(message)
            return self.spell(r.rjust(32, b"\0") + s.rjust(32, b"\0"))
        name, usual = ("sha256", hashes.SHA256()) if self.version == "5.1.0" else ("sha1", hashes.SHA1())  # noqa: S303
        key = load_pem_private_key(
            (merchant.directory / (self.key or "unionpay/acp_test_sign.key.pem")).read_bytes(), None
        )
        return self.spell(key.sign((self.inner or hexed(name))(data), self.padding, self.hash or usual))  # type: ignore[union-attr, call-arg, arg-type]


def right_keyed(method: str) -> Callable[[bytes, bytes], str]:
    name = {"11": "sha256", "12": "sm3"}[method]
    return lambda data, key: hashlib.new(name, data + b"&" + hexed(name)(key)).hexdigest()


def der(raw: bytes) -> str:
    numbers = b""
    for half in (raw[:32], raw[32:]):
        plain = half.lstrip(b"\0")
        plain = b"\0" + plain if plain[0] & 0x80 else plain
        numbers += bytes([2, len(plain)]) + plain
    return b64encode(bytes([0x30, len(numbers)]) + numbers).decode()


def without(*names: str) -> Callable[[Fields], str]:
    return lambda fields: text_of({name: value for name, value in fields.items() if name not in names})


def with_values(change: Callable[[str], str]) -> Callable[[Fields], str]:
    return lambda fields: text_of({name: change(value) for name, value in fields.items()})


def setting(**changes: str) -> Callable[[Fields], Fields]:
    return lambda fields: {**fields, **changes}


def sorted_by(key) -> Callable[[Fields], str]:
    return lambda fields: "&".join(f"{name}={value}" for name, value in sorted(fields.items(), key=key))


def swapped(**changes: str) -> Callable[[Fields], str]:
    return lambda fields: text_of({**fields, **changes})


# What is done to the text alike for every method.
TEXTS: list[tuple[str, dict]] = [
    ("unsorted", {"text": lambda fields: "&".join(f"{name}={value}" for name, value in fields.items())}),
    ("sorted_otherwise", {"text": sorted_by(lambda pair: pair[0].lower()), "prepare": setting(ZField="1")}),
    ("values_encoded", {"text": with_values(quote_plus)}),
    ("encoded_twice", {"wire": lambda value: quote_plus(quote_plus(value))}),
    ("other_charset", {"codec": "gbk"}),
    ("bom", {"head": b"\xef\xbb\xbf"}),
    ("sign_method_not_signed", {"text": without("signMethod")}),
    ("signature_included", {"text": lambda fields: "&".join(f"{n}={v}" for n, v in sorted({**fields, "signature": ""}.items()))}),
    ("trailing_ampersand", {"text": lambda fields: f"{text_of(fields)}&"}),
    ("trailing_newline", {"text": lambda fields: f"{text_of(fields)}\n"}),
    ("leading_character", {"text": lambda fields: f"?{text_of(fields)}"}),
    ("html_escaped", {"text": with_values(html.escape)}),
    ("values_quoted", {"text": with_values(lambda value: f'"{value}"')}),
    ("braces_dropped", {"text": swapped(riskRateInfo="commodityName=x")}),
    ("in_braces", {"text": lambda fields: f"{{{text_of(fields)}}}"}),
    ("json_signed", {"text": lambda fields: json.dumps(dict(sorted(fields.items())), ensure_ascii=False)}),
    ("joined_otherwise", {"text": lambda fields: text_of(fields).replace("&", ",")}),
    ("names_changed", {"text": lambda fields: text_of({name.lower(): value for name, value in fields.items()})}),
    ("amount_rewritten", {"text": swapped(txnAmt="1.23")}),
    ("moment_rewritten", {"text": swapped(txnTime="20260102030405")}),
    ("field_not_signed", {"change": setting(extra="1")}),
    ("signed_field_lost", {"text": swapped(orderDesc="")}),
    ("duplicate_field", {"text": swapped(txnAmt="999"), "extra": "&txnAmt=999"}),
]  # fmt: skip

RSA: list[tuple[str, Attempt]] = [
    ("cert_id_not_signed", Attempt(text=without("certId"))),
    ("hashed_once", Attempt(inner=bytes)),
    ("hash_upper_case", Attempt(inner=lambda data: hexed("sha256")(data).upper())),
    ("hash_as_bytes", Attempt(inner=lambda data: hashlib.sha256(data).digest())),
    ("other_first_hash", Attempt(inner=hexed("sha1"))),
    ("other_first_hash", Attempt(inner=hexed("sm3"))),
    ("other_hash", Attempt(hash=hashes.SHA1())),  # noqa: S303
    ("other_hash", Attempt(version="5.0.0", hash=hashes.SHA256())),
    ("hashed_once", Attempt(version="5.0.0", inner=bytes)),
    ("pss_padding", Attempt(padding=PSS(MGF1(hashes.SHA256()), 32))),
    ("platform_key", Attempt(key="platform/unionpay_current_key.pem")),
    ("forger_key", Attempt(key="platform/unionpay_forger_key.pem")),
    ("hex_not_base64", Attempt(spell=bytes.hex)),
    ("unknown_certificate", Attempt(prepare=setting(certId="68759663125"))),
]

KEYED: list[tuple[str, Attempt]] = [
    ("key_not_hashed", Attempt("11", keyed=lambda data, key: hashlib.sha256(data + b"&" + key).hexdigest())),
    ("key_not_hashed", Attempt("12", keyed=lambda data, key: hashlib.new("sm3", data + b"&" + key).hexdigest())),
    ("key_hash_upper_case", Attempt("11", keyed=lambda data, key: hashlib.sha256(data + b"&" + hexed("sha256")(key).upper()).hexdigest())),
    ("key_without_ampersand", Attempt("11", keyed=lambda data, key: hashlib.sha256(data + hexed("sha256")(key)).hexdigest())),
    ("key_with_a_name", Attempt("12", keyed=lambda data, key: hashlib.new("sm3", data + b"&key=" + hexed("sm3")(key)).hexdigest())),
    ("key_left_out", Attempt("11", keyed=lambda data, _: hashlib.sha256(data).hexdigest())),
    ("hmac_made", Attempt("11", keyed=lambda data, key: hmac.digest(key, data, "sha256").hex())),
    ("other_digest", Attempt("11", keyed=right_keyed("12"))),
    ("other_digest", Attempt("12", keyed=right_keyed("11"))),
    ("digest_case", Attempt("11", keyed=lambda data, key: right_keyed("11")(data, key).upper())),
    ("digest_base64", Attempt("11", keyed=lambda data, key: b64encode(bytes.fromhex(right_keyed("11")(data, key))).decode())),
    ("password_as_key", Attempt("11", keyed=lambda data, _: right_keyed("11")(data, b"000000"))),
    ("forger_key", Attempt("12", keyed=lambda data, _: right_keyed("12")(data, b"99999999"))),
]  # fmt: skip

SM2: list[tuple[str, Attempt]] = [
    ("cert_id_not_signed", Attempt("21", text=without("certId"))),
    ("usual_user_id", Attempt("21", user_id="1234567812345678")),
    ("hashed_once", Attempt("21", inner=bytes)),
    ("hash_upper_case", Attempt("21", inner=lambda data: hexed("sm3")(data).upper())),
    ("hash_as_bytes", Attempt("21", inner=lambda data: hashlib.new("sm3", data).digest())),
    ("other_first_hash", Attempt("21", inner=hexed("sha256"))),
    ("sm2_der", Attempt("21", spell=der)),
    ("sm2_hex", Attempt("21", spell=bytes.hex)),
    ("no_sm2_signature", Attempt("21", spell=lambda raw: b64encode(raw + raw).decode())),
    ("platform_key", Attempt("21", key="platform/unionpay_sm2_current_key.pem")),
]

WAYS = [
    *((cause, Attempt(method, **steps)) for cause, steps in TEXTS for method in ("01", "11", "12", "21")),
    *RSA,
    *KEYED,
    *SM2,
]
