"""
What the provider did not sign is neither acknowledged nor credited.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from harness.checks.base import (
    KEPT,
    Check,
    Judgement,
    Rule,
    Ruling,
    Story,
    family,
    finding,
    judgement,
    stories,
)
from harness.checks.books import disagreements, still_right, told_by
from harness.checks.occasions import Occasion, answered, notified, status_of, struck
from harness.history import Operation
from harness.model import PAID_STATUSES
from harness.verdict import Finding, yuan_text

ACKED = "signature/forged-never-acked"
CREDITED = "signature/forged-never-credited"
# A probe is a forgery of the platform's own making.
FORGED = frozenset({"forged", "probe"})
WITNESS = "no forged notify reached the gateway"
# A copy that tells of a new key may be refused while that key is fetched; one that comes this much later may not.
FETCHED = timedelta(seconds=5)


def forged_never_acked(operations: Sequence[Operation]) -> Judgement:
    """
    Witnessed by each forged notify that reached the gateway.
    """
    findings = []
    witnessed = 0
    for story in stories(operations).values():
        arrived = _forged(story)
        witnessed += len(arrived)
        believed = [line for line in arrived if line.value["acked"]]
        if believed:
            findings.append(
                finding(
                    ACKED,
                    story,
                    expected="refused",
                    actual=f"{len(believed)} of {len(arrived)} forged notifies acknowledged",
                    evidence=believed[:1],
                )
            )
    return judgement(ACKED, findings, witnessed=witnessed, witness=WITNESS)


def forged_never_credited(operations: Sequence[Operation]) -> Judgement:
    """
    An order that met a forged notify has no credit but the one that the provider's book explains.
    """
    told = [story for story in stories(operations).values() if _forged(story)]
    findings = [found for story in told if (found := _unexplained(story)) is not None]
    looked = sum(1 for story in told if story.last("ledger") is not None)
    return judgement(CREDITED, findings, witnessed=looked, witness=WITNESS)


def _forged(story: Story) -> list[Operation]:
    return [line for line in story.seen("notify") if line.value.get("kind") in FORGED and line.value["delivered"]]


def _unexplained(story: Story) -> Finding | None:
    ledger, book = story.last("ledger"), story.last("book")
    if ledger is None or not ledger.value["credits"]:
        return None
    paid_fen = 0 if book is None else book.value["paid_fen"]
    credited_fen = sum(ledger.value["credits"])
    if credited_fen <= paid_fen:
        return None
    return finding(
        CREDITED,
        story,
        expected=f"{yuan_text(paid_fen)} credited, what the buyer paid",
        actual=f"{yuan_text(credited_fen)} credited",
        evidence=[*_forged(story)[:1], book, ledger],
        money=f"order {story.order} credited {yuan_text(credited_fen - paid_fen)} on a forged notify",
    )


def refused(occasion: Occasion) -> Rule:
    """
    A rule: what *occasion* names is neither acknowledged nor credited.
    """

    def rule(story: Story) -> Iterator[Ruling]:
        met = tuple(occasion(story))
        believed = [line for line in met if line.value["acked"]]
        if believed:
            yield Ruling(
                kept=False, expected="refused", actual=f"{len(believed)} of {len(met)} acknowledged", evidence=met[:2]
            )
        elif met:
            apart = disagreements(story)
            yield told_by(story, apart[0], met[0]) if apart else KEPT

    return rule


def true_after_forged(story: Story) -> list[Operation]:
    """
    A forged notify arrived, and true ones beside it.
    """
    return story.arrived("true", "duplicate") if _forged(story) else []


def not_believed(*faults: str, **settings: Any) -> Rule:
    """
    A rule: after an answer that nobody may believe the gateway calls again, is notified, or leaves the order unpaid;
    and the books agree.
    """

    def rule(story: Story) -> Iterator[Ruling]:
        met = tuple(answered(*faults, **settings)(story))
        if not met or not status_of(story):
            return
        apart = disagreements(story)
        if apart:
            yield told_by(story, apart[0], met[0])
            return
        calls = story.lines["call"]
        again = any(line.index > met[0].index for line in calls)
        told = any(line.value["acked"] for line in story.arrived("true", "duplicate"))
        yield Ruling(
            kept=again or told or status_of(story) not in PAID_STATUSES,
            expected="another call, since nobody said anything that counts",
            actual=f"the answer to {met[0].value['api']} was taken at its word",
            evidence=(met[0], story.last("ledger")),
        )

    return rule


def probe_refused(story: Story) -> Iterator[Ruling]:
    """
    A probe in front of the truth: the one refused, the other accepted.
    """
    probes, true = story.arrived("probe"), story.arrived("true", "duplicate")
    if not probes:
        return
    believed = [line for line in probes if line.value["acked"]]
    taken = not true or any(line.value["acked"] for line in true)
    yield Ruling(
        kept=not believed and taken,
        expected="the probe refused, the true notify accepted",
        actual="the probe was acknowledged" if believed else "the true notify was refused as well",
        evidence=(*probes[:1], *true[:1]),
    )


def requests_verify(story: Story) -> Iterator[Ruling]:
    """
    Each call whose signature the provider looked at.
    """
    for line in story.lines.get("call", ()):
        if line.value["signature_ok"] is not None:
            yield Ruling(
                kept=line.value["signature_ok"],
                expected="a signature that verifies",
                actual=f"the provider refused the signature of {line.value['api']}",
                evidence=(line,),
            )


def accepted(occasion: Occasion) -> Rule:
    """
    A rule: of what *occasion* names, something is acknowledged in the end.
    """

    def rule(story: Story) -> Iterator[Ruling]:
        met = tuple(occasion(story))
        if met:
            true = story.arrived("true", "duplicate")
            yield Ruling(
                kept=any(line.value["acked"] for line in true),
                expected="acknowledged",
                actual="never acknowledged",
                evidence=(*met[:1], *true[-1:]),
            )

    return rule


def new_key_at_hand(story: Story) -> bool:
    """
    Whether some copy found the new key fetched: one that came after another had told of it, in the same life.

    Who starts anew fetches it anew, so with each kill one more copy may be refused.
    """
    due = sorted(
        line.value.get("due_at") or ""
        for line in story.arrived("true", "duplicate")
        if line.value.get("status") and "certificate_rotation" in line.value.get("faults", ())
    )
    apart = 0
    last: datetime | None = None
    for at in (datetime.fromisoformat(told) if told else None for told in due):
        if at is None or last is None or at - last >= FETCHED:
            apart, last = apart + 1, at
    return apart > len(story.kills) + 1


def rotated_key_followed(story: Story) -> Iterator[Ruling]:
    """
    The platform's key changed while the order was on its way.
    """
    met = tuple(struck("certificate_rotation")(story))
    if not met or not status_of(story):
        return
    apart, true = disagreements(story), story.arrived("true", "duplicate")
    if apart:
        yield told_by(story, apart[0], *met[:1])
        return
    acked = any(line.value["acked"] for line in true)
    if not acked and not new_key_at_hand(story):
        return
    # A payment that was found by asking is no excuse: the notifies of the next one are refused as well.
    yield Ruling(
        kept=acked,
        expected="a notify under the new key acknowledged in the end",
        actual=f"{len(true)} true notifies, none acknowledged",
        evidence=(*met[:1], *true[-1:]),
    )


CHECKS: Mapping[str, Check] = {
    ACKED: forged_never_acked,
    CREDITED: forged_never_credited,
    **family(
        "signature",
        (
            "foreign-key-refused",
            refused(notified("forged", fault="wrong_key")),
            "no notify came under another key",
        ),
        (
            "unsigned-refused",
            refused(notified("forged", fault="forged_signature", seal="none")),
            "no unsigned notify came",
        ),
        (
            "unknown-method-refused",
            refused(notified("forged", fault="forged_signature", method="unknown")),
            "no notify named a method that nobody knows",
        ),
        (
            "damaged-refused",
            refused(notified("forged", fault="forged_signature", seal="damaged")),
            "no notify came with the signature of something else",
        ),
        (
            "weaker-method-refused",
            refused(notified("forged", fault="signature_downgrade")),
            "no notify came by a weaker method",
        ),
        (
            "another-name-refused",
            refused(notified("forged", fault="wrong_certificate_name")),
            "no notify came under somebody else's certificate",
        ),
        (
            "expired-certificate-refused",
            refused(notified("forged", fault="expired_certificate")),
            "no notify came under a certificate that is over",
        ),
        (
            "foreign-chain-refused",
            refused(notified("forged", fault="foreign_chain")),
            "no notify came under a certificate of a stranger's making",
        ),
        ("true-after-forged", still_right(true_after_forged), "no true notify came after a forged one"),
        ("probe-refused", probe_refused, "the platform sent no probe"),
        (
            "answer-tampered-not-believed",
            not_believed("bad_signature"),
            "no answer came with a signature that does not match",
        ),
        (
            "answer-foreign-not-believed",
            not_believed("wrong_key"),
            "no answer came under another key",
        ),
        (
            "answer-weaker-not-believed",
            not_believed("signature_downgrade"),
            "no answer came by a weaker method",
        ),
        (
            "answer-certificate-not-believed",
            not_believed("wrong_certificate_name", "expired_certificate", "foreign_chain"),
            "no answer came under a certificate that is not the platform's",
        ),
        ("answer-unsigned-not-believed", not_believed("unsigned"), "no answer came unsigned"),
        ("requests-verify", requests_verify, "the gateway made no call"),
        (
            "new-fields-accepted",
            accepted(notified("true", "duplicate", fault="extra_fields")),
            "no notify came with new fields",
        ),
        (
            "other-spelling-accepted",
            accepted(notified("true", "duplicate", fault="other_spelling")),
            "every notify came in the usual spelling",
        ),
        ("answer-spelling-understood", still_right(answered("other_spelling")), "every answer had the usual spelling"),
        (
            "other-charset-verified",
            still_right(notified("true", "duplicate", fault="wrong_encoding")),
            "no notify came in another charset",
        ),
        ("rotated-key-followed", rotated_key_followed, "the platform's key did not change"),
    ),
}
