"""
More at the same moment than can be done: what was taken is kept, what is refused is told so.
"""

from collections.abc import Iterator, Mapping

from harness.checks.base import KEPT, Check, Rule, Ruling, Story, family
from harness.checks.books import disagreements, still_right, told_by
from harness.checks.idempotency import refund_number_once, same_payment
from harness.checks.occasions import marked, status_of
from harness.history import Phase
from harness.model import PAID_STATUSES

LATER = frozenset({429, 503})


def accepted_kept(mark: str) -> Rule:
    """
    A rule: an order of the burst that the gateway said yes to is known in the end; who came to pay for it could, and it
    counts.
    """

    def rule(story: Story) -> Iterator[Ruling]:
        taken = story.seen("create")
        if not marked(mark)(story) or not taken:
            return
        if not status_of(story):
            yield Ruling(
                kept=False,
                expected="an order that the gateway knows",
                actual="unknown to the gateway, though it was accepted",
                evidence=(taken[0],),
                money=f"order {story.order} was accepted and is lost",
            )
            return
        apart = disagreements(story)
        turned_away = [line for line in story.lines.get("pay", ()) if line.phase is Phase.FAIL]
        if apart:
            yield told_by(story, apart[0], taken[0])
        else:
            yield Ruling(
                kept=not turned_away or status_of(story) in PAID_STATUSES,
                expected="something to pay with, and in the end a payment",
                actual=f"{status_of(story)}, and nothing that the buyer could pay",
                evidence=(taken[0], *turned_away[:1], story.last("ledger")),
                money=f"order {story.order} was accepted, and nobody can pay for it",
            )

    return rule


def refused_nowhere(story: Story) -> Iterator[Ruling]:
    """
    Each time that it was asked for it was refused.
    """
    endings = [line for line in story.lines.get("create", ()) if line.of is not None]
    if not marked("spike")(story) or not endings or any(line.phase is not Phase.FAIL for line in endings):
        return
    book = story.seen("book")
    yield Ruling(
        kept=not book,
        expected="no trade at the provider: the gateway said no",
        actual=f"trade {book[0].value['number']} can be paid" if book else "",
        evidence=(endings[0], *book[:1]),
        money=f"order {story.order} was refused, and its buyer can pay for it",
    )


def refused_again(story: Story) -> Iterator[Ruling]:
    """
    Refused in the burst, and asked for again when it was over.
    """
    endings = [line for line in story.lines.get("create", ()) if line.of is not None]
    if not marked("spike")(story) or len(endings) < 2 or endings[0].phase is not Phase.FAIL:
        return
    apart = disagreements(story)
    if apart:
        yield told_by(story, apart[0], endings[0])
        return
    yield Ruling(
        kept=any(line.phase is not Phase.FAIL for line in endings[1:]),
        expected="accepted, now that there is room",
        actual=f"refused {len(endings)} times; the last was {endings[-1].value.get('status_code')}",
        evidence=tuple(endings[:2]),
    )


def one_payment(story: Story) -> Iterator[Ruling]:
    """
    Asked for several times in the burst, and accepted at least once.
    """
    taken = [line for line in story.seen("create") if line.value.get("payment_id")]
    if not marked("spike-copies")(story) or len(story.asked("create")) < 2 or not taken:
        return
    apart = disagreements(story)
    if apart:
        yield told_by(story, apart[0], taken[0])
        return
    yield same_payment(story, taken, burst=True)


def says_when(story: Story) -> Iterator[Ruling]:
    """
    An answer in a burst: a yes needs no more, a no has to say when to come again.
    """
    if not marked("spike")(story):
        return
    endings = [line for line in story.lines.get("create", ()) if line.of is not None]
    for line in endings[:1]:
        if line.phase is Phase.OK:
            yield KEPT
            continue
        status, later_s = line.value.get("status_code"), line.value.get("retry_after_s")
        if status is None:
            continue  # nobody said anything, neither yes nor no
        yield Ruling(
            kept=status in LATER and later_s is not None,
            expected="429 or 503, with Retry-After",
            actual=f"{status}, Retry-After {later_s}",
            evidence=(line,),
        )


def no_server_error(story: Story) -> Iterator[Ruling]:
    """
    Each answer in a burst; a 503 says that there is no room, any other server error that nobody knows what happened.
    """
    if not marked("spike")(story):
        return
    for line in [line for line in story.lines.get("create", ()) if line.of is not None][:1]:
        said = [*line.value.get("errors", ()), line.value.get("status_code") or 200]
        broken = [status for status in said if status >= 500 and status != 503]
        yield Ruling(
            kept=not broken,
            expected="a yes, or a no that is one",
            actual=f"{broken[0]}: nobody knows whether the order was taken" if broken else "",
            evidence=(line,),
        )


def refunds(story: Story) -> Iterator[Ruling]:
    """
    Each refund of the burst was made once, and the books agree.
    """
    if marked("spike-refunds")(story) and story.asked("refund"):
        yield from still_right(lambda met: met.asked("refund"))(story)
        yield from refund_number_once(story)


CHECKS: Mapping[str, Check] = family(
    "spike",
    ("accepted-kept", accepted_kept("spike"), "nothing was accepted in a burst"),
    ("refused-nowhere", refused_nowhere, "nothing was refused in a burst"),
    ("refused-again", refused_again, "nothing that was refused in a burst was asked for again"),
    ("one-payment", one_payment, "nothing was asked for several times in a burst"),
    ("slow-provider", accepted_kept("spike-slow"), "nothing was accepted while the provider was slow"),
    ("killed", accepted_kept("spike-killed"), "nothing was accepted before a kill in a burst"),
    ("notifies", still_right(marked("spike-notifies")), "no payments were notified in a burst"),
    ("refunds", refunds, "no refunds were asked for in a burst"),
    ("platform-told", still_right(marked("spike-told")), "the platform was told of no burst"),
    ("no-server-error", no_server_error, "nothing was asked for in a burst"),
    ("says-when", says_when, "nothing was asked for in a burst"),
)
