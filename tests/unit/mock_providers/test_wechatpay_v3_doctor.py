"""
Each way to sign API v3 wrongly is named, none is taken for another, and what is right is never called wrong.

The ways are written as a merchant's own code would do them, without the simulator's help.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import orjson
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mock_providers.core.plans import Kind, Seal
from mock_providers.core.signatures.doctor import CAUSES as CORE_CAUSES
from mock_providers.core.signatures.doctor import Diagnosis
from mock_providers.core.wire.journal import RawRequest
from mock_providers.errors import Undiagnosable
from mock_providers.wechatpay.v3.doctor import V3Doctor, doctor_for
from mock_providers.wechatpay.v3.recipe import CAUSES
from tests.unit.mock_providers.desks import T0
from tests.unit.mock_providers.wechatpay_v3_desk import HEADERS, Merchant, V3Desk

BODY = json.dumps({"out_trade_no": "o|1", "description": "打赏 a/b", "amount": {"total": 1}}).encode()
PATH = "/v3/pay/transactions/native"
QUERY = "/v3/pay/transactions/out-trade-no/o%7C1?mchid=1900000109&zone=a%20b"
STAMP = str(int(T0.timestamp()))
NONCE = "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"


@dataclass(frozen=True)
class Attempt:
    """
    One request in the making; each field is a step that can be done wrong.
    """

    method: str = "POST"
    target: str = PATH
    body: bytes = BODY
    lines: Callable[[list[bytes]], bytes] = lambda lines: b"".join(line + b"\n" for line in lines)
    line: Callable[[list[bytes]], list[bytes]] = list
    key: Callable[[Merchant], RSAPrivateKey] = lambda merchant: merchant.key
    sign: Callable[[RSAPrivateKey, bytes], bytes] = lambda key, data: key.sign(data, PKCS1v15(), hashes.SHA256())
    spell: Callable[[bytes], str] = lambda raw: base64.b64encode(raw).decode()
    serial: str = ""

    def sent(self, merchant: Merchant) -> RawRequest:
        lines = [self.method.encode(), self.target.encode(), STAMP.encode(), NONCE.encode(), self.body]
        signature = self.spell(self.sign(self.key(merchant), self.lines(self.line(lines))))
        said = {"mchid": merchant.mchid, "nonce_str": NONCE, "signature": signature, "timestamp": STAMP}
        said["serial_no"] = self.serial or merchant.text("apiclient_serial_no")
        value = "WECHATPAY2-SHA256-RSA2048 " + ",".join(f'{name}="{one}"' for name, one in said.items())
        return RawRequest(self.method, self.target, (*HEADERS.items(), ("Authorization", value)), self.body)


def get(**changes: object) -> Attempt:
    return Attempt(**{"method": "GET", "target": QUERY, "body": b"", **changes})  # type: ignore[arg-type]


def put(place: int, change: Callable[[bytes], bytes]) -> Callable[[list[bytes]], list[bytes]]:
    return lambda lines: [change(line) if place == at else line for at, line in enumerate(lines)]


def turned(*order: int) -> Callable[[list[bytes]], list[bytes]]:
    return lambda lines: [lines[place] for place in order]


def anew(**how: object) -> Callable[[list[bytes]], list[bytes]]:
    return put(4, lambda body: json.dumps(json.loads(body), **how).encode())  # type: ignore[arg-type]


def platform(name: str) -> Callable[[Merchant], RSAPrivateKey]:
    def read(merchant: Merchant) -> RSAPrivateKey:
        path = merchant.directory.parent / "platform" / f"wechatpay_{name}_private_key.pem"
        key = load_pem_private_key(path.read_bytes(), None)
        assert isinstance(key, RSAPrivateKey)
        return key

    return read


def joined(between: bytes, end: bytes) -> Callable[[list[bytes]], bytes]:
    return lambda lines: between.join(lines) + end


WAYS: dict[str, tuple[Attempt, list[str]]] = {
    "no last line feed": (Attempt(lines=joined(b"\n", b"")), ["last_line_feed_missing"]),
    "windows": (Attempt(lines=joined(b"\r\n", b"\r\n")), ["windows_line_ends"]),
    "backslash n": (Attempt(lines=joined(b"\\n", b"\\n")), ["line_feed_as_text"]),
    "no line feeds": (Attempt(lines=joined(b"", b"")), ["no_line_feeds"]),
    "ampersands": (Attempt(lines=joined(b"&", b"")), ["joined_otherwise"]),
    "no line for the empty body": (get(line=turned(0, 1, 2, 3)), ["empty_line_missing"]),
    "empty body as braces": (get(line=put(4, lambda _: b"{}")), ["empty_body_as_word"]),
    "empty body as null": (get(line=put(4, lambda _: b"null")), ["empty_body_as_word"]),
    "body left out": (Attempt(line=put(4, lambda _: b"")), ["body_left_out"]),
    "body compact": (Attempt(line=anew(separators=(",", ":"))), ["body_written_anew"]),
    "body with plain characters": (Attempt(line=anew(ensure_ascii=False)), ["body_written_anew"]),
    "body sorted": (Attempt(line=anew(sort_keys=True)), ["body_written_anew"]),
    "body indented": (Attempt(line=anew(indent=4)), ["body_written_anew"]),
    "body with a line feed": (Attempt(line=put(4, lambda body: body + b"\n")), ["body_trimmed"]),
    "byte order mark": (Attempt(line=put(4, lambda body: b"\xef\xbb\xbf" + body)), ["byte_order_mark"]),
    "body as text": (Attempt(line=put(4, lambda body: json.dumps(body.decode()).encode())), ["body_as_json_text"]),
    "body in GBK": (
        Attempt(body='{"a":"打赏"}'.encode(), line=put(4, lambda body: body.decode().encode("gbk"))),
        ["body_in_other_charset"],
    ),
    "no query": (get(line=put(1, lambda target: target.partition(b"?")[0])), ["query_left_out"]),
    "half a query": (get(line=put(1, lambda target: target.partition(b"&")[0])), ["query_left_out"]),
    "query decoded": (get(line=put(1, lambda target: target.replace(b"%20", b" "))), ["query_written_otherwise"]),
    "whole address": (
        Attempt(line=put(1, lambda target: b"https://api.mch.weixin.qq.com" + target)),
        ["host_in_target"],
    ),
    "path decoded": (get(line=put(1, lambda target: target.replace(b"%7C", b"|"))), ["path_decoded"]),
    "path encoded": (
        get(
            target=QUERY.replace("%7C", "|"),
            line=put(1, lambda target: target.replace(b"|", quote("|").encode())),
        ),
        ["path_encoded"],
    ),
    "no slash": (Attempt(line=put(1, lambda target: target[1:])), ["slash_otherwise"]),
    "slash behind": (Attempt(line=put(1, lambda target: target + b"/")), ["slash_otherwise"]),
    "no version": (Attempt(line=put(1, lambda target: target[3:])), ["version_left_out"]),
    "lower case": (Attempt(line=put(0, bytes.lower)), ["method_in_lower_case"]),
    "other method": (Attempt(line=put(0, lambda _: b"GET")), ["other_method"]),
    "milliseconds": (Attempt(line=put(2, lambda stamp: stamp + b"678")), ["timestamp_otherwise"]),
    "a second later": (Attempt(line=put(2, lambda stamp: str(int(stamp) + 1).encode())), ["timestamp_otherwise"]),
    "nonce in lower case": (Attempt(line=put(3, bytes.lower)), ["nonce_otherwise"]),
    "nonce first": (Attempt(line=turned(0, 1, 3, 2, 4)), ["lines_in_other_order"]),
    "no method": (Attempt(line=turned(1, 2, 3, 4)), ["line_left_out"]),
    "platform's key": (Attempt(key=platform("certificate")), ["certificate_key"]),
    "public key's pair": (Attempt(key=platform("public")), ["public_key_pair"]),
    "SHA-1": (Attempt(sign=lambda key, data: key.sign(data, PKCS1v15(), hashes.SHA1())), ["other_hash"]),  # noqa: S303
    "PSS": (
        Attempt(sign=lambda key, data: key.sign(data, PSS(MGF1(hashes.SHA256()), 32), hashes.SHA256())),
        ["pss_padding"],
    ),
    "hexadecimal": (Attempt(spell=bytes.hex), ["hex_not_base64"]),
    "url-safe": (Attempt(spell=lambda raw: base64.urlsafe_b64encode(raw).decode()), ["url_safe_base64"]),
    "twice": (Attempt(spell=lambda raw: base64.b64encode(base64.b64encode(raw)).decode()), ["base64_twice"]),
    "no signature, a digest": (
        Attempt(sign=lambda _, data: hashlib.sha256(data).digest()),
        ["digest_not_signed"],
    ),
    "another serial": (Attempt(serial="AB" * 20), ["serial_of_another_key"]),
    "two at once": (
        get(lines=joined(b"\n", b""), line=put(1, lambda target: target.partition(b"?")[0])),
        ["empty_line_missing", "query_left_out"],
    ),
}


@pytest.fixture(scope="module")
def merchant(credentials_dir: Path) -> Merchant:
    return Merchant(credentials_dir)


@pytest.fixture
def doctor(credentials_dir: Path) -> V3Doctor:
    return doctor_for(credentials_dir, None)


def named(diagnosis: Diagnosis) -> list[str]:
    return [cause.name for cause in diagnosis.causes]


@pytest.mark.parametrize("way", sorted(WAYS))
def test_each_wrong_way_is_named(doctor, merchant, way):
    attempt, expected = WAYS[way]

    found = doctor.examine(attempt.sent(merchant), now=T0)

    assert named(found) == expected
    assert not found.right
    assert all(text.strip() for cause in found.causes for text in (cause.sentence.en, cause.sentence.zh))


def test_a_key_of_the_merchants_taken_for_a_password_is_named(doctor, merchant):
    secret = merchant.raw("apiv3_key")
    attempt = Attempt(sign=lambda _, data: hmac.digest(secret, data, "sha256"))

    assert named(doctor.examine(attempt.sent(merchant))) == ["hmac_with_key_text"]


def test_a_strangers_key_is_nobodys(doctor, merchant):
    stranger = generate_private_key(65537, 2048)

    found = doctor.examine(Attempt(key=lambda _: stranger).sent(merchant))

    assert named(found) == ["no_known_key"]


@pytest.mark.parametrize("attempt", [Attempt(), get()])
def test_what_is_right_is_called_right(doctor, merchant, attempt):
    found = doctor.examine(attempt.sent(merchant), now=T0)

    assert (found.right, found.causes, found.hints) == (True, (), ())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.sampled_from(["GET", "POST"]), st.text(max_size=30), st.binary(max_size=60))
def test_nothing_right_is_ever_called_wrong(doctor, merchant, method, word, body):
    target = f"/v3/{quote(word, safe='')}?a={quote(word, safe='')}"

    assert doctor.examine(Attempt(method=method, target=target, body=body).sent(merchant)).right


def test_the_strings_and_the_first_difference_are_told(doctor, merchant):
    found = doctor.examine(WAYS["no query"][0].sent(merchant))

    assert found.built.split("\n")[1] == QUERY
    assert found.signed is not None
    assert found.signed.split("\n")[1] == QUERY.partition("?")[0]
    assert found.first_difference is not None
    assert found.first_difference.at == len("GET\n" + QUERY.partition("?")[0])


@pytest.mark.parametrize(("seconds", "told"), [(400, "behind"), (-400, "ahead of")])
def test_a_clock_that_is_off_is_hinted_at(doctor, merchant, seconds, told):
    found = doctor.examine(Attempt().sent(merchant), now=T0 + timedelta(seconds=seconds))

    assert found.right
    assert told in found.hints[0].en


@pytest.mark.parametrize("header", ["", "Bearer x", 'WECHATPAY2-SHA256-RSA2048 mchid="1"'])
def test_without_a_signature_there_is_nothing_to_look_into(doctor, header):
    with pytest.raises(Undiagnosable):
        doctor.examine(RawRequest("GET", PATH, (("Authorization", header),), b""))


def test_another_public_key_counts_instead_of_the_folders(merchant):
    stranger = generate_private_key(65537, 2048)
    pem = stranger.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    assert doctor_for(None, pem).examine(Attempt(key=lambda _: stranger).sent(merchant)).right


def test_no_cause_is_without_a_way_or_a_place(merchant):
    told = {name for _, names in WAYS.values() for name in names}
    elsewhere = {"merchant_key", "next_certificate_key", "forger_key", "probe", "query_as_body", "query_mark_left"}

    assert set(CAUSES.table()) - told == elsewhere
    assert told <= set(CAUSES.table()) | set(CORE_CAUSES.table())


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("planned", "expected"),
    [
        ({}, []),
        ({"kind": Kind.PROBE, "seal": Seal.FOREIGN}, ["probe"]),
        ({"seal": Seal.FOREIGN}, ["forger_key"]),
        ({"seal": Seal.NEXT}, []),
    ],
)
async def test_notifies_are_looked_into_as_well(v3_desk: V3Desk, doctor, planned, expected):
    v3_desk.paid()
    outgoing = v3_desk.notify(**planned)

    found = doctor.examine(RawRequest("POST", "/notify", outgoing.headers, outgoing.body))

    assert (named(found), found.right) == (expected, not expected)


@pytest.mark.asyncio
async def test_a_notify_that_was_parsed_and_written_again_is_recognised(v3_desk: V3Desk, doctor):
    v3_desk.paid()
    outgoing = v3_desk.notify()
    body = json.dumps(json.loads(outgoing.body), ensure_ascii=False).encode()

    found = doctor.examine(RawRequest("POST", "/notify", outgoing.headers, body))

    assert named(found) == ["body_written_anew"]


@pytest.mark.asyncio
async def test_a_refused_request_carries_its_diagnosis(v3_desk: V3Desk):
    request = Attempt(lines=joined(b"\n", b"")).sent(v3_desk.merchant)
    call = v3_desk.read(request)

    assert call.perform().status == 401
    assert call.diagnosis is not None
    told = call.diagnosis()
    assert told is not None
    assert told["cause"] == "last_line_feed_missing"
    assert b"PRIVATE" not in orjson.dumps(told)
