"""Forms say what the library of Python says, only sooner."""

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reference_gateway.channels import forms

FIELDS_MAX = 20
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
RAW = st.text(st.sampled_from("ab=&%+\\x4eE69F "), min_size=1, max_size=40)


def _read(text: str, codec: str) -> list[tuple[str, str]] | None:
    try:
        return forms.read(text, codec, fields_max=FIELDS_MAX)
    except ValueError:
        return None


def _library(text: str, codec: str) -> list[tuple[str, str]] | None:
    rules = {"keep_blank_values": True, "strict_parsing": True, "errors": "strict", "max_num_fields": FIELDS_MAX}
    try:
        return parse_qsl(text, encoding=codec, **rules)  # type: ignore[arg-type]
    except ValueError:
        return None


@given(st.dictionaries(st.sampled_from(["a", "b_c", "d"]), TEXTS))
@example({"a": "打赏 +&=%20~", "b_c": ""})
def test_a_form_is_written_as_the_library_writes_it(fields):
    assert forms.written(fields) == urlencode(fields)


def test_a_letter_that_the_charset_has_not_is_no_form():
    assert forms.written({"a": "打赏"}, "gbk") == "a=%B4%F2%C9%CD"
    with pytest.raises(UnicodeEncodeError):
        forms.written({"a": "\U0001f381"}, "gbk")


@given(RAW, st.sampled_from(["utf-8", "gbk"]))
@example("", "utf-8")
@example("a=%E6%89%93+%zz", "utf-8")
@example("a=\\x41%41", "utf-8")
@example("a=%B4%F2", "gbk")
@example("a=%B4%F2", "utf-8")
@example("&".join("a=1" for _ in range(FIELDS_MAX + 1)), "utf-8")
def test_a_form_is_read_as_the_library_reads_it(text, codec):
    assert _read(text, codec) == _library(text, codec)


@pytest.mark.parametrize("text", ["a=%00", "a%00=b", "a=\0", "a\0b&c=d", "a&b=c%00d", "a=b%00c&d"])
def test_a_nul_makes_no_field(text):
    with pytest.raises(ValueError, match=r"NUL|no value"):
        forms.read(text, "utf-8", fields_max=FIELDS_MAX)
