"""
Escapes undone quickly are the escapes undone slowly.
"""

from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_providers.core.escapes import unescaped

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
