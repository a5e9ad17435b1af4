"""
The XML of the legacy API, judged by the standard library's parser; and everything that it must not be.
"""

from collections.abc import Callable
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_providers.wechatpay.v2 import xml

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,20}", fullmatch=True)
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_characters="\ufffe\uffff", exclude_categories=["Cs", "Cc"]), max_size=30
)
FIELDS = st.dictionaries(NAMES, TEXTS, max_size=12)
BOMB = (
    b"<!DOCTYPE xml ["
    b'<!ENTITY a0 "ha">'
    + b"".join(b'<!ENTITY a%d "&a%d;&a%d;">' % (place, place - 1, place - 1) for place in range(1, 40))
    + b"]><xml><body>&a39;</body></xml>"
)


def marked(value: str) -> str:
    return "<![CDATA[" + value.replace("]]>", "]]]]><![CDATA[>") + "]]>"


@settings(max_examples=200, deadline=None)
@given(FIELDS, st.lists(st.sampled_from(["marked", "escaped", "numbered", "mixed"]), min_size=1, max_size=5))
def test_what_the_standard_parser_reads_is_read_alike(fields, ways):
    write: dict[str, Callable[[str], str]] = {
        "marked": marked,
        "escaped": escape,
        "numbered": lambda value: "".join(
            f"&#{ord(one)};" if number % 2 else f"&#x{ord(one):x};" for number, one in enumerate(value)
        ),
        "mixed": lambda value: escape(value[:3]) + "<!-- a comment -->" + marked(value[3:]),
    }
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!-- c --><xml a="b">'
        + "".join(
            f"<{name}>{write[ways[place % len(ways)]](value)}</{name}>\n"
            for place, (name, value) in enumerate(fields.items())
        )
        + "</xml>\n"
    )
    judged = {one.tag: one.text or "" for one in ET.fromstring(body)}  # noqa: S314
    assert xml.read(body.encode()) == judged == fields


@settings(max_examples=200, deadline=None)
@given(FIELDS, st.sets(NAMES, max_size=3))
def test_what_is_written_is_read_back_by_both(fields, bare):
    body = xml.write(fields, bare=frozenset(bare))
    assert {one.tag: one.text or "" for one in ET.fromstring(body)} == fields  # noqa: S314
    assert xml.read(body.encode()) == fields


@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        b'<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]><xml><body>&x;</body></xml>',
        b'<!DOCTYPE xml SYSTEM "http://127.0.0.1:9/x.dtd"><xml><body>a</body></xml>',
        b"<xml><body>&x;</body></xml>",
        b"<xml><a><b>c</b></a></xml>",
        b"<xml>" + b"<a>" * 50_000 + b"</a>" * 50_000 + b"</xml>",
        b"<a>" * 40_000,
        b"<xml><a>1</a><a>2</a></xml>",
        b"<xml><a>1</b></xml>",
        b"<xml><a>1</a>",
        b"<xml><a>1</a></xml><xml></xml>",
        b"<xml>text</xml>",
        b"<xml><a>]]></a></xml>",
        b"<xml><a>&#0;</a></xml>",
        b"<xml><a>&#xd800;</a></xml>",
        b"<xml><a>\x01</a></xml>",
        b"<xml><a b=c>1</a></xml>",
        b"<xml><a><![CDATA[1</a></xml>",
        b"<xml><!-- a -- b --></xml>",
        b"<xml><?php echo 1 ?></xml>",
        b"{}",
        b"a=b&c=d",
        b"<xml>" + b"".join(b"<a%d>1</a%d>" % (place, place) for place in range(200)) + b"</xml>",
        b"<xml><a>" + b"x" * 200_000 + b"</a></xml>",
        b"<xml><a>" + b"<![CDATA[" * 10_000 + b"</a></xml>",
    ],
)
def test_everything_else_is_ill_formed(body):
    with pytest.raises(xml.IllFormed):
        xml.read(body)


@pytest.mark.parametrize(
    "body", ["<xml><a>打赏</a></xml>".encode("gbk"), b'<?xml version="1.0" encoding="GBK"?><xml></xml>']
)
def test_another_charset_is_told_apart(body):
    with pytest.raises(xml.NotUtf8):
        xml.read(body)


def test_below_another_root_there_are_no_fields_where_the_root_counts():
    body = b"<root><mch_id>1</mch_id></root>"
    assert xml.read(body) == xml.read(body, root="root") == {"mch_id": "1"}
    assert xml.read(body, root="xml") == xml.read(b"<xml/>") == {}


def test_line_ends_attributes_and_empty_fields_are_read_as_xml_has_them():
    body = '\ufeff\r\n<xml><a x="1">1\r\n2</a><b/><c></c><d />\r<e>&#13;&amp;</e></xml>'.encode()
    assert xml.read(body) == {"a": "1\n2", "b": "", "c": "", "d": "", "e": "\r&"}
