"""
Answers of UnionPay's gateway as its clients read them: five small parsers after the descriptions in the facts.

Facts: unionpay/parsing
"""

from urllib.parse import parse_qs

_CLOSING = {"{": "}", "[": "]"}


def official_java(body: str) -> dict[str, str]:
    """
    The scanner of the Java SDK: brackets count in a value, where the closing one is the partner of the first.
    """
    fields, key, value, in_key, closing = {}, "", "", True, ""
    for letter in body:
        if in_key:
            if letter == "=":
                in_key = False
            elif letter == "&":
                fields[key] = ""
                key = ""
            else:
                key += letter
        elif closing:
            value += letter
            if letter == closing:
                closing = ""
        elif letter == "&":
            fields[key] = value
            key, value, in_key = "", "", True
        else:
            closing = _CLOSING.get(letter, "")
            value += letter
    if key:
        fields[key] = value
    return fields


def official_php(body: str) -> dict[str, str]:
    """
    The scanner of the PHP, Python and C# SDKs: an opening bracket counts in a key as well.
    """
    fields, piece, closing = {}, "", ""
    for letter in [*body, "&"]:
        if closing:
            closing = "" if letter == closing else closing
            piece += letter
        elif letter == "&":
            if piece:
                key, _, value = piece.partition("=")
                fields[key] = value
            piece = ""
        else:
            closing = _CLOSING.get(letter, "")
            piece += letter
    return fields


def node_naive(body: str) -> dict[str, str]:
    """
    A client in Node: every ampersand parts, the first equals sign ends the key, falsy values are dropped.
    """
    pairs = (piece.split("=", 1) for piece in body.split("&"))
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2 and pair[1]}


def go_trimming(body: str) -> dict[str, str]:
    """
    Two clients in Go: every ampersand parts, a piece without an equals sign is a crash, values are trimmed for the signature.
    """
    fields = {}
    for piece in body.split("&"):
        key, mark, value = piece.partition("=")
        if not mark:
            raise AssertionError(f"this client crashes on {piece!r}")
        fields[key] = value.strip()
    return {key: value for key, value in fields.items() if value}


def python_query_string(body: str) -> dict[str, str]:
    """
    Clients in Python that take the answer for a query string: plus signs and escapes are undone, empties vanish.
    """
    return {key: values[0] for key, values in parse_qs(body).items()}


EXACT = (official_java, official_php, node_naive, go_trimming)
