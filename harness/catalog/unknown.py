"""
Calls of which nobody knows how they ended: they have to be asked about, never assumed.
"""

from harness.catalog.base import Requirement

OUTCOME = ("alipay/unknown-outcome", "unionpay/query-plan", "wechatpay/errors")


def _rule(name: str, text: str) -> Requirement:
    return Requirement(f"unknown/{name}", text, facts=OUTCOME)


REQUIREMENTS = (
    _rule("create-no-answer", "An order whose opening was never answered ends as the provider's book says."),
    _rule("create-cut-before", "An order whose opening never reached the provider is opened later, or fails."),
    _rule("create-torn-after", "An order whose opening was torn off after the work ends as the provider's book says."),
    _rule("create-torn-before", "An order whose opening was torn off before the work is opened later, or fails."),
    _rule("create-server-error", "An order whose opening met a server error after the work ends as the book says."),
    _rule("create-bad-gateway", "An order whose opening met a server error before the work is not taken for opened."),
    _rule("create-system-error", "An order whose opening was answered with a system error ends as the book says."),
    _rule("create-busy", "An order that the provider was too busy for is opened later, or fails."),
    _rule("create-half-answer", "An order whose opening was answered by half ends as the provider's book says."),
    _rule("create-garbled", "An order whose opening was answered with gibberish ends as the provider's book says."),
    _rule("create-late-answer", "An answer that comes after the caller has given up changes nothing for the worse."),
    _rule(
        "create-dripped", "An answer that arrives drop by drop is an answer, or an unknown outcome; never a failure."
    ),
    _rule("query-no-answer", "A query that is not answered changes nothing: it is asked again."),
    _rule("query-server-error", "A query that meets a server error changes nothing: it is asked again."),
    _rule("query-garbled", "A query that is answered with gibberish changes nothing: it is asked again."),
    _rule("query-tampered", "A query whose answer's signature does not match changes nothing: it is asked again."),
    _rule("answer-about-another", "An answer about another order is no answer, however well it is signed."),
    _rule("answer-other-amount", "An answer that names another amount than the order's is not taken for its payment."),
    _rule("one-not-all", "An order whose queries go unanswered keeps no other order's payment from being found."),
    _rule("never-a-second-trade", "An order whose opening is unknown is never opened a second time and paid twice."),
)
