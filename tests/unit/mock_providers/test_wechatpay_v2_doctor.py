"""
Each way to sign XML wrongly is named, none is taken for another, and what is right is never called wrong.

The ways are written as a merchant's own code would do them, without the simulator's help.
"""

import base64
import hashlib
import hmac
import html
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote_plus

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mock_providers.core.signatures.doctor import CAUSES as CORE_CAUSES
from mock_providers.core.signatures.doctor import Diagnosis, Patience
from mock_providers.core.signatures.pasted import read_pasted
from mock_providers.core.wire.journal import RawRequest
from mock_providers.errors import Undiagnosable
from mock_providers.wechatpay.v2.doctor import LegacyDoctor, doctor_for
from mock_providers.wechatpay.v2.recipe import CAUSES
from tests.unit.mock_providers.wechatpay_v2_desk import ORDER, Fields, Merchant, digest, xml_of

FIELDS: Fields = {
    "nonce_str": "5K8264ILTKCH16CQ2502SI8ZNMTM67VS",
    "attach": " a<b> &c ",
    "device_info": "",
    "total_fee": "123",
    "coupon_fee": "0",
    "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
    "body": "打赏 pp000001",
    "Zone": "capital",
    "sign_type": "MD5",
}


def joined(fields: Fields, *, drop: tuple[str, ...] = ("sign",)) -> str:
    return "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name not in drop and fields[name] != "")


@dataclass(frozen=True)
class Attempt:
    """
    One message in the making; each field is a step that can be done wrong.
    """

    fields: Fields = field(default_factory=lambda: dict(FIELDS))
    text: Callable[[Fields], str] = joined
    codec: str = "utf-8"
    key: Callable[[Merchant], str] = lambda merchant: merchant.key
    tail: str = "&key={key}"
    hashed: Callable[[bytes, str], bytes] = lambda data, _: hashlib.md5(data).digest()  # noqa: S324
    spell: Callable[[bytes], str] = lambda raw: raw.hex().upper()
    change: Callable[[Fields], Fields] = dict
    path: str = "/pay/unifiedorder"

    def sent(self, merchant: Merchant) -> RawRequest:
        fields = self.fields | {"appid": merchant.app_id, "mch_id": merchant.mchid}
        key = self.key(merchant)
        data = self.text(fields).encode(self.codec, "replace") + self.tail.format(key=key).encode()
        sent = self.change(fields) | {"sign": self.spell(self.hashed(data, key))}
        return RawRequest("POST", self.path, (), xml_of(sent))


def with_field(name: str, value: str) -> Callable[[Fields], str]:
    return lambda fields: joined(fields | {name: value})


def each(change: Callable[[str], str]) -> Callable[[Fields], str]:
    return lambda fields: joined({name: change(value) for name, value in fields.items()})


def hmac_of(data: bytes, key: str) -> bytes:
    return hmac.digest(key.encode(), data, "sha256")


def sandboxed(merchant: Merchant) -> str:
    return hashlib.md5(f"sandbox&{merchant.key}".encode()).hexdigest()  # noqa: S324


HMAC_FIELDS = FIELDS | {"sign_type": "HMAC-SHA256"}

