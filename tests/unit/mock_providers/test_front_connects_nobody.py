"""
The front doors hold no code that could open a connection or look a name up, on whatever loop they run.
"""

import ast
from pathlib import Path

import mock_providers.front

ROOM = Path(mock_providers.front.__file__).parent
OPENERS = frozenset(
    {
        "ClientSession",
        "HTTPConnection",
        "HTTPSConnection",
        "connect",
        "connect_ex",
        "create_connection",
        "create_datagram_endpoint",
        "create_unix_connection",
        "getaddrinfo",
        "gethostbyname",
        "open_connection",
        "open_unix_connection",
        "request",
        "sendto",
        "sock_connect",
        "urlopen",
    }
)
CLIENTS = frozenset({"socket", "urllib.request", "http.client", "subprocess", "requests"})


def used(tree: ast.AST) -> set[str]:
    """
    Every name and attribute that is called, and every module that is imported.
    """
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = {call.attr for call in calls if isinstance(call, ast.Attribute)}
    names |= {call.id for call in calls if isinstance(call, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module))
    return names


def test_nothing_in_the_front_doors_can_call_anybody():
    found = {path.name: used(ast.parse(path.read_text())) & (OPENERS | CLIENTS) for path in ROOM.glob("*.py")}
    assert len(found) >= 9
    assert {name: words for name, words in found.items() if words} == {}


def test_the_check_sees_a_call_when_there_is_one():
    planted = "import socket\nasync def f(loop): await loop.create_connection(P, 'h', 443)\n"
    assert used(ast.parse(planted)) & (OPENERS | CLIENTS) == {"socket", "create_connection"}
