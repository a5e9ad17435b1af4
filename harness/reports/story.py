"""
The story of one order, out of a history and the wire: who said what to whom, in order, and which lines are evidence.

On virtual time a whole exchange takes no time at all, so that moments alone do not order it: what is asked of a
provider follows what the gateway was asked, and a notify follows the buyer's paying. It refuses to judge, and to know
how a story is drawn.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from harness.control import Exchange
from harness.control_rows import moment
from harness.history import Operation, Phase
from harness.verdict import Finding, yuan_text
from harness.wire import verb_of
from harness.words import Words

MERCHANT, GATEWAY, PROVIDER, BUYER = "merchant", "gateway", "provider", "buyer"
LANES = (MERCHANT, GATEWAY, PROVIDER, BUYER)
ASKED_OF_GATEWAY = {
    "create",
    "create_other",
    "create_elsewhere",
    "create_badly_signed",
    "get",
    "sync",
    "refund",
    "get_refund",
    "effects",
    "close",
    "reconcile",
}
FOLLOWS = {
    "open": {"create", "create_other", "create_elsewhere", "create_badly_signed"},
    "query": {"get", "sync", "close"},
    "close": {"close"},
    "cancel": {"close"},
    "refund": {"refund"},
    "refund_query": {"refund", "get_refund", "sync"},
}
ROWS_MAX = 24
ASKED_SAID = {
    "create": "open payment",
    "create_other": "open payment, other amount",
    "create_elsewhere": "open payment, other channel",
    "create_badly_signed": "open payment, signed badly",
    "get": "how does it stand?",
    "sync": "ask the channel now",
    "refund": "refund",
    "get_refund": "how does the refund stand?",
    "effects": "how often credited?",
    "close": "close order",
    "reconcile": "compare the day's bill",
}
BUYER_SAID = {
    "scan": "scans",
    "pay": "pays",
    "insufficient_balance": "has too little money",
    "wrong_password": "mistypes the password",
    "cancel": "gives up",
    "pay_twice": "pays twice",
    "pay_late": "pays late",
}
KIND_SAID = {
    "duplicate": "once more",
    "replayed": "an old one again",
    "forged": "forged",
    "probe": "signature probe",
    "tampered": "other amount",
    "stray": "about something else",
}
# What made a notify stray, where its faults tell.
STRAY_SAID = {
    "says_failed": "says that it failed",
    "unknown_order": "unknown order",
    "wrong_recipient": "somebody else's",
}
DEATH_SAID = {"kill": "{what} killed", "restart": "{what} started again"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One line of the story.

    Args:
        source, target: lanes; the same one where something stands still.
        answer: what came back, for an exchange; empty for a single arrow.
        broken: it, or its answer, never arrived.
        good: None where nothing can be said.
        line: its place in the history; None for what only the wire shows.
        number: of its exchange in the wire's section.
        topic: the API that was called, the event that was told.
    """

    kind: str
    source: str
    target: str
    text: str
    at: datetime | None
    answer: str = ""
    broken: bool = False
    good: bool | None = None
    evidence: bool = False
    line: int | None = None
    exchange: Exchange | None = None
    number: int | None = None
    fault: str = ""
    topic: str = ""


