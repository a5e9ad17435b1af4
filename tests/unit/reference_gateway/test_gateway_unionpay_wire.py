"""UnionPay's spellings, codes, certificates and key files, read as the gateway reads them."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from reference_gateway.channels.unionpay import der
from reference_gateway.channels.unionpay.certificates import Chain, signed_by_rsa, signed_by_sm2
from reference_gateway.channels.unionpay.codes import MEANINGS, Meaning, meaning_of
from reference_gateway.channels.unionpay.keys import read_certificate, read_pfx, read_sm2_file
from reference_gateway.channels.unionpay.wire import read_answer, read_form, write_form
from reference_gateway.errors import SettingsRefused, SignatureRejected
from tests.cross.known_answers import private_key
from tests.unit.reference_gateway import unionpay_desk as desk


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("", {}),
        ("a=1", {"a": "1"}),
        ("a=1&b=", {"a": "1", "b": ""}),
        ("a&b=2", {"a": "", "b": "2"}),
        ("a=1=2==&b=3", {"a": "1=2==", "b": "3"}),
        ("a={x=1&y=2}&b=3", {"a": "{x=1&y=2}", "b": "3"}),
        ("a=[x&y]&b=3", {"a": "[x&y]", "b": "3"}),
        ("a={x[&]y}&b=3", {"a": "{x[&]y}", "b": "3"}),
        ("a={x}y&b=3", {"a": "{x}y", "b": "3"}),
        ("a={never&b=3", {"a": "{never&b=3"}),
        ("a}&b=1", {"a}": "", "b": "1"}),
        ("a=成功 +%20&b=\r\n", {"a": "成功 +%20", "b": "\r\n"}),
        ("a=1&", {"a": "1"}),
    ],
)
def test_answers_are_taken_apart_as_the_official_scanners_do(text, fields):
    assert read_answer(text) == fields


@pytest.mark.parametrize("text", ["a=1&a=2", "a=\0", "&".join(f"a{n}=1" for n in range(300))])
def test_an_answer_that_makes_no_sense_is_refused(text):
    with pytest.raises(ValueError, match=r"twice|NUL|too many"):
        read_answer(text)


def test_a_form_is_written_and_read_once_in_its_charset():
    for encoding in ("UTF-8", "utf-8", "GBK"):
        fields = {"encoding": encoding, "a": "打赏 +&=%20", "b": ""}
        body = write_form(fields)
        assert b" " not in body
        assert read_form(body) == fields
    assert b"a=%B4%F2%C9%CD+" in write_form({"encoding": "GBK", "a": "打赏 "})


@pytest.mark.parametrize(
    "body", [b"{}", b"a", b"encoding=koi8-r&a=1", b"encoding=UTF-8&a=%B4%F2", b"a=1&a=1", b"\xff=1"]
)
def test_a_body_that_is_no_form_is_refused(body):
    with pytest.raises(ValueError, match=r".*"):
        read_form(body)


# The vendor's table, retyped as ranges: whatever is not here is unknown.
CODES = {
    Meaning.DONE: ["00", "A6"],
    Meaning.LATER: ["02", "11", "37", "39"],
    Meaning.TWICE: ["12"],
    Meaning.MISSING: ["34"],
    Meaning.LATE: ["42"],
    Meaning.REFUSED: [
        *("01", "10", "13", "14", "30", "31", "32", "33", "35", "36", "38", "40", "41", "43", "44", "45"),
        *(f"{code}" for code in range(60, 70)),
        *("71", "72", "73", "76", "77", "78", "80", "81", "82", "84", "87", "89"),
    ],
}


@pytest.mark.parametrize("code", [f"{n:02d}" for n in range(100)] + ["A6", "A1", "Z9", "", "0", "000", "00 "])
def test_every_code_is_sorted(code):
    expected = [meaning for meaning, codes in CODES.items() if code in codes] or [Meaning.UNKNOWN]
    assert [meaning_of(code)] == expected


@pytest.mark.parametrize("code", ["03", "04", "05", "06", "70", "74", "75", "83"])
def test_what_the_vendor_calls_unknown_is_in_the_table(code):
    assert MEANINGS[code] is Meaning.UNKNOWN


def test_the_companys_leaf_is_taken_and_a_rotated_one_too():
    own = desk.chain()
    for serial in (69678957876, 79813821473):
        leaf = desk.certificate(desk.LEAF_NAME, key="platform", serial=serial)
        assert own.leaf(desk.pem_of(leaf), desk.NOW).number == str(serial)


BAD_LEAVES: dict[str, dict[str, Any]] = {
    "expired": {"name": desk.LEAF_NAME, "ends": desk.NOW - timedelta(seconds=1)},
    "of tomorrow": {"name": desk.LEAF_NAME, "begins": desk.NOW + timedelta(days=1)},
    "a merchant's": {"name": "041@Z2014-11-11@700000000000001:SIGN@00000001"},
    "of the test pack": {"name": "041@Z2017-11-1@00040000:SIGN@00000001"},
    "of two parts": {"name": "041@中国银联股份有限公司"},
    "self-signed": {"name": desk.LEAF_NAME, "issuer": desk.LEAF_NAME, "issuer_key": "platform"},
    "of a foreign chain": {"name": desk.LEAF_NAME, "issuer_key": "other"},
    "of another issuer": {"name": desk.LEAF_NAME, "issuer": "another middle"},
}


@pytest.mark.parametrize("why", BAD_LEAVES)
def test_a_leaf_that_is_not_right_is_refused_every_time(why):
    pem, own = desk.pem_of(desk.certificate(key="platform", **BAD_LEAVES[why])), desk.chain()
    for _ in range(2):
        with pytest.raises(SignatureRejected):
            own.leaf(pem, desk.NOW)


@pytest.mark.parametrize("pem", ["", "x", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----", "打"])
def test_what_is_no_certificate_is_refused(pem):
    with pytest.raises(SignatureRejected):
        desk.chain().leaf(pem, desk.NOW)


def test_a_leaf_that_was_taken_is_refused_once_it_expires():
    own, pem = desk.chain(), desk.pem_of(desk.leaf())
    assert own.leaf(pem, desk.NOW)
    with pytest.raises(SignatureRejected):
        own.leaf(pem, desk.NOW + timedelta(days=366))


def test_many_leaves_do_not_fill_the_memory():
    own = desk.chain()
    for serial in range(1, 40):
        own.leaf(desk.pem_of(desk.certificate(desk.LEAF_NAME, key="platform", serial=serial)), desk.NOW)
    assert len(own._known) <= 16


def test_a_root_and_a_middle_of_two_packs_are_refused():
    foreign = desk.certificate("test middle", key="app", issuer="test root", issuer_key="platform", ca=True)
    for is_signed_by in (signed_by_rsa, signed_by_sm2):
        with pytest.raises(SettingsRefused, match="pair of one pack"):
            Chain(root=desk.root(), middle=foreign, is_signed_by=is_signed_by)


def test_a_pfx_opens_with_its_password_alone():
    own = desk.certificate("merchant", key="app", serial=69903319369)
    content = pkcs12.serialize_key_and_certificates(
        b"x", private_key("app"), own, None, BestAvailableEncryption(b"000000")
    )
    assert read_pfx(content, "000000").cert_id == "69903319369"
    for wrong in ((content, "111111"), (b"", "000000"), (content[:-9], "000000")):
        with pytest.raises(SettingsRefused, match="does not open"):
            read_pfx(*wrong)


@pytest.mark.parametrize("content", [b"", b"AAAA", b"MAA=", b"\xff", b"MAMCAQE="])
def test_what_is_no_sm2_file_is_refused(content):
    with pytest.raises(SettingsRefused, match="does not open"):
        read_sm2_file(content, "000000")


def test_what_is_no_certificate_file_is_refused():
    with pytest.raises(SettingsRefused, match="neither PEM nor DER"):
        read_certificate(b"x")


@pytest.mark.parametrize(
    "data", [b"\x30", b"\x30\x05\x00", b"\x30\x80", b"\x30\x85\x00", b"\x30\x82\x01", b"\x02\x01\x01"]
)
def test_what_is_no_sequence_is_refused(data):
    with pytest.raises(ValueError, match=r".+"):
        der.inside(data)
