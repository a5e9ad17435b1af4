"""
Which requirements no scenario can put to the test: those that ask for a moment which no verb can bring about.

The catalogue's cases bring it about, at a state of the gateway or between two answers, so `payproof check` judges them.
"""

from harness.catalog import BY_ID

# What a scenario's verbs name in its history, where checks ask for it by name.
MARKS = frozenset(
    {
        "clicks-at-once",
        "compared-again",
        "day-not-over",
        "day-with-refunds",
        "never-heard-of",
        "one-refund-at-once",
        "paid-while-closing",
        "quiet-day",
        "refunds-at-once",
    }
)
CASES_ONLY = frozenset(
    {
        "clock/last-rung-accepted",
        "close/late-after-timeout",
        "close/late-refund-settled",
        "close/overtakes-opening",
        "close/paid-before-timeout",
        "close/times-out",
        "concurrency/many-buyers",
        "concurrency/notifies-at-once",
        "concurrency/notify-and-query-at-once",
        "concurrency/other-body-at-once",
        "crash/after-paying",
        "crash/around-the-notify",
        "crash/asked-again",
        "crash/before-paying",
        "crash/down-while-paid",
        "crash/platform-still-told",
        "crash/while-opening",
        "crash/while-refunding",
        "idempotency/asked-later",
        "idempotency/numbers-differ-by-case",
        "idempotency/refund-asked-later",
        "money/paid-over-two-channels",
        "money/paid-twice",
        "notify/a-day-late",
        "notify/another-channels",
        "notify/failed-is-not-paid",
        "notify/odd-text",
        "notify/platform-long-down",
        "notify/platform-one-not-all",
        "notify/unknown-order",
        "order-of-arrival/paid-before-answer",
        "order-of-arrival/paid-while-asking",
        "order-of-arrival/stale-answer",
        "reconciliation/beijing-day",
        "reconciliation/no-bill-no-agreement",
        "reconciliation/refund-amount-told",
        "refund/number-of-another-order",
        "refund/refused-then-anew",
        "refund/stuck-is-neither",
        "security/forged-id",
        "security/many-forgeries",
        "security/old-request",
        "security/request-again",
        "security/unsigned-request",
        "spike/accepted-kept",
        "spike/killed",
        "spike/no-server-error",
        "spike/notifies",
        "spike/one-payment",
        "spike/platform-told",
        "spike/refunds",
        "spike/refused-again",
        "spike/refused-nowhere",
        "spike/says-when",
        "spike/slow-provider",
        "unknown/one-not-all",
    }
)
WITNESSED = tuple(sorted(set(BY_ID) - CASES_ONLY))
