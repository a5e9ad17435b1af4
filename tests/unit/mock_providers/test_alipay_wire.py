"""
Targets, charsets, forms and envelopes.
"""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_providers.alipay.multipart import multipart_pairs
from mock_providers.alipay.wire import (
    charset_of,
    envelope_key,
    form_bytes,
    form_pairs,
    read_params,
    split_target,
    wire_reply,
)
from mock_providers.core.signatures.credentials import private_key
from mock_providers.core.wire.reply import ProviderReply

METHOD = "alipay.trade.query"


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        ("/gateway.do?a=b", ("/gateway.do", "a=b")),
        ("http://127.0.0.1/gateway.do?a=http://x/y", ("/gateway.do", "a=http://x/y")),
        ("HTTPS://openapi.alipay.com/gateway.do", ("/gateway.do", "")),
        ("http://127.0.0.1", ("/", "")),
        ("/gateway.do?u=http://a/b?c=d#e", ("/gateway.do", "u=http://a/b?c=d")),
        ("*", ("*", "")),
    ],
)
def test_a_target_may_be_a_whole_url(target, parts):
    assert split_target(target) == parts


@pytest.mark.parametrize(
    ("query", "body", "charset"),
    [
        (b"a=b&charset=GBK", b"charset=utf-8", "GBK"),
        (b"charset=utf-8", b"", "utf-8"),
        (b"a=b", b"x=y&charset=gbk", "gbk"),
        (b"charset=utf%2D8", b"", "utf-8"),
        (b"c%68arset=gbk", b"", "gbk"),
        (b"mycharset=gbk", b"", None),
        (b"", b"", None),
    ],
)
def test_the_charset_is_read_before_anything_is_decoded(query, body, charset):
    assert charset_of(form_pairs(query) + form_pairs(body)) == charset


def test_query_and_body_are_one_set_of_parameters_and_both_spaces_are_spaces():
    pairs = form_pairs(b"a=1+2&b=%E6%89%93&sign=x%2By") + form_pairs(b"&c=3%204&empty=&a=later&bare")
    params = read_params(pairs, codec="utf-8")
    assert params == {"a": "1 2", "b": "打", "sign": "x+y", "c": "3 4", "empty": "", "bare": ""}


def test_gbk_is_decoded_as_gbk():
    assert read_params(form_pairs("s=打赏&".encode("gbk") + b"t=%B4%F2"), codec="gbk") == {"s": "打赏", "t": "打"}


def test_what_is_no_escape_is_left_as_it_is():
    assert read_params(form_pairs(b"a=100%&b=%zz%4&c=%E6x&d=1=2"), codec="utf-8") == {
        "a": "100%",
        "b": "%zz%4",
        "c": "\ufffdx",
        "d": "1=2",
    }


BOUNDARY = "multipart/form-data; boundary=ALIPAY_SDK_PYTHON_BOUNDARY;charset=utf-8"


def parts(*written: bytes) -> bytes:
    line = b"--ALIPAY_SDK_PYTHON_BOUNDARY"
    return b"".join(line + b"\r\n" + one + b"\r\n" for one in written) + line + b"--\r\n"


def test_text_parts_are_parameters_and_files_are_not():
    body = parts(
        b'Content-Disposition: form-data; name="biz_content"\r\nContent-Type: text/plain\r\n\r\n1+1=2 & %41\r\n',
        b"Content-Disposition:form-data;name=bare\r\n\r\n",
        b'Content-Disposition: form-data; name="image"; filename="name="\r\n\r\n\x89PNG\r\n--x',
        b"no head at all",
    )
    told = [(b"biz_content", b"1+1=2 & %41\r\n"), (b"bare", b"")]
    assert multipart_pairs(body, content_type=BOUNDARY) == told
    assert multipart_pairs(body, content_type='multipart/form-data; boundary="ALIPAY_SDK_PYTHON_BOUNDARY"') == told


@pytest.mark.parametrize(("count", "kind"), [(1, "multipart/form-data"), (500, BOUNDARY)])
def test_a_multipart_body_that_makes_no_sense_is_refused(count, kind):
    with pytest.raises(ValueError):
        multipart_pairs(parts(*[b'Content-Disposition: form-data; name="a"\r\n\r\nb'] * count), content_type=kind)


