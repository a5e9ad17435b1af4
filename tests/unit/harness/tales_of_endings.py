"""
The tales of payments that are told in another way than most, and of requests that are signed badly; the same shapes
as in the tales of everything else.
"""

from tests.unit.harness.rows import order
from tests.unit.harness.tale import Tale

MET = {
    "money/paid-by-coupon": lambda tale: tale.bought().notify(fault="coupon"),
    "notify/finished-is-paid": lambda tale: tale.bought().notify(fault="says_finished"),
    "notify/finished-later": lambda tale: tale.bought().notify().notify("duplicate", fault="says_finished"),
}

SEALS = {"security/unsigned-request": "none", "security/old-request": "old", "security/request-again": "again"}


def knocked(seal, *, ends="fail", opened=False):
    """An order that was asked for by a request that is signed badly."""
    tale = Tale().mark("signed-badly")
    asked = tale.history.invoke("create_badly_signed", order=order(1), seal=seal, amount_fen=990)
    getattr(tale.history, ends)(asked)
    return tale.book(paid=0, state="WAITING") if opened else tale


OTHERS = [
    *((name, "PASS", knocked(seal)) for name, seal in SEALS.items()),
    *((name, "FAIL", knocked(seal, ends="ok")) for name, seal in SEALS.items()),
    *((name, "UNKNOWN", knocked(seal, ends="unknown")) for name, seal in SEALS.items()),
    *((name, "UNKNOWN", Tale().asked(ends="fail")) for name in SEALS),
    ("security/unsigned-request", "FAIL", knocked("other_body", opened=True)),
    ("security/unsigned-request", "UNKNOWN", knocked("old", ends="ok")),
    ("security/request-again", "PASS", knocked("again", opened=True)),
    ("money/paid-by-coupon", "PASS", Tale().bought().call("query", fault="coupon").right()),
    ("money/paid-by-coupon", "FAIL", Tale().bought().call("query", fault="coupon").book().ledger(890)),
    ("money/paid-by-coupon", "FAIL", Tale().bought().notify(acked=False, fault="coupon").right()),
    ("money/paid-by-coupon", "UNKNOWN", Tale().notify(fault="coupon").right()),
    # Under a key that had to be fetched first: it need not be taken.
    (
        "money/paid-by-coupon",
        "PASS",
        Tale().bought().notify(acked=False, faults=["certificate_rotation", "coupon"]).right(),
    ),
    ("notify/finished-is-paid", "FAIL", Tale().bought().notify(acked=False, fault="says_finished").right()),
    ("notify/finished-is-paid", "UNKNOWN", Tale().bought().notify("duplicate", fault="says_finished").right()),
    (
        "notify/finished-later",
        "FAIL",
        Tale().bought().notify().notify("duplicate", fault="says_finished").book().ledger(990, 990),
    ),
    (
        "notify/finished-later",
        "FAIL",
        Tale().bought().notify().notify("duplicate", acked=False, fault="says_finished").right(),
    ),
    ("notify/finished-later", "UNKNOWN", Tale().bought().notify(fault="says_finished").right()),
]
