"""
The same thing twice is the same thing.
"""

from harness.catalog.base import Requirement

REQUIREMENTS = (
    Requirement("idempotency/credited-once", "A payment is credited exactly once, however often it is notified."),
    Requirement("idempotency/opened-once", "An order that is asked for again is the same payment, not another one."),
    Requirement("idempotency/one-trade", "However often an order is asked for, the buyer can pay for it once only."),
    Requirement(
        "idempotency/numbers-differ-by-case",
        "Orders whose numbers differ in upper and lower case only are two orders, or the second is refused.",
    ),
    Requirement("idempotency/other-body-refused", "An order number that stands for other content is refused."),
    Requirement(
        "idempotency/asked-after-paid", "An order that is asked for again after it was paid opens no new trade."
    ),
    Requirement(
        "idempotency/refund-number-once", "A refund that is asked for again under its own number moves no more money."
    ),
    Requirement(
        "idempotency/asked-later", "An order that is asked for again ten minutes and a day later is the same payment."
    ),
    Requirement(
        "idempotency/refund-asked-later",
        "A refund that is asked for again under its number ten minutes and days later moves no more money.",
    ),
    Requirement(
        "idempotency/ack-not-heard",
        "A notify that comes again because the acknowledgement was not heard changes nothing.",
        facts=("alipay/notify-ack", "wechatpay/notify-ack", "unionpay/notify-retries"),
    ),
    Requirement(
        "idempotency/query-and-notify",
        "A payment that was found by a query and is notified afterwards is credited once.",
    ),
    Requirement(
        "idempotency/platform-event-repeats",
        "A webhook that the platform refused comes again as the same event, with the same content.",
    ),
)