@dataclass(slots=True)
class _Teller:
    """Puts the lines of one order into words."""

    words: Words
    evidence: frozenset[int]
    exchanges: list[Exchange]
    used: set[int] = field(default_factory=set)

    def asked(self, line: Operation) -> Row | None:
        """
        A line that the harness wrote as it happened.
        """
        kind, value = line.kind, line.value
        if kind in ASKED_OF_GATEWAY:
            return self._of_gateway(line)
        if line.phase is Phase.FACT:
            return self._fact(line)
        if kind in {"get_trade", "export"} or line.phase is Phase.INVOKE:
            return None
        money = f" {yuan_text(value['paid_fen'])}" if value.get("paid_fen") else ""
        text = self.words.say(BUYER_SAID.get(kind, kind)) + self.words.sentence(money)
        good = line.phase is Phase.OK
        said = "" if good else f": {value.get('code') or line.phase.value}"
        return self._row(line, "buyer", source=BUYER, target=PROVIDER, text=text + said, good=good)

    def _of_gateway(self, line: Operation) -> Row:
        value = line.value
        if line.phase is Phase.INVOKE:
            money = f" {yuan_text(value['amount_fen'])}" if value.get("amount_fen") else ""
            text = self.words.say(ASKED_SAID[line.kind]) + self.words.sentence(money)
            return self._row(line, "ask", source=MERCHANT, target=GATEWAY, text=text)
        said = str(
            value.get("status") or value.get("refund_state") or value.get("code") or value.get("status_code") or ""
        )
        if line.phase is Phase.UNKNOWN:
            text = self.words.say("no answer")
            return self._row(line, "answer", source=GATEWAY, target=MERCHANT, text=text, good=False, broken=True)
        text = said if line.phase is Phase.OK else self.words.say("refused: {code}", code=said)
        return self._row(line, "answer", source=GATEWAY, target=MERCHANT, text=text, good=line.phase is Phase.OK)

    def _fact(self, line: Operation) -> Row | None:
        value, say = line.value, self.words.say
        match line.kind:
            case "fault":
                text = say("fault {fault} on {on}", fault=value["fault"], on=value.get("on", ""))
                return self._row(line, "note", source=PROVIDER, target=PROVIDER, text=text)
            case "advance":
                text = say("{seconds} s pass", seconds=f"{value['seconds']:g}")
                return self._row(line, "note", source=GATEWAY, target=PROVIDER, text=text)
            case "kill" | "restart":
                text = say(DEATH_SAID[line.kind], what=value.get("what", ""))
                return self._row(line, "note", source=GATEWAY, target=GATEWAY, text=text, good=False)
            case "book":
                return self._row(line, "state", source=PROVIDER, target=PROVIDER, text=self._book(value))
            case "ledger":
                return self._row(line, "state", source=GATEWAY, target=GATEWAY, text=self._ledger(value))
            case _:
                return None

    def wire(self, line: Operation) -> Row:
        """
        A call, a notify or a webhook, which were read from the world after the run.
        """
        match line.kind:
            case "call":
                return self._call(line)
            case "notify":
                return self._notify(line)
            case _:
                value = line.value
                text = self.words.say("webhook {type}", type=value["type"])
                answer = "200" if value.get("told", True) else self.words.say("refused: {code}", code=500)
                row = self._row(line, "webhook", source=GATEWAY, target=MERCHANT, text=text, good=value.get("told"))
                at = moment(value.get("received_at")) or line.at
                return replace(row, answer=answer, at=at, topic=value["type"])

    def _call(self, line: Operation) -> Row:
        value = line.value
        exchange = self._taken(next((it for it in self.exchanges if it.seq == value.get("seq")), None))
        status = value.get("status")
        answer = self.words.say("no answer") if status is None else str(status)
        if value.get("signature_ok") is False:
            answer += " " + self.words.say("signature refused")
        row = self._row(line, "call", source=GATEWAY, target=PROVIDER, text=str(value["api"]), good=status == 200)
        at = None if exchange is None else moment(exchange.raw.get("stamp_at"))
        fault = str(value.get("fault") or "")
        shown = replace(row, answer=answer, broken=status is None, exchange=exchange, at=at or line.at)
        return replace(shown, fault=fault, topic=str(value["api"]))

    def _notify(self, line: Operation) -> Row:
        value = line.value
        exchange = self._taken(self._delivery(value))
        kind = value.get("kind", "true")
        text = self.words.say("notify {event}", event=value.get("event", ""))
        if kind != "true":
            text += f" ({self.words.say(_said_of(kind, value.get('faults') or ()))})"
        acked, delivered = bool(value.get("acked")), value.get("delivered", True)
        status = value.get("status")
        answer = self.words.say("acknowledged" if acked else "not acknowledged") if delivered else ""
        row = self._row(line, "notify", source=PROVIDER, target=GATEWAY, text=text, good=acked if delivered else None)
        at = moment(None if exchange is None else exchange.raw.get("stamp_at")) or moment(value.get("due_at"))
        told = f"{status} {answer}" if delivered and status is not None else answer
        fault = "+".join(value.get("faults") or ())
        shown = replace(row, answer=told, broken=not delivered, exchange=exchange, at=at or line.at)
        return replace(shown, fault=fault, topic=str(value.get("event", "")))

    def _delivery(self, value: Mapping[str, Any]) -> Exchange | None:
        """
        The exchange of a delivery: the journal has no number for it, so the first that looks the same is taken.
        """
        wanted = (
            value.get("event"),
            "+".join(value.get("faults") or ()),
            value.get("status"),
            bool(value.get("acked")),
        )
        same = [
            it
            for it in self.exchanges
            if it.direction == "out"
            and it.seq not in self.used
            and (it.api, it.fault, it.status, bool(it.raw.get("acked"))) == wanted
        ]
        due = str(value.get("due_at") or "")
        return min(same, key=lambda it: (str(it.raw.get("schedule_at")) < due, it.seq), default=None)

    def _taken(self, exchange: Exchange | None) -> Exchange | None:
        if exchange is not None:
            self.used.add(exchange.seq)
        return exchange

    def _row(self, line: Operation, kind: str, /, **more: Any) -> Row:
        return Row(kind=kind, line=line.index, evidence=line.index in self.evidence, **{"at": line.at, **more})

    def _book(self, value: Mapping[str, Any]) -> str:
        paid, gone = yuan_text(value["paid_fen"]), yuan_text(value["refunded_fen"])
        say = self.words.say
        text = say("book: {state}, {paid} paid", state=value["state"], paid=self.words.sentence(paid))
        return text + (say(", {gone} refunded", gone=self.words.sentence(gone)) if value["refunded_fen"] else "")

    def _ledger(self, value: Mapping[str, Any]) -> str:
        credited = value.get("credits")
        text = self.words.say("ledger: {status}", status=value["status"])
        if credited:
            sums = " + ".join(self.words.sentence(yuan_text(fen)) for fen in credited)
            text += self.words.say(", credited {sums}", sums=sums)
        return text