# (the cause that must be named, what is done)
WAYS: list[tuple[str, Attempt]] = [
    ("sign_type_left_out", Attempt(text=lambda f: joined(f, drop=("sign", "sign_type")))),
    ("sign_included", Attempt(text=lambda f: joined(f).replace("&sign_type", "&sign=&sign_type"))),
    ("empty_values_kept", Attempt(text=lambda f: "&".join(f"{n}={f[n]}" for n in sorted(f)))),
    ("empty_values_kept", Attempt(text=with_field("device_info", "null"))),
    ("zero_dropped", Attempt(text=lambda f: joined({n: v for n, v in f.items() if v != "0"}))),
    ("unsorted", Attempt(text=lambda f: "&".join(f"{n}={v}" for n, v in f.items() if v))),
    ("sorted_otherwise", Attempt(text=lambda f: "&".join(f"{n}={f[n]}" for n in sorted(f, key=str.lower) if f[n]))),
    ("sorted_otherwise", Attempt(text=lambda f: "&".join(f"{n}={f[n]}" for n in sorted(f, reverse=True) if f[n]))),
    ("values_encoded", Attempt(text=each(quote_plus))),
    ("tags_signed", Attempt(text=lambda f: joined(f).replace("&c ", "&amp;c ").replace("<b>", "&lt;b&gt;"))),
    ("xml_escaped", Attempt(fields=FIELDS | {"attach": "a &amp; b"}, text=each(html.unescape))),
    ("other_charset", Attempt(codec="gbk")),
    ("other_charset", Attempt(codec="ascii")),
    ("values_trimmed", Attempt(text=each(str.strip))),
    ("values_quoted", Attempt(text=each(lambda v: f'"{v}"' if v else v))),
    (
        "amount_rewritten",
        Attempt(fields={n: v for n, v in FIELDS.items() if n != "coupon_fee"}, text=with_field("total_fee", "1.23")),
    ),
    (
        "names_changed",
        Attempt(
            fields={n: v for n, v in FIELDS.items() if n != "Zone"},
            text=lambda f: joined({n.upper(): v for n, v in f.items()}),
        ),
    ),
    ("trailing_ampersand", Attempt(text=lambda f: joined(f) + "&")),
    ("trailing_newline", Attempt(text=lambda f: joined(f) + "\n")),
    ("text_changed_case", Attempt(text=lambda f: joined(f).upper())),
    (
        "html_entities",
        Attempt(
            fields=FIELDS | {"attach": "a", "notify_url": "http://x"}, text=lambda f: joined(f).replace("&not", "¬")
        ),
    ),
    ("joined_otherwise", Attempt(fields=FIELDS | {"attach": "a"}, text=lambda f: joined(f).replace("&", ""))),
    ("json_signed", Attempt(text=lambda f: json.dumps({n: f[n] for n in sorted(f) if f[n]}, ensure_ascii=False))),
    ("whole_xml_signed", Attempt(text=lambda f: xml_of(f).decode())),
    ("url_signed", Attempt(text=lambda f: "https://api.mch.weixin.qq.com/pay/unifiedorder?" + joined(f))),
    ("field_not_signed", Attempt(change=lambda f: f | {"extra": "1"})),
    (
        "signed_field_lost",
        Attempt(
            fields={n: v for n, v in FIELDS.items() if n != "sign_type"},
            text=lambda f: joined(f | {"sign_type": "MD5"}),
        ),
    ),
    ("key_not_appended", Attempt(tail="")),
    ("key_not_appended", Attempt(fields=HMAC_FIELDS, tail="", hashed=hmac_of)),
    ("key_joined_otherwise", Attempt(tail="{key}")),
    ("key_joined_otherwise", Attempt(tail="&secret={key}")),
    ("key_miswritten", Attempt(key=lambda m: m.key + "\n")),
    ("key_miswritten", Attempt(key=lambda m: m.key.upper())),
    ("v3_key", Attempt(key=lambda m: m.text("apiv3_key"))),
    ("app_secret", Attempt(key=lambda m: m.text("app_secret"))),
    ("sandbox_key", Attempt(key=sandboxed)),
    ("merchant_key", Attempt(path="/sandboxnew/pay/unifiedorder")),
    ("forger_key", Attempt(key=lambda _: "payproof00forger00of00keyed00sea")),
    ("other_digest", Attempt(hashed=hmac_of)),
    ("other_digest", Attempt(fields=HMAC_FIELDS)),
    ("other_digest", Attempt(hashed=lambda data, _: hashlib.sha256(data).digest())),
    ("other_digest", Attempt(hashed=lambda data, _: hashlib.sha1(data).digest())),  # noqa: S324
    ("hashed_twice", Attempt(hashed=lambda data, _: hashlib.md5(hashlib.md5(data).hexdigest().encode()).digest())),  # noqa: S324
    ("digest_case", Attempt(spell=bytes.hex)),
    ("digest_base64", Attempt(spell=lambda raw: base64.b64encode(raw).decode())),
    ("digest_blanks", Attempt(spell=lambda raw: f" {raw.hex().upper()} ")),
    ("digest_size", Attempt(spell=lambda raw: raw.hex().upper()[8:24])),
    ("not_hexadecimal", Attempt(spell=lambda _: "?!")),
]
NAMES = [f"{cause}-{number}" for number, (cause, _) in enumerate(WAYS)]


@pytest.fixture(scope="session")
def merchant(credentials_dir: Path) -> Merchant:
    return Merchant(credentials_dir)


@pytest.fixture(scope="session")
def doctor(credentials_dir: Path) -> LegacyDoctor:
    return LegacyDoctor(credentials_dir, patience=Patience(riddles_max=1_000_000))


def names(diagnosis: Diagnosis) -> list[str]:
    return [cause.name for cause in diagnosis.causes]


@pytest.mark.parametrize(
    "attempt",
    [
        Attempt(),
        Attempt(fields=HMAC_FIELDS, hashed=hmac_of),
        Attempt(key=sandboxed, path="/xdc/apiv2sandbox/pay/micropay"),
    ],
)
def test_a_good_signature_is_called_right(doctor, merchant, attempt):
    found = doctor.examine(attempt.sent(merchant))
    assert (found.right, names(found), found.first_difference) == (True, [], None)
    assert merchant.key not in str(found.as_json())


@pytest.mark.parametrize(("cause", "attempt"), WAYS, ids=NAMES)
def test_each_way_to_sign_wrongly_is_named_and_nothing_else_is(doctor, merchant, cause, attempt):
    found = doctor.examine(attempt.sent(merchant))
    assert (found.right, names(found)) == (False, [cause])
    assert found.sentence.zh != found.sentence.en
    assert "{" not in found.next_step.en + found.next_step.zh
    assert merchant.key not in str(found.as_json())


