"""
Things at the same moment. Each states its pressure: a race needs repetition to show.
"""

from harness.catalog.base import Requirement

REQUIREMENTS = (
    Requirement(
        "concurrency/notifies-at-once",
        "Copies of a notify that arrive at the same moment credit once (8 copies, 25 orders).",
    ),
    Requirement(
        "concurrency/clicks-at-once",
        "An order that is asked for at the same moment is one payment (8 clicks, 25 orders).",
    ),
    Requirement(
        "concurrency/other-body-at-once",
        "An order number that is asked for over two amounts at the same moment stands for one of them (10 orders).",
    ),
    Requirement(
        "concurrency/refunds-at-once",
        "Part refunds at the same moment never exceed what was paid (6 at once, 15 orders).",
    ),
    Requirement(
        "concurrency/notify-and-query-at-once", "A notify and a query at the same moment credit once (25 orders)."
    ),
    Requirement(
        "concurrency/many-buyers", "Forty buyers at the same moment are each credited once, with their own amount."
    ),
)
