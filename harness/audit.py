"""
The audit: provider's book against gateway's ledger against platform's webhooks, over any number of payments.

The book and the webhooks are held, a few numbers for each payment; the ledger streams past them once. Pure: it is fed
rows and gives a report. A run in which nothing was witnessed is UNKNOWN, whatever the books say.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from harness.accounts import Account, BookRow, Damage, Difference, Told, believed, differences, opened_again
from harness.catalog import BY_ID
from harness.control import Trade
from harness.model import ENDED_STATUSES
from harness.sut.contract import LedgerEntry, Payment
from harness.sut.sink import WebhookEvent
from harness.verdict import Finding, Verdict

FINDINGS_MAX = 100

EvidenceOf = Callable[[str, str], tuple[int, ...]]


def no_evidence(order: str, requirement: str) -> tuple[int, ...]:
    """
    For an audit without a history.
    """
    del order, requirement
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """
    What must have happened for a clean audit to mean anything.

    Args:
        notifies_acked: deliveries that reached the gateway and were acknowledged.
        webhooks_promised: whether the gateway declares that it tells the platform.
        doubts: why a clean audit would mean nothing, in words, as whoever ran it knows.
        ledger_read: whether the gateway's books were read to their end; else what they lack says nothing.
    """

    notifies_delivered: int
    notifies_acked: int
    webhooks_promised: bool = True
    doubts: tuple[str, ...] = ()
    ledger_read: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """
    What the audit found.

    Args:
        reasons: why the verdict is not PASS, when no finding says it.
        findings_left_out: how many more there are than `findings` shows.
        accused: every accusation of this look, whether it stood or not, for the `earlier` of the next.
        stands: nobody was accused, or this look accused just as the one before it.
    """

    payments: int
    paid: int
    refunded: int
    lost: int
    credited_twice: int
    mismatched: int
    forged_acked: int
    webhooks: int
    transactions: int
    verdict: Verdict
    findings: tuple[Finding, ...]
    findings_left_out: int
    reasons: tuple[str, ...]
    accused: frozenset[int] = frozenset()
    stands: bool = True

    def to_json(self) -> Mapping[str, Any]:
        return {
            "payments": self.payments,
            "paid": self.paid,
            "refunded": self.refunded,
            "lost": self.lost,
            "credited_twice": self.credited_twice,
            "mismatched": self.mismatched,
            "forged_acked": self.forged_acked,
            "webhooks": self.webhooks,
            "transactions": self.transactions,
            "verdict": self.verdict.value,
            "reasons": list(self.reasons),
            "findings": [dict(finding.to_json()) for finding in self.findings],
            "findings_left_out": self.findings_left_out,
        }


@dataclass(slots=True)
class _Tally:
    payments: int = 0
    paid: int = 0
    refunded: int = 0
    transactions: int = 0
    damages: dict[Damage, int] = field(default_factory=lambda: dict.fromkeys(Damage, 0))
    findings: list[tuple[Damage, Finding]] = field(default_factory=list)
    findings_left_out: Counter[Damage] = field(default_factory=Counter)
    accused: set[int] = field(default_factory=set)
    moving: list[str] = field(default_factory=list)

    def drop(self, damage: Damage) -> None:
        self.damages[damage] = 0
        self.findings = [(kind, finding) for kind, finding in self.findings if kind is not damage]
        del self.findings_left_out[damage]


class Auditor:
    """
    Feed it the whole book, then every webhook, then the ledger; then ask for the report.

    Args:
        ours: which merchant order numbers belong to this run. A payment of another run on the same store is passed
            over unless its trade stands in this run's book.
        evidence_of: the shortest witness for (order, requirement), indexes into the history.
        replay: the command that repeats the run, printed with each finding.
        tells_refunds: whether the gateway promises to tell the platform of refunds.
        earlier: what an earlier look at the same sides accused of, where they may move while they are read. Only what
            is accused again in the same words stands; and nothing is called lost while the gateway still finds things.
    """

    def __init__(
        self,
        *,
        ours: Callable[[str], bool] = lambda _: True,
        evidence_of: EvidenceOf = no_evidence,
        seed: int | None = None,
        replay: str = "",
        findings_max: int = FINDINGS_MAX,
        tells_refunds: bool = True,
        earlier: frozenset[int] | None = None,
    ) -> None:
        self._earlier = earlier
        self._ours = ours
        self._evidence_of = evidence_of
        self._seed = seed
        self._replay = replay
        self._findings_max = findings_max
        self._tells_refunds = tells_refunds
        self._book: dict[str, BookRow] = {}
        # (event id, amount) of those who were told once and believed it, which are nearly all; a million are held here.
        self._told: dict[str, tuple[str, int] | Told] = {}
        self._webhooks = 0
        self._seen: set[str] = set()
        self._open: dict[str, tuple[tuple[str, int], ...]] = {}
        self._told_unpaid: list[tuple[BookRow | None, Payment, Sequence[LedgerEntry] | None]] = []
        self._forged_acks: Counter[str] = Counter()
        self._unheard: Mapping[str, str] = {}
        self._excused: list[str] = []
        self._tally = _Tally()

    def add_trade(self, trade: Trade) -> None:
        self._book[trade.out_trade_no] = BookRow.of(trade)

    def add_forged_ack(self, order: str) -> None:
        """
        A notify that the provider did not sign was acknowledged.
        """
        self._forged_acks[order] += 1

    def add_unheard(self, why: Mapping[str, str]) -> None:
        """
        Trades, by their numbers, whose money the gateway could not know of where it says that they were closed.
        """
        self._unheard = why

    def add_webhook(self, event: WebhookEvent) -> None:
        assert not self._tally.payments, "the webhooks come before the ledger"
        order = event.merchant_order_no
        # Of another run's orders, too: one whose trade stands in this run's book is judged with what was told of it.
        self._webhooks += self._ours(order)
        held, amount_fen = self._told.get(order), event.data.get("amount_fen")
        if held is None and event.told and event.type == "payment.paid" and amount_fen is not None:
            self._told[order] = (event.event_id, amount_fen)
            return
        told = self._unpacked(held)
        told.add(event)
        self._told[order] = told

    def add_payment(self, payment: Payment, *, entries: Sequence[LedgerEntry] | None = None) -> None:
        """
        Judge one payment of the gateway; *entries* are its ledger legs, where somebody looked.
        """
        book = self._book.pop(payment.out_trade_no, None)
        order = payment.merchant_order_no
        if book is None and not self._ours(order):
            self._told.pop(order, None)
            return
        if payment.id in self._seen:
            return  # an export that is paged while payments arrive may show one twice
        self._seen.add(payment.id)
        self._tally.payments += 1
        self._tally.transactions += len({entry.transaction_id for entry in entries or ()})
        # A payment that has ended without money stands in nobody's way: its order may have been opened anew.
        if payment.status not in ENDED_STATUSES:
            self._open[order] = (*self._open.get(order, ()), (payment.id, payment.amount_fen))
        if order in self._told and (book is None or not book.paid_fen):
            # The platform was told of another payment of this order, or of one that nobody paid: seen at the end.
            self._told_unpaid.append((book, payment, entries))
        else:
            self._judge_payment(book, payment, entries=entries)

    def report(self, witness: Witness) -> AuditReport:
        """
        Judge what the ledger never mentioned, and say how it stands.
        """
        for book, payment, entries in self._told_unpaid:
            self._judge_payment(book, payment, entries=entries)
        if witness.ledger_read:
            for book in self._book.values():
                self._judge(Account(order=book.label or book.out_trade_no, book=book, payment=None, told=None))
            for order, told in self._told.items():
                if not self._ours(order):
                    continue
                self._judge(Account(order=order, book=None, payment=None, told=self._unpacked(told)))
        else:
            self._tally.paid += sum(row.paid_fen > 0 for row in self._book.values())
        for order, payments in self._open.items():
            if len(payments) > 1:
                self._note(order, [opened_again(order, payments)])
        for order, times in self._forged_acks.items():
            self._note(order, [believed(order, times)])
        for held in (self._book, self._told, self._told_unpaid, self._open):
            held.clear()
        tally, damages = self._tally, self._tally.damages
        stands, in_motion = self._compared()
        reasons = [*self._doubts(witness), *in_motion]
        verdict = Verdict.FAIL if any(damages.values()) else Verdict.UNKNOWN if reasons else Verdict.PASS
        return AuditReport(
            payments=tally.payments,
            paid=tally.paid,
            refunded=tally.refunded,
            lost=damages[Damage.LOST],
            credited_twice=damages[Damage.CREDITED_TWICE],
            mismatched=damages[Damage.MISMATCHED],
            forged_acked=damages[Damage.FORGED_ACKED],
            webhooks=self._webhooks,
            transactions=tally.transactions,
            verdict=verdict,
            findings=tuple(finding for _, finding in tally.findings),
            findings_left_out=tally.findings_left_out.total(),
            reasons=tuple(reasons),
            accused=frozenset(tally.accused),
            stands=stands,
        )

    def _compared(self) -> tuple[bool, list[str]]:
        """
        Whether this look accused just as the earlier one, and what was in motion between the two, in words.
        """
        tally = self._tally
        if self._earlier is None:
            return not tally.accused, []
        told = []
        if tally.moving:
            first = tally.moving[0]
            told.append(f"{len(tally.moving)} differences came up while the books were read, the first over {first}")
        mended = len(self._earlier - tally.accused)
        if mended:
            lost = tally.damages[Damage.LOST]
            tally.drop(Damage.LOST)
            waiting = f"; {lost} that it has not credited may follow" if lost else ""
            told.append(f"the gateway was still at work: {mended} differences went by themselves{waiting}")
        return not told, told

    def _doubts(self, witness: Witness) -> list[str]:
        if not self._tally.paid:
            return [*witness.doubts, "no payment succeeded, so nothing was put to the test"]
        doubts = [*witness.doubts, *self._excused]
        if not witness.notifies_delivered:
            doubts.append("no notify reached the gateway")
        elif not witness.notifies_acked:
            doubts.append("no notify that reached the gateway was acknowledged")
        if witness.webhooks_promised and not self._webhooks:
            doubts.append("payments were paid and no webhook was received")
        return doubts

    def _judge_payment(self, book: BookRow | None, payment: Payment, *, entries: Sequence[LedgerEntry] | None) -> None:
        told = self._told.pop(payment.merchant_order_no, None)
        # Of another run's order the platform may have been told in that run, where nobody here listened.
        listened = self._webhooks and (told is not None or self._ours(payment.merchant_order_no))
        heard = self._unpacked(told) if listened else None
        self._judge(Account(order=payment.merchant_order_no, book=book, payment=payment, told=heard, entries=entries))

    def _unpacked(self, held: tuple[str, int] | Told | None) -> Told:
        if isinstance(held, Told):
            return held
        told = Told() if held is None else Told.once(*held)
        told.tells_refunds = self._tells_refunds
        return told

    def _judge(self, account: Account) -> None:
        self._tally.paid += account.paid_fen > 0
        self._tally.refunded += account.refunded_fen > 0
        self._note(account.order, differences(self._heard(account)))

    def _heard(self, account: Account) -> Account:
        """
        The account without money of which the gateway could not know.
        """
        why = "" if account.book is None else self._unheard.get(account.book.out_trade_no, "")
        ended = account.payment is None or account.payment.status in ENDED_STATUSES
        if not why or not ended:
            return account
        assert account.book is not None
        self._excused.append(why)
        return replace(account, book=replace(account.book, paid_fen=0, refunded_fen=0))

    def _note(self, order: str, found: Sequence[Difference]) -> None:
        standing = [difference for difference in found if self._stands(order, difference)]
        for damage in {difference.damage for difference in standing}:
            self._tally.damages[damage] += 1
        for difference in standing:
            if len(self._tally.findings) >= self._findings_max:
                self._tally.findings_left_out[difference.damage] += 1
            else:
                self._tally.findings.append((difference.damage, self._finding(order, difference)))

    def _stands(self, order: str, difference: Difference) -> bool:
        accusation = hash((order, difference))
        self._tally.accused.add(accusation)
        if self._earlier is None or accusation in self._earlier:
            return True
        self._tally.moving.append(order)
        return False

    def _finding(self, order: str, difference: Difference) -> Finding:
        requirement = BY_ID[difference.requirement]
        return requirement.broken(
            order,
            expected=difference.expected,
            actual=difference.actual,
            evidence=self._evidence_of(order, requirement.id),
            seed=self._seed,
            replay=self._replay,
            money=difference.money,
        )


def audit(
    *,
    book: Iterable[Trade],
    ledger: Iterable[tuple[Payment, Sequence[LedgerEntry] | None]],
    webhooks: Iterable[WebhookEvent],
    witness: Witness,
    auditor: Auditor | None = None,
) -> AuditReport:
    """
    The audit in one call, for rows that are at hand.
    """
    judge = auditor if auditor is not None else Auditor()
    for trade in book:
        judge.add_trade(trade)
    for event in webhooks:
        judge.add_webhook(event)
    for payment, entries in ledger:
        judge.add_payment(payment, entries=entries)
    return judge.report(witness)
