"""
The XML API's bodies: one root, plain fields, read by lxml with everything switched off that could expand or fetch.

Facts: wechatpay/v2-xml, wechatpay/v2-xml-safety
"""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

XML_BYTES_MAX = 128 * 1024
FIELDS_MAX = 200


class XmlRefused(ValueError):
    """The body is not XML as this API writes it."""


# Kept, for making one takes longer than reading a body with it; it remembers nothing of what it has read.
_PARSER = etree.XMLParser(
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    dtd_validation=False,
    huge_tree=False,
    remove_comments=True,
    remove_pis=True,
    strip_cdata=False,
)


def fields_of(body: bytes, *, root: str = "xml", lists: frozenset[str] = frozenset()) -> dict[str, str]:
    """
    Read a body.

    Args:
        lists: fields that may hold others; they are left out.

    Raises:
        XmlRefused: too large, not well formed, with a document type, nested, or with a field that comes twice.
    """
    if len(body) > XML_BYTES_MAX:
        raise XmlRefused(f"more than {XML_BYTES_MAX} bytes of XML")
    try:
        top = etree.fromstring(body, _PARSER)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise XmlRefused("not well-formed XML") from error
    if top.getroottree().docinfo.internalDTD is not None:
        raise XmlRefused("a document type is refused")
    if top.tag != root:
        raise XmlRefused(f"the root is not <{root}>")
    fields: dict[str, str] = {}
    for child in top:
        tag = child.tag
        if tag in lists:
            continue
        if not isinstance(tag, str) or len(child) or tag in fields or len(fields) >= FIELDS_MAX:
            raise XmlRefused("fields are plain, few, and come once")
        fields[tag] = child.text or ""
    return fields


def body_of(fields: Mapping[str, str]) -> bytes:
    """Write a body; what needs escaping is escaped."""
    top = etree.Element("xml")
    for name, value in fields.items():
        etree.SubElement(top, name).text = value
    return bytes(etree.tostring(top, encoding="utf-8"))
