"""
Saves what happened to one order as a scenario: the faults drawn for it, and the moves made, as steps.

Writes the scenario language and knows nothing of who plays it. What the language has no word for stands in a comment.
"""

import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from mock_providers.core.books.book import Trade
from mock_providers.core.notifies.copies import Delivery
from mock_providers.core.plans import Kind

BY_HAND = "by_hand"
_COUNTED = {"notifies_duplicate": Kind.DUPLICATE, "notifies_forged": Kind.FORGED, "notifies_tampered": Kind.TAMPERED}
_REQUIREMENTS = ("money/credited-amount", "idempotency/credited-once", "notify/nothing-lost", "state/never-back")
_FORGED = ("signature/forged-never-acked", "signature/forged-never-credited")
# A ladder is climbed on the schedule; a little more than its last rung lets it end.
_ROUND_S = 60


@dataclass(frozen=True, slots=True)
class Told:
    """
    What is known of one order.

    Args:
        channel: the one by which it came.
        decisions: every one made for it that struck, as the control API shows them, in their order.
        copies: every copy of its notifies.
    """

    trade: Trade
    channel: str
    decisions: Sequence[Mapping[str, Any]]
    copies: Sequence[Delivery]
    until_at: datetime
    seed: int


@dataclass(slots=True)
class _Writing:
    rules: list[CommentedMap] = field(default_factory=list)
    steps: list[Any] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def file_name(trade: Trade) -> str:
    """Where a browser saves it."""
    return f"{_slug(trade)}.yaml"


def write(told: Told) -> str:
    """
    Returns:
        The scenario as YAML, with remarks on what could not be said.
    """
    writing = _Writing()
    for number, decision in enumerate(told.decisions, 1):
        writing.rules.append(
            _rule(f"{number}-{decision['fault']}", decision["fault"], _where(decision), decision["with"])
        )
    _by_hand(told, writing)
    _moves(told, writing)
    opening = told.trade.opening
    forged = any(one.planned.forged for one in told.copies)
    document = CommentedMap(
        id=f"saved/{_slug(told.trade)}",
        title=f"What happened to {opening.label or opening.out_trade_no}",
        purpose=f"Saved from the simulator: the faults and the moves of one order, {opening.out_trade_no}.",
        requirements=[*_REQUIREMENTS, *(_FORGED if forged else ())],
        channel=told.channel,
        faults=writing.rules,
        seed=told.seed,
        load=_flow(payments=1, amount_fen=int(opening.total_fen)),
        steps=writing.steps,
        expect=_expected(told),
    )
    if not writing.rules:
        del document["faults"]
    out = io.StringIO()
    yaml = YAML()
    yaml.width = 120
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(document, out)
    return "".join(f"# {remark}\n" for remark in writing.remarks) + out.getvalue()


def struck(decisions: Iterable[Mapping[str, Any]], trade: Trade) -> list[Mapping[str, Any]]:
    """Those of *decisions* that struck *trade*."""
    opening = trade.opening
    return [
        one
        for one in decisions
        if one["hit"] and one["provider"] == opening.provider and one["order"] == opening.out_trade_no
    ]


def _slug(trade: Trade) -> str:
    name = trade.opening.label or trade.opening.out_trade_no
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "order"


def _flow(**values: Any) -> CommentedMap:
    written = CommentedMap(values)
    written.fa.set_flow_style()
    return written


def _rule(rule_id: str, fault: str, where: Mapping[str, Any], settings: Mapping[str, Any]) -> CommentedMap:
    rule = CommentedMap(id=rule_id, fault=fault, where=_flow(**where))
    if settings:
        rule["with"] = _flow(**settings)
    return rule


def _where(decision: Mapping[str, Any]) -> dict[str, Any]:
    """This very attempt: what struck once strikes at the same place again, without chance."""
    return {"on": decision["on"], "api": decision["api"], "nth": decision["attempt"]}


def _by_hand(told: Told, writing: _Writing) -> None:
    """Copies that somebody sent by hand, as the faults that send the like."""
    count: Counter[Kind] = Counter()
    for one in told.copies:
        planned, notice = one.planned, one.attempt.notice
        if planned.fault != BY_HAND and not (planned.kind is Kind.DUPLICATE and not planned.fault):
            continue
        count[planned.kind] += 1
        where = {"on": "notify", "api": notice.event, "nth": 1}
        if planned.kind is Kind.TAMPERED:
            settings = {"add_fen": planned.add_fen, "signed": not planned.forged}
            writing.rules.append(_rule(f"hand-{len(writing.rules) + 1}-tampered", "tampered_amount", where, settings))
        elif planned.kind is Kind.FORGED:
            writing.rules.append(_rule(f"hand-{len(writing.rules) + 1}-forged", "forged_signature", where, {}))
        elif planned.kind is not Kind.DUPLICATE:
            writing.remarks.append(f"A copy by hand that lied otherwise is left out: {planned.kind}.")
    if count[Kind.DUPLICATE]:
        settings = {"copies": count[Kind.DUPLICATE], "spacing_s": _ROUND_S}
        writing.rules.append(_rule("hand-delivered-again", "duplicate", {"on": "notify", "nth": 1}, settings))
    if any(one.state == "held" for one in told.copies):
        writing.remarks.append("Notifies are still held; the story holds them, and in the end delivers them.")


def _moves(told: Told, writing: _Writing) -> None:
    trade, steps = told.trade, writing.steps
    steps.append("open")
    if trade.paid_at is None:
        steps.append("cancel")
    else:
        steps.append("pay")
        if trade.notes.get("paid_late"):
            writing.remarks.append("The buyer paid after the order was closed; the story lets them pay in time.")
        if trade.notes.get("failed"):
            writing.remarks.append(f"A payment failed before: {trade.notes['failed']}.")
    held = any(one.state == "held" for one in told.copies)
    if held or any(_lost_by_hand(one) for one in told.copies):
        steps.append(CommentedMap(notifies="hold" if held else "drop"))
    at = trade.paid_at or trade.opening.created_at
    for refund in sorted(trade.refunds.values(), key=lambda one: one.at):
        at = _let_pass(steps, at, refund.at)
        whole = refund.amount_fen == trade.opening.total_fen
        steps.append(CommentedMap(refund=_flow(amount_fen="all" if whole else int(refund.amount_fen))))
    _let_pass(steps, at, told.until_at)
    if held:
        steps.append(CommentedMap(notifies="deliver"))
    steps += ["settle", "look"]


def _let_pass(steps: list[Any], since_at: datetime, until_at: datetime) -> datetime:
    """A step for the time between two moves, in whole minutes; a short while needs none."""
    passed_s = (until_at - since_at).total_seconds()
    if passed_s >= _ROUND_S:
        steps.append(CommentedMap(advance=f"{int(passed_s // _ROUND_S) + 1}m"))
    return max(since_at, until_at)


def _lost_by_hand(one: Delivery) -> bool:
    """Dropped although no fault had said so."""
    plan = one.attempt.plan
    return bool((one.answer or {}).get("dropped")) and not (plan.lost or plan.ladder_over)


def _expected(told: Told) -> CommentedMap:
    expect = CommentedMap(paid=int(told.trade.paid_at is not None))
    if told.trade.refunded_fen:
        expect["refunded"] = 1
    # The harness counts what was planned for fresh events, and not what their resends brought.
    kinds = Counter(one.planned.kind for one in told.copies if one.attempt.number == 1 and one.planned.fault != BY_HAND)
    least = {name: kinds[kind] for name, kind in _COUNTED.items() if kinds[kind]}
    if least:
        expect["at_least"] = _flow(**least)
    return expect
