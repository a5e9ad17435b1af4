"""
Escapes undone quickly are the escapes undone slowly.
"""

from urllib.parse import quote_plus, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_providers.core.wire.escapes import escaped, plain_form, unescaped, unescaped_pairs

ODD = [
    b"",
    b"a%2",
    b"%",
    b"%zz",
    b"%u1234",
    b"%E4%bd%a0",
    b'"',
    b"\\",
    b"\\u0041",
    b"\xc3\xa9",
    b"\x00%00",
    b'","',
    b"%22%5C%2c",
    b"+",
]


@given(
    st.lists(
        st.one_of(st.sampled_from(ODD), st.binary(max_size=12), st.from_regex(rb"(%[0-9a-fA-F]{2}|[a-z\\\\%]){0,8}"))
    )
)
def test_every_piece_is_what_the_standard_library_says(pieces):
    assert unescaped(pieces) == [unquote_to_bytes(piece) for piece in pieces]


@pytest.mark.parametrize("piece", ODD)
def test_odd_pieces_alone_and_in_company(piece):
    assert unescaped([piece]) == [unquote_to_bytes(piece)]
    assert unescaped([b"a=%41", piece, b"z"]) == [b"a=A", unquote_to_bytes(piece), b"z"]


FORMS = st.lists(
    st.one_of(
        st.sampled_from(
            [b"a=1", b"b=%41+c", b"a=2", b"=", b"x=", b"y", b"", b"s=a==", b"e=%e4%bd%a0", b"n%3d=1", *ODD]
        ),
        st.from_regex(rb"[a-z%4]{0,3}=(%[0-7][0-9a-fA-F]|[a-z+\\\\%\"]){0,6}", fullmatch=True),
        st.binary(max_size=8),
    ),
    max_size=6,
).map(b"&".join)


@given(FORMS)
def test_a_form_read_at_once_is_the_form_read_pair_by_pair(form):
    fields = plain_form(form)
    if fields is not None:
        assert [(name.encode(), value.encode()) for name, value in fields.items()] == unescaped_pairs(form)


@pytest.mark.parametrize("form", [b"a=1", b"a=1&b=%2B+%22%5C", b"name=&%61=x"])
def test_a_usual_form_is_read_at_once(form):
    assert plain_form(form) is not None


@pytest.mark.parametrize(
    "form", [b"", b"a", b"a=1&", b"a=1&a=2", b"a==", b"a=%", b"a=%E4", b"a=\xe4", b'a="', b"a=\\u0041", b"a=\x00"]
)
def test_an_unusual_form_is_left_to_be_read_pair_by_pair(form):
    assert plain_form(form) is None


@pytest.mark.parametrize("codec", ["utf-8", "gbk", "ascii"])
@pytest.mark.parametrize("errors", ["replace", "xmlcharrefreplace"])
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
def test_escapes_are_written_as_the_standard_library_writes_them(codec, errors, text):
    assert escaped(text, codec=codec, errors=errors) == quote_plus(text, encoding=codec, errors=errors)


@given(st.text(alphabet="AZaz09_.~-+/=\r\n %:", min_size=90, max_size=400))
def test_long_papers_are_what_the_standard_library_says(text):
    assert escaped(text, codec="gbk", errors="replace") == quote_plus(text)
