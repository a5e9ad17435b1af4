"""
The two rooms judge each other: what one signs the other verifies, over the same bytes, and both refuse the same damage.

Neither has seen the other's code, and Hypothesis chooses what is signed.
"""

import json
from urllib.parse import quote_plus, urlencode

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mock_providers.alipay import signing as provider
from mock_providers.alipay.wire import envelope_key, form_bytes, form_pairs, read_params, wire_reply
from mock_providers.core.wire.reply import ProviderReply, WireReply
from reference_gateway.channels.alipay import signing as gateway
from reference_gateway.errors import SignatureRejected
from tests.cross.known_answers import private_key, public_key
from tests.cross.notify_receiver import Receiver

APP, PLATFORM, OTHER = (private_key(name) for name in ("app", "platform", "other"))
METHOD = "alipay.trade.query"

# What breaks canonical strings in practice, beside whatever Hypothesis thinks of.
TRICKY = ["+", "%2B", "%20", "a=b&c=d", "&", "=", '"', "'", "\\", "\\/", "{", "}", " ", "打赏", "玫瑰🌹", "@x", "\r\n", "\t"]  # fmt: skip
plain = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
texts = st.one_of(plain, st.sampled_from(TRICKY), st.lists(st.sampled_from(TRICKY), max_size=4).map("".join))
gbk_texts = st.text(st.characters(codec="gbk", exclude_characters="\x00"), min_size=1, max_size=20)
names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,11}", fullmatch=True).filter(lambda name: name not in {"sign", "sign_type", "charset"})  # fmt: skip
params = st.dictionaries(names, texts, max_size=8)
filled = st.dictionaries(names, texts.filter(bool), max_size=8)
positions = st.floats(0, 1, exclude_max=True)

quick = settings(max_examples=100, deadline=None)


def at(position: float, length: int) -> int:
    return int(position * length)


def flipped(text: bytes, position: float) -> bytes:
    index = at(position, len(text))
    return text[:index] + bytes([text[index] ^ 1]) + text[index + 1 :]


def gateway_accepts(text: bytes, signature: str) -> bool:
    try:
        gateway.RsaVerifier(public_key("platform"))(text, gateway.decode_signature(signature))
    except SignatureRejected:
        return False
    return True


def provider_accepts(text: bytes, signature: str, *, key: str = "app") -> bool:
    return provider.verified(public_key(key), text, signature=signature, sign_type="RSA2")


def notify_body(fields: dict[str, str], *, codec: str = "utf-8", key: str = "platform") -> bytes:
    """
    A notify as the simulator's room writes it.
    """
    fields = {**fields, "charset": codec}
    signature = provider.sign(private_key(key), provider.notify_text(fields).encode(codec), "RSA2")
    return form_bytes({**fields, "sign": signature, "sign_type": "RSA2"}, codec=codec)


def answered(fields: dict[str, str]) -> WireReply:
    reply = ProviderReply(code="10000", msg="Success", fields=fields)
    return wire_reply(reply, method=METHOD, codec="utf-8", key=PLATFORM, sign_type="RSA2", trace_id="t1")


@quick
@given(params=params)
def test_both_build_the_same_string_of_any_request(params: dict[str, str]):
    sent = {**params, "sign_type": "RSA2", "sign": "x"}

    assert gateway.request_text(sent) == provider.request_text(sent)


@quick
@given(params=params)
def test_what_the_gateway_signs_the_simulator_verifies_after_the_wire(params: dict[str, str]):
    sent = {**params, "charset": "utf-8", "sign_type": "RSA2"}
    sent["sign"] = gateway.sign(gateway.request_text(sent), APP)
    half = len(sent) // 2
    query, body = (urlencode(part).encode() for part in (list(sent.items())[:half], list(sent.items())[half:]))

    received = read_params(form_pairs(query) + form_pairs(body), codec="utf-8")

    assert provider_accepts(provider.request_text(received).encode(), received["sign"])


@quick
@given(params=params, position=positions)
def test_both_refuse_a_request_with_one_bit_flipped(params: dict[str, str], position: float):
    text = gateway.request_text({**params, "sign_type": "RSA2"})
    signature = gateway.sign(text, APP)

    damaged = flipped(text.encode(), position)

    assert provider_accepts(text.encode(), signature)
    assert not provider_accepts(damaged, signature)
    assert not gateway_accepts(damaged, gateway.sign(text, PLATFORM))