def test_floods_of_parameters_are_refused():
    with pytest.raises(ValueError):
        form_pairs(b"&".join(b"%d=1" % n for n in range(500)))


@given(st.dictionaries(st.text(st.characters(codec="ascii"), min_size=1), st.text(st.characters(codec="utf-8"))))
def test_what_a_form_carries_comes_back(fields):
    clean = {name: value for name, value in fields.items() if name.isalnum()}
    assert read_params(form_pairs(form_bytes(clean, codec="utf-8")), codec="utf-8") == clean


@pytest.mark.parametrize(
    ("method", "key"),
    [
        (METHOD, "alipay_trade_query_response"),
        ("", "error_response"),
        (None, "error_response"),
        ('x":1,"y', "error_response"),
        ("a" * 129, "error_response"),
    ],
)
def test_the_envelope_is_named_after_the_method(method, key):
    assert envelope_key(method) == key


def answered(credentials_dir, fields, *, codec: str = "utf-8", signed: bool = True) -> bytes:
    key = private_key((credentials_dir / "platform" / "alipay_private_key.pem").read_bytes())
    reply = ProviderReply("10000", "Success", fields=fields, signed=signed)
    return wire_reply(reply, method=METHOD, codec=codec, key=key, sign_type="RSA2", trace_id="t").body


def braces_end(body: bytes) -> int:
    """
    Where a reader that counts braces without looking at quotes believes that the object ends.
    """
    depth, start = 0, body.index(b"{", 1)
    for place in range(start, len(body)):
        depth += {ord("{"): 1, ord("}"): -1}.get(body[place], 0)
        if depth == 0:
            return place
    raise AssertionError("never closed")


@given(
    st.dictionaries(
        st.sampled_from(["subject", "body", "sign", "list"]),
        st.one_of(
            st.text(alphabet='{}"\\,:abu0打🌹\ud800\ue07b\x0b\x1f\x7f\n'),
            st.lists(st.fixed_dictionaries({"x": st.text("{}")})),
        ),
    )
)
def test_whoever_counts_braces_finds_the_object_and_it_says_what_was_meant(credentials_dir, fields):
    body = answered(credentials_dir, fields)
    end = braces_end(body)
    assert body[end + 1 :].startswith(b',"sign":"')
    inner = json.loads(body[body.index(b"{", 1) : end + 1])
    assert inner == {"code": "10000", "msg": "Success", **_without_lone_surrogates(fields)}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("{}", "{}"),
        ('{"a":{}}', '{\\"a\\":{}}'),
        ("}{", "\\u007d\\u007b"),
        ("{", "\\u007b"),
        ("}", "\\u007d"),
        ("\ue07b", "\ue07b"),
        ("\\u007b", "\\\\u007b"),
    ],
)
def test_only_braces_that_mislead_are_escaped_because_java_misreads_such_escapes(credentials_dir, value, written):
    assert f'"reason":"{written}"'.encode() in answered(credentials_dir, {"reason": value})


def _without_lone_surrogates(fields):
    return {
        name: value.replace("\ud800", "\ufffd") if isinstance(value, str) else value for name, value in fields.items()
    }


def test_codes_come_first_and_the_rest_in_alphabetical_order(credentials_dir):
    body = json.loads(answered(credentials_dir, {"z": "1", "a": "2"}))
    assert list(body) == ["alipay_trade_query_response", "sign"]
    assert list(body["alipay_trade_query_response"]) == ["code", "msg", "a", "z"]
    assert len(base64.b64decode(body["sign"])) == 256


def test_gbk_answers_are_gbk_and_carry_what_gbk_has_not_as_escapes(credentials_dir):
    body = answered(credentials_dir, {"subject": "打赏🌹"}, codec="gbk")
    assert "打赏".encode("gbk") in body
    assert json.loads(body.decode("gbk"))["alipay_trade_query_response"]["subject"] == "打赏🌹"


def test_an_unsigned_answer_has_no_signature_at_all(credentials_dir):
    assert list(json.loads(answered(credentials_dir, {}, signed=False))) == ["alipay_trade_query_response"]
