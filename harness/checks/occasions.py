"""
What an order met, as words for rules: a fault that struck, a call that went wrong, a notify of some kind, a mark.

Each gives the lines that show it, and none where it did not happen.
"""

from collections.abc import Callable, Iterable
from typing import Any

from harness.checks.base import Story
from harness.history import Operation

Occasion = Callable[[Story], Iterable[Operation]]


def called(verb: str, *faults: str, **settings: Any) -> Occasion:
    """
    A call of the gateway's for *verb* that one of *faults* befell.

    Args:
        settings: what the fault had been told as well; one that is not named may be anything.
    """

    def occasion(story: Story) -> list[Operation]:
        if settings and not _told(story, faults, settings):
            return []
        return story.calls(verb, faults=faults)

    return occasion


def answered(*faults: str, **settings: Any) -> Occasion:
    """
    A call for anything that one of *faults* befell.

    Args:
        settings: what the fault had been told.
    """

    def occasion(story: Story) -> list[Operation]:
        if settings and not _told(story, faults, settings):
            return []
        return [line for line in story.lines.get("call", ()) if line.value.get("fault") in faults]

    return occasion


def struck_by(fault: str, **settings: Any) -> Occasion:
    """
    A call for anything that *fault* befell, alone or among others.

    Args:
        settings: what the fault had been told.
    """

    def occasion(story: Story) -> list[Operation]:
        if settings and not _told(story, (fault,), settings):
            return []
        return [line for line in story.lines.get("call", ()) if fault in str(line.value.get("fault") or "").split("+")]

    return occasion


def notified(*kinds: str, fault: str = "", event: str = "", **settings: Any) -> Occasion:
    """
    A notify of one of *kinds* that the gateway answered.

    Args:
        fault: what made it so, where that matters.
        event: "payment" or "refund", where only one of them will do.
        settings: what that fault had been told.
    """

    def occasion(story: Story) -> list[Operation]:
        if settings and not _told(story, (fault,), settings):
            return []
        arrived = [line for line in story.arrived(*kinds) if not event or line.value.get("event", event) == event]
        return [line for line in arrived if not fault or fault in line.value.get("faults", ())]

    return occasion


def bent_unsigned(story: Story) -> Iterable[Operation]:
    """
    A notify over another amount that the provider did not sign; where truly signed ones were laid on the order as well,
    nobody can tell which of them was taken.
    """
    if _told(story, ("tampered_amount",), {"signed": True}):
        return []
    return notified("tampered", fault="tampered_amount", signed=False)(story)


def for_another_merchant(story: Story) -> Iterable[Operation]:
    """
    A notify for another merchant. Where some for another app were laid on the order as well, only those of payments:
    nobody can tell the two apart, and a notice of a refund names no app everywhere.
    """
    mixed = _told(story, ("wrong_recipient",), {"which": "app"})
    return notified("stray", fault="wrong_recipient", event="payment" if mixed else "", which="merchant")(story)


def struck(fault: str, **settings: Any) -> Occasion:
    """
    A fault that was laid on the order, or that one of its notifies met, and of which a notify came all the same.
    """

    def occasion(story: Story) -> list[Operation]:
        told = _told(story, (fault,), settings) or ([] if settings else met(story, fault))
        return told if told and story.arrived("true", "duplicate") else []

    return occasion


def met(story: Story, fault: str) -> list[Operation]:
    """
    The notifies of the order that *fault* befell, whether or not they came.
    """
    return [line for line in story.seen("notify") if fault in line.value.get("faults", ())]


def marked(name: str) -> Occasion:
    """
    A moment that the story names.
    """

    def occasion(story: Story) -> list[Operation]:
        return [line for line in story.seen("mark") if line.value["name"] == name]

    return occasion


def paid(story: Story) -> list[Operation]:
    """
    The buyer's successful paying: once, by pressing twice, or too late.
    """
    return [line for kind in ("pay", "pay_twice", "pay_late") for line in story.seen(kind)]


def status_of(story: Story) -> str:
    """
    What the gateway called the order at the end; empty where nobody looked.
    """
    ledger = story.last("ledger")
    return "" if ledger is None else str(ledger.value["status"])


def _told(story: Story, faults: Iterable[str], settings: dict[str, Any]) -> list[Operation]:
    return [
        line
        for line in story.seen("fault")
        if line.value["fault"] in faults
        and all(line.value["settings"].get(name) == value for name, value in settings.items())
    ]