def test_a_mistake_in_the_text_and_one_in_the_key_are_both_named(doctor, merchant):
    both = Attempt(key=lambda m: m.text("apiv3_key"), text=lambda f: joined(f, drop=("sign", "sign_type")))
    assert names(doctor.examine(both.sent(merchant))) == ["v3_key", "sign_type_left_out"]
    three = Attempt(text=both.text, key=both.key, spell=bytes.hex)
    assert names(doctor.examine(three.sent(merchant))) == ["digest_case", "v3_key", "sign_type_left_out"]


def test_what_nothing_explains_is_not_explained(doctor, merchant):
    found = doctor.examine(Attempt(text=lambda _: "something else").sent(merchant))
    assert (found.right, names(found)) == (False, [])
    assert found.sentence == CORE_CAUSES("digest_unknown").sentence


def test_every_cause_in_the_file_has_both_languages_and_a_test():
    told = {cause for cause, _ in WAYS} - set(CORE_CAUSES.table())
    assert set(CAUSES.table()) == told
    for name, texts in CAUSES.table().items():
        assert set(texts) == {"en", "zh", "next_en", "next_zh"}, name
        assert all(texts.values()), name


def test_a_pages_parameters_are_looked_into_as_well(doctor, merchant):
    said = {
        "appId": merchant.app_id,
        "timeStamp": "1767323045",
        "nonceStr": "n",
        "package": "prepay_id=wx1",
        "signType": "MD5",
    }
    right = json.dumps(said | {"paySign": digest(said, merchant.key)})
    assert doctor.examine(read_pasted(right)).right
    app_style = {name.replace("timeStamp", "timestamp"): value for name, value in said.items()}
    wrong = json.dumps(said | {"paySign": digest(app_style, merchant.key)})
    assert names(doctor.examine(read_pasted(wrong))) == ["names_changed"]


def test_pasted_xml_is_read_and_another_key_may_be_given(merchant, credentials_dir):
    request = Attempt(key=lambda _: "k" * 32).sent(merchant)
    pasted = read_pasted(request.body.decode())
    assert not doctor_for(credentials_dir, None).examine(pasted).right
    assert doctor_for(credentials_dir, b"k" * 32 + b"\n").examine(pasted).right
    assert doctor_for(None, b"k" * 32).examine(pasted).right
    with pytest.raises(Undiagnosable):
        doctor_for(None, None).examine(pasted)


@pytest.mark.parametrize("body", [b"", b"<xml>", b"<xml><a>1</a></xml>", b"<root/>", b"a=b"])
def test_without_a_signature_there_is_nothing_to_look_into(doctor, body):
    with pytest.raises(Undiagnosable):
        doctor.examine(RawRequest("POST", "/pay/unifiedorder", (), body))


def test_somebody_elses_number_is_hinted_at(doctor, merchant):
    found = doctor.examine(Attempt(change=lambda f: f | {"mch_id": "1900000000"}).sent(merchant))
    assert any(merchant.mchid in hint.en for hint in found.hints)


@pytest.mark.asyncio
async def test_the_provider_hands_refused_signatures_to_the_doctor(v2_desk, merchant):
    call = v2_desk.provider.read(Attempt(spell=bytes.hex).sent(merchant))
    assert call.diagnosis is not None
    told = call.diagnosis()
    assert told is not None
    assert told["cause"] == "digest_case"
    assert v2_desk.read("/pay/unifiedorder", ORDER).diagnosis is None


VALUES = st.dictionaries(
    st.sampled_from(["attach", "body", "sign_type", "device_info", "x", "appid"]),
    st.text(
        st.characters(codec="utf-8", exclude_characters="\ufffe\uffff\r", exclude_categories=["Cs", "Cc"]), max_size=12
    ),
)
PROPERTY = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@PROPERTY
@given(values=VALUES)
def test_a_correctly_signed_message_is_never_called_wrong(doctor, merchant, values):
    fields = FIELDS | {"sign_type": "MD5"} | values
    kind = hmac_of if fields["sign_type"] == "HMAC-SHA256" else Attempt().hashed
    assert doctor.examine(Attempt(fields=fields, hashed=kind).sent(merchant)).right


@PROPERTY
@given(body=st.binary(max_size=200), sign=st.text(max_size=80))
def test_nonsense_is_diagnosed_or_declined_and_never_breaks_the_doctor(doctor, body, sign):
    for raw in (body, xml_of({"sign": "".join(one for one in sign if one.isprintable())})):
        try:
            found = doctor.examine(RawRequest("POST", "/pay/unifiedorder", (), raw))
        except Undiagnosable:
            continue
        orjson.dumps(found.as_json())
        assert not found.right
