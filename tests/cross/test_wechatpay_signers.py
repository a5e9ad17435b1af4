"""
The two rooms judge each other over WeChat Pay's signatures: what one signs the other verifies, over the same bytes.

Neither has seen the other's code, and Hypothesis chooses what is signed.
"""

import base64
from dataclasses import astuple

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mock_providers.wechatpay.v2 import notify as provider_notify
from mock_providers.wechatpay.v2 import signing as provider_v2
from mock_providers.wechatpay.v2 import xml as provider_xml
from mock_providers.wechatpay.v3 import door as provider_door
from mock_providers.wechatpay.v3 import signing as provider_v3
from reference_gateway.channels.wechatpay import v2_signing, v2_xml, v3_signing
from reference_gateway.errors import SignatureRejected
from tests.cross.known_answers import private_key, public_key

KEY = "192006250b4c09247ec02edce69f6a2d"
APIV3_KEY = b"0123456789abcdef0123456789ABCDEF"
TRICKY = ["+", "%2B", "&", "=", "a=b&c=d", "<", ">", "]]>", "&amp;", '"', "'", "打赏", "玫瑰🌹", " ", "\\u0041"]
plain = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=20)
texts = st.one_of(plain, st.sampled_from(TRICKY), st.lists(st.sampled_from(TRICKY), max_size=4).map("".join))
names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,11}", fullmatch=True).filter(lambda name: name not in {"sign", "sign_type"})  # fmt: skip
fields = st.dictionaries(names, texts, max_size=8)
bodies = st.one_of(st.just(b""), texts.map(str.encode), st.binary(max_size=60))
kinds = st.sampled_from(["MD5", "HMAC-SHA256"])
positions = st.floats(0, 1, exclude_max=True)
quick = settings(max_examples=100, deadline=None)


def flipped(data: bytes, position: float) -> bytes:
    index = int(position * len(data))
    return data[:index] + bytes([data[index] ^ 1]) + data[index + 1 :]


def gateway_accepts(text: bytes, signature: str) -> bool:
    try:
        v3_signing.verify(public_key("platform"), text, signature)
    except SignatureRejected:
        return False
    return True


@quick
@given(method=st.sampled_from(["GET", "POST"]), target=texts, nonce=st.text("0123456789ABCDEF", min_size=1), body=bodies, position=positions)  # fmt: skip
def test_a_request_that_the_gateway_signs_passes_the_simulators_door(method, target, nonce, body, position):
    text = v3_signing.request_text(method, target, timestamp="1554208460", nonce=nonce, body=body)
    assert text == provider_v3.request_message(method, target, "1554208460", nonce, body)
    signature = v3_signing.sign(private_key("app"), text)
    assert provider_v3.verified(public_key("app"), text, signature)
    assert not provider_v3.verified(public_key("app"), flipped(text, position), signature)

    header = v3_signing.authorization(
        mchid="1900000109", serial_no="5D8E", timestamp="1554208460", nonce=nonce, signature=signature
    )
    read = provider_door.read_authorization(header)
    assert read is not None
    assert {"1900000109", "5D8E", "1554208460", nonce, signature} <= {str(part) for part in astuple(read)}


@quick
@given(nonce=texts, body=bodies, position=positions)
def test_an_answer_that_the_simulator_signs_is_believed_and_one_bit_less_is_not(nonce, body, position):
    text = v3_signing.answer_text(timestamp="1554208460", nonce=nonce, body=body)
    assert text == provider_v3.answer_message("1554208460", nonce, body)
    signature = provider_v3.sign(private_key("platform"), text)
    assert gateway_accepts(text, signature)
    assert not gateway_accepts(flipped(text, position), signature)
    assert not gateway_accepts(text, provider_v3.sign(private_key("other"), text))


@quick
@given(plain_text=st.binary(max_size=100), position=positions)
def test_a_resource_that_the_simulator_seals_is_opened_and_a_damaged_one_is_not(plain_text, position):
    sealed = provider_v3.encrypt_resource(APIV3_KEY, plain_text, nonce="abcdef123456", associated_data="transaction")
    ring = {"nonce": "abcdef123456", "associated_data": "transaction"}
    assert v3_signing.decrypt(APIV3_KEY, ciphertext=sealed, **ring) == plain_text
    damaged = base64.b64encode(flipped(base64.b64decode(sealed), position)).decode()
    with pytest.raises(SignatureRejected):
        v3_signing.decrypt(APIV3_KEY, ciphertext=damaged, **ring)


@quick
@given(name=texts)
def test_a_field_that_the_gateway_encrypts_is_opened_by_the_simulator(name):
    assume(len(name.encode()) <= v3_signing.SENSITIVE_BYTES_MAX)
    sealed = v3_signing.encrypt_field(public_key("platform"), name)

    assert provider_v3.decrypt_field(private_key("platform"), sealed) == name


@quick
@given(told=fields, kind=kinds, name=names, value=texts.filter(bool))
def test_both_build_the_same_digest_and_refuse_a_field_more(told, kind, name, value):
    told = told | {"sign_type": kind}
    text = provider_v2.text_of(told)
    assert v2_signing.text_of(told) == text
    sealed = provider_v2.seal(text, KEY, sign_type=kind)
    assert v2_signing.digest(told, KEY.encode(), sign_type=kind) == sealed
    v2_signing.verify(told | {"sign": sealed}, KEY.encode(), sign_type=kind)
    assume(told.get(name, "") != value)
    with pytest.raises(SignatureRejected):
        v2_signing.verify(told | {"sign": sealed, name: value}, KEY.encode(), sign_type=kind)


@quick
@given(told=fields)
def test_xml_that_the_gateway_writes_the_simulator_reads_and_the_other_way_round(told):
    assert dict(provider_xml.read(v2_xml.body_of(told))) == told
    assert v2_xml.fields_of(provider_xml.write(told).encode()) == told


@quick
@given(inside=texts, position=positions)
def test_what_the_simulator_encrypts_for_a_refunds_notify_is_opened(inside, position):
    sealed = provider_notify.encrypted(inside.encode(), KEY)
    assert v2_signing.decrypt_req_info(base64.b64encode(sealed).decode(), KEY.encode()) == inside.encode()