@quick
@given(params=filled.filter(bool), value=texts, position=positions)
def test_the_simulator_refuses_a_request_with_another_value(params: dict[str, str], value: str, position: float):
    signature = gateway.sign(gateway.request_text(params), APP)
    name = sorted(params)[at(position, len(params))]
    assume(value != params[name])
    changed = {**params, name: value}
    # Blank values stay out of the string, so two blanks are one and the same request.
    assume(gateway.request_text(changed) != gateway.request_text(params))

    assert not provider_accepts(provider.request_text(changed).encode(), signature)


@quick
@given(fields=filled)
def test_what_the_simulator_signs_in_a_notify_the_gateway_verifies(fields: dict[str, str]):
    receiver = Receiver()

    assert receiver.receive(notify_body(fields))
    assert receiver.text == provider.notify_text({**fields, "charset": "utf-8"}).encode()


@quick
@given(fields=st.dictionaries(names, gbk_texts, max_size=6))
def test_so_it_does_in_gbk(fields: dict[str, str]):
    receiver = Receiver()

    assert receiver.receive(notify_body(fields, codec="gbk"))
    assert receiver.text == provider.notify_text({**fields, "charset": "gbk"}).encode("gbk")


@quick
@given(fields=filled.filter(bool), value=texts, position=positions)
def test_the_gateway_refuses_a_notify_with_another_value(fields: dict[str, str], value: str, position: float):
    name = sorted(fields)[at(position, len(fields))]
    assume(value != fields[name])
    honest = quote_plus(f"{fields[name]}")
    body = notify_body({**fields, name: fields[name]})
    changed = body.replace(f"{name}={honest}".encode(), f"{name}={quote_plus(value)}".encode(), 1)
    assume(changed != body)

    assert not Receiver().receive(changed)


@quick
@given(fields=filled, name=names, value=texts.filter(bool))
def test_the_gateway_refuses_a_notify_with_a_field_more(fields: dict[str, str], name: str, value: str):
    assume(name not in fields)

    assert not Receiver().receive(notify_body(fields) + f"&{name}={quote_plus(value)}".encode())


@quick
@given(fields=filled)
def test_the_gateway_refuses_a_notify_by_another_key(fields: dict[str, str]):
    assert not Receiver().receive(notify_body(fields, key="other"))
    assert not Receiver().receive(notify_body(fields, key="app"))


@quick
@given(fields=st.dictionaries(names.filter(lambda name: name not in {"code", "msg"}), texts, max_size=6))
def test_the_gateway_cuts_out_exactly_what_the_simulator_signed(fields: dict[str, str]):
    reply = answered(fields)

    envelope = gateway.open_envelope(reply.body.decode(), envelope_key(METHOD))

    assert envelope.raw == reply.string_to_sign
    assert isinstance(envelope.content, dict)
    assert json.loads(envelope.raw) == envelope.content
    assert {name: envelope.content[name] for name in fields} == fields
    assert gateway_accepts(envelope.raw.encode(), envelope.sign or "")


@quick
@given(fields=st.dictionaries(names, texts, max_size=4), position=positions)
def test_both_refuse_an_answer_with_one_bit_flipped(fields: dict[str, str], position: float):
    envelope = gateway.open_envelope(answered(fields).body.decode(), envelope_key(METHOD))

    damaged = flipped(envelope.raw.encode(), position)

    assert not gateway_accepts(damaged, envelope.sign or "")
    assert not provider_accepts(damaged, envelope.sign or "", key="platform")


@pytest.mark.parametrize("signature", ["", "x", "====", "AAAA", "äöü", " "])
def test_both_refuse_what_is_no_signature(signature: str):
    assert not provider_accepts(b"text", signature)
    assert not gateway_accepts(b"text", signature)


def test_both_make_the_same_signature():
    text = 'a=1&biz_content={"subject":"打赏"}'

    assert gateway.sign(text, APP) == provider.sign(APP, text.encode(), "RSA2")