def story_of(
    finding: Finding, operations: Sequence[Operation], exchanges: Iterable[Exchange], *, words: Words
) -> list[Row]:
    """
    The rows of the finding's order, or of all orders where it names none; the exchanges are numbered from 1.
    """
    evidence = frozenset(finding.evidence)
    orders = {finding.order} if finding.order else {line.order for line in operations if line.index in evidence}
    # What happened to the whole world concerns every order.
    lines = [line for line in operations if line.order in orders or not line.order or line.index in evidence]
    numbers = {line.value["number"] for line in lines if line.value.get("number")}
    about = [it for it in exchanges if it.order in numbers or not numbers]
    teller = _Teller(words, evidence, about)
    after = [line for line in lines if line.kind in {"call", "notify", "webhook"} and line.phase is Phase.FACT]
    acted = [row for line in lines if line not in after and (row := teller.asked(line)) is not None]
    heard = _in_order([teller.wire(line) for line in after])
    rows = _merged([row for row in acted if row.kind != "state"], heard, operations)
    return _numbered([*rows, *(row for row in acted if row.kind == "state")])


def shortest(rows: Sequence[Row], *, rows_max: int = ROWS_MAX) -> list[Row | int]:
    """
    The rows that a person needs: all of a short story; of a long one the evidence, its neighbours, and how it began.

    Returns:
        Rows, and for each gap the number of rows left out.
    """
    if len(rows) <= rows_max:
        return list(rows)
    kept = set(range(3)) | {len(rows) - 1}
    for place, row in enumerate(rows):
        if row.evidence:
            kept |= {place - 1, place, place + 1}
        elif row.kind in {"buyer", "state"}:
            kept.add(place)
    told: list[Row | int] = []
    for place, row in enumerate(rows):
        if place in kept:
            told.append(row)
        elif told and isinstance(told[-1], int):
            told[-1] += 1
        else:
            told.append(1)
    return told


def _in_order(rows: Iterable[Row]) -> list[Row]:
    """
    What the wire shows by its own numbers where it has them; webhooks come after what they tell of.
    """
    return sorted(rows, key=lambda row: (row.at is None, row.at, row.kind == "webhook", _seq(row)))


def _said_of(kind: str, faults: Iterable[str]) -> str:
    """
    What a notify was that is not the plain truth.
    """
    stray = (STRAY_SAID[fault] for fault in faults if kind == "stray" and fault in STRAY_SAID)
    return next(stray, KIND_SAID.get(kind, kind))


def _seq(row: Row) -> int:
    return row.exchange.seq if row.exchange is not None else (row.line or 0)


def _merged(acted: Sequence[Row], heard: Sequence[Row], operations: Sequence[Operation]) -> list[Row]:
    """
    Both in one order: by time, and where that says nothing by what follows from what.
    """
    kinds = {line.index: line.kind for line in operations}
    ends = {line.of: line.index for line in operations if line.of is not None}
    place = 0
    found: list[Row] = []
    for row in heard:
        while place < len(acted) and _before(acted[place], row):
            found.append(acted[place])
            place += 1
        here = place
        while here < len(acted) and acted[here].at == row.at and not _follows(row, acted[:here], kinds, ends):
            here += 1
        if _follows(row, acted[:here], kinds, ends):
            found += acted[place:here]
            place = here
        found.append(row)
    return [*found, *acted[place:]]


def _before(acted: Row, heard: Row) -> bool:
    return acted.at is not None and heard.at is not None and acted.at < heard.at


def _follows(row: Row, before: Sequence[Row], kinds: Mapping[int, str], ends: Mapping[int, int]) -> bool:
    """
    Whether what leads to *row* stands in *before*.
    """
    if row.kind == "call":
        causes = FOLLOWS.get(verb_of(row.topic), set())
        done = {one.line for one in before}
        asked = [one for one in before if one.kind == "ask" and kinds.get(one.line or 0) in causes]
        return any(one.line is not None and ends.get(one.line) not in done for one in asked)
    wanted = "ask" if "refund" in row.topic else "buyer"
    return any(one.kind == wanted and (wanted == "buyer" or kinds.get(one.line or 0) == "refund") for one in before)


def _numbered(rows: Iterable[Row]) -> list[Row]:
    number = 0
    told = []
    for row in rows:
        if row.exchange is not None:
            number += 1
            told.append(replace(row, number=number))
        else:
            told.append(row)
    return told
