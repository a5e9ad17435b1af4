"""
The tales of a day's bill and of the gateway's comparison; the same shapes as in the tales of everything else.
"""

from tests.unit.harness.tale import Tale

MET = {
    "reconciliation/again-harmless": lambda tale: tale.mark("compared-again").compared().compared(),
    "reconciliation/nothing-by-the-bill": lambda tale: tale.planted("amount").compared(),
}


def found(kind, *, row="payment", number="T1", here=990, there=None, status="OPEN"):
    return {"kind": kind, "row": row, "number": number, "here_fen": here, "there_fen": there, "status": status}


MISSING = found("missing_there")
STRANGE = found("missing_here", number="X9", here=None, there=990)
AMOUNT = found("amount", there=997)
BACK = found("missing_there", row="refund", number="R1", here=300)

AGREEING = {
    "reconciliation/true-bill-agrees": "quiet-day",
    "reconciliation/refunds-agree": "day-with-refunds",
    "reconciliation/beijing-day": "around-midnight",
}
TOLD = {
    "reconciliation/missing-row-told": ("missing_row", MISSING, BACK),
    "reconciliation/extra-row-told": ("extra_row", STRANGE, MISSING),
    "reconciliation/amount-told": ("amount", AMOUNT, found("amount", number="T2", there=997)),
    "reconciliation/empty-bill-told": ("empty_bill", MISSING, STRANGE),
    "reconciliation/refund-elsewhere-told": ("refund_other_day", BACK, MISSING),
}
EARLY = {"reconciliation/no-bill-no-agreement": "no-bill-yet", "reconciliation/day-not-over": "day-not-over"}
# The second is a SHOULD.
BROKEN = ("FAIL", "NON_STRICT")
NEVER = "reconciliation/lost-payment-found"
OF_REFUND = "reconciliation/refund-amount-told"


def refund_row():
    """The bill of a day with nothing but a refund, which it has over another amount."""
    return Tale().mark("refund-row").planted("amount")


def never_heard(*differences, after):
    """Paid, unheard of when the day was compared, and *after* that."""
    tale = Tale().mark("never-heard-of").bought().look("PENDING").compared(*differences).look(after)
    return tale.book().ledger(990)


OTHERS = [
    *((name, "PASS", Tale().mark(mark).compared()) for name, mark in AGREEING.items()),
    *(
        (name, "PASS", Tale().mark(mark).compared({**MISSING, "status": "EXPLAINED"}))
        for name, mark in AGREEING.items()
    ),
    *((name, "FAIL", Tale().mark(mark).compared(MISSING)) for name, mark in AGREEING.items()),
    *((name, "UNKNOWN", Tale().mark(mark).compared(done=False)) for name, mark in AGREEING.items()),
    *((name, "UNKNOWN", Tale().compared()) for name in AGREEING),
    *((name, "PASS", Tale().planted(what).compared(it)) for name, (what, it, _) in TOLD.items()),
    *((name, "FAIL", Tale().planted(what).compared(other)) for name, (what, _, other) in TOLD.items()),
    *((name, "FAIL", Tale().planted(what).compared()) for name, (what, _, _) in TOLD.items()),
    *((name, "UNKNOWN", Tale().compared(it).planted(what)) for name, (what, it, _) in TOLD.items()),
    *((name, "UNKNOWN", Tale().planted(what).compared(done=False)) for name, (what, _, _) in TOLD.items()),
    *((name, "PASS", Tale().mark(mark).compared(ends="fail")) for name, mark in EARLY.items()),
    *((name, "PASS", Tale().mark(mark).compared(done=False).compared()) for name, mark in EARLY.items()),
    *((name, broken, Tale().mark(mark).compared()) for (name, mark), broken in zip(EARLY.items(), BROKEN, strict=True)),
    *((name, "UNKNOWN", Tale().compared().mark(mark)) for name, mark in EARLY.items()),
    ("reconciliation/extra-row-told", "FAIL", Tale().planted("extra_row").compared({**STRANGE, "status": "EXPLAINED"})),
    (OF_REFUND, "PASS", refund_row().compared(found("amount", row="refund", number="R1", here=300, there=299))),
    (OF_REFUND, "FAIL", refund_row().compared(AMOUNT)),
    (OF_REFUND, "FAIL", refund_row().compared()),
    (OF_REFUND, "UNKNOWN", refund_row().compared(done=False)),
    (OF_REFUND, "UNKNOWN", Tale().planted("amount").compared(AMOUNT)),
    ("reconciliation/amount-told", "UNKNOWN", refund_row().compared(AMOUNT)),
    (NEVER, "PASS", never_heard(found("state", there=990), after="PENDING")),
    (NEVER, "PASS", never_heard(after="PAID")),
    (NEVER, "FAIL", never_heard(after="PENDING")),
    (NEVER, "FAIL", never_heard(found("state", number="T2", there=990), after="PENDING")),
    (NEVER, "UNKNOWN", Tale().mark("never-heard-of").bought().look("PAID").compared().look("PAID").right()),
    (NEVER, "UNKNOWN", Tale().mark("never-heard-of").bought().look("PENDING").compared(done=False).right()),
]
