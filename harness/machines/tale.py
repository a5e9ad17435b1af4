"""
A story told three ways: in plain sentences, as a scenario's YAML, and as Python that lives it again.

Pure: text out of data. What the scenario language has no word for stands in its YAML as a comment, so that nothing is
left out in silence. It refuses to know how a story was found.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from harness.channels import PROVIDED, provider_of
from harness.machines.moves import Move, Story
from harness.script.witnesses import CASES_ONLY
from harness.verdict import Finding, yuan_text
from harness.wire import GLOBS

BUYS = {
    "pay": "The buyer of order {order} pays.",
    "scan": "The buyer of order {order} looks at the cashier.",
    "cancel": "The buyer of order {order} walks away.",
    "pay_twice": "The buyer of order {order} presses Pay twice.",
    "pay_late": "The money of order {order} was on its way and arrives now.",
    "wrong_password": "The buyer of order {order} mistypes the password.",
    "insufficient_balance": "The buyer of order {order} has not enough money.",
}
ASKS = {
    "open_again": "The platform asks for order {order} once more, with the same body.",
    "open_other": "The platform asks for order {order}'s number with another amount.",
    "look": "The platform reads order {order}.",
    "sync": "The platform has the gateway ask the channel about order {order}.",
    "refund_again": "The platform asks for the last refund of order {order} again, under its own number.",
    "refund_over": "The platform asks back more than order {order} cost.",
    "close": "The platform has order {order} closed.",
    "rung": "Time passes to the next notify of order {order}.",
    "deliver": "The next notify of order {order} is delivered early.",
    "drop": "The next notify of order {order} is lost.",
    "reorder": "The waiting notifies of order {order} arrive, the last one first.",
    "copy": "A notify of order {order} is told once more.",
    "replay": "An old notify of order {order} comes again, byte for byte.",
    "forge": "A stranger sends a notify of order {order}.",
    "tamper": "A notify of order {order} comes with another amount.",
    "crash": "The gateway is killed and started again.",
    "restart": "The gateway is restarted in good order.",
    "down": "The gateway is killed.",
    "up": "The gateway is started again.",
}
SENTENCES = {**BUYS, **ASKS}
# What of a fault says where it strikes, and not how.
WHERE = ("first", "nth")
CLICKS = {1: "", 2: ", by two clicks at once", 3: ", by three clicks at once"}


def sentences(story: Story) -> list[str]:
    """
    The story, a sentence for each move.
    """
    told, orders = [], 0
    for move in story.moves:
        orders += move.what == "open"
        told.append(_sentence(move, orders))
    return told


def _sentence(move: Move, orders: int) -> str:
    match move.what:
        case "open":
            told = _opening(move, orders)
        case "strike":
            told = f"{_fault(move['fault'])} is laid on order {move.order}."
        case "refund":
            parts = " and ".join(f"{share} %" for share in move["shares"])
            times = f", {move['times']} times" if move.get("times", 1) > 1 else ""
            told = f"The platform asks {parts} of order {move.order} back{times}."
        case "platform_down":
            told = f"The platform refuses the next {move['count']} webhooks."
        case "advance":
            told = f"{_span(move['seconds'])} pass."
        case "at_once":
            told = "At the same moment: " + " And: ".join(_sentence(part, orders) for part in move.parts)
        case _:
            turns = f" (after {move['turns']} turns of its loop)" if move.get("turns") else ""
            told = SENTENCES[move.what].format(order=move.order) + turns
    return told


def _opening(move: Move, number: int) -> str:
    faults = "".join(f"; the answer meets {_fault(fault)}" for fault in move.get("faults", ()))
    paid = "; the buyer pays before the answer is there" if move.get("paid") else ""
    clicks = CLICKS[move.get("clicks", 1)]
    return f"Order {number}: {yuan_text(move['amount_fen'])} over {move['channel']}{clicks}{faults}{paid}."


def _fault(fault: Mapping[str, Any]) -> str:
    settings = ", ".join(f"{name} {value}" for name, value in fault.items() if name not in {"fault", "on"})
    where = {"notify": " of notifies", "reply": ""}.get(fault.get("on", "notify"), f" of {fault.get('on')} answers")
    return f"{fault['fault']}{where}{f' ({settings})' if settings else ''}"


def _span(seconds: float) -> str:
    return f"{seconds:g}s"


def label(order: int) -> str:
    """
    The label of the nth order of a story, as the harness numbers them.
    """
    return f"pp{order:06d}"


def to_yaml(story: Story, findings: Sequence[Finding]) -> str:
    """
    A scenario that `payproof chaos` plays; its steps are written as JSON, which is YAML too.
    """
    opened = [move for move in story.moves if move.what == "open"]
    amounts = sorted({move["amount_fen"] for move in opened}) or [1]
    channels = [one for one in story.channels if one in PROVIDED] or ["alipay"]
    ids = [name for name in dict.fromkeys(finding.id for finding in findings) if name not in CASES_ONLY]
    ids = ids or ["money/credited-amount"]
    head: dict[str, Any] = {
        "id": f"found/{ids[0].replace('/', '-')}",
        "title": findings[0].sentence if findings else "a story",
        "purpose": "the shortest story that explore came to for what it breaks",
        "requirements": ids,
        "channel": channels[0],
        "seed": story.seed,
        "load": {"payments": len(opened), "amount_fen": amounts[0]},
    }
    lines = ["# Found by payproof explore. What the scenario language has no word for is a comment; story.py has all."]
    lines += [f"{name}: {orjson.dumps(value).decode()}" for name, value in head.items()]
    if len(channels) > 1:
        lines.append(f"# The orders are paid over {', '.join(channels)}, each over its own.")
    if len(amounts) > 1:
        lines.append(f"# The orders cost {', '.join(map(str, amounts))} fen.")
    return "\n".join([*lines, "steps:", *_steps(story), "  - settle", ""])


def _steps(story: Story) -> Iterator[str]:
    struck = orders = 0
    for move in story.moves:
        orders += move.what == "open"
        about = orders if move.what == "open" else move.order
        for fault in [*move.get("faults", ()), *([move["fault"]] if move.what == "strike" else [])]:
            struck += 1
            yield _written({"faults": {"on": [rule_of(fault, story.channel_of(about), order=about, number=struck)]}})
        if move.parts:
            yield "  # At the same moment, as far as steps can be:"
        for part in move.parts or (move,):
            step = _step(part, story)
            yield from ([_written(one) for one in step] if step is not None else [f"  # {_sentence(part, orders)}"])


# The steps of moves that are about one order and nothing else; `order` is put into the first setting of the verb.
ABOUT: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    **{name: (name, {}) for name in ("pay", "cancel", "look", "sync")},
    **{name: ("pay", {"how": name}) for name in BUYS if name not in {"pay", "cancel"}},
    **{name: ("notifies", {"do": name}) for name in ("deliver", "drop", "forge")},
    **{name: ("notifies", {"do": "duplicate"}) for name in ("copy", "replay")},
    "tamper": ("notifies", {"do": "tamper", "add_fen": 1}),
}
WHOLE: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "crash": ({"kill": {}}, {"restart": {}}),
    "down": ({"kill": {}},),
    "up": ({"restart": {}},),
    "restart": ({"restart": {}},),
    "strike": (),
}


def _step(move: Move, story: Story) -> Sequence[Mapping[str, Any]] | None:
    """
    The steps of one move; None where the language has no word for it.
    """
    if move.what in WHOLE:
        return WHOLE[move.what]
    if move.what in ABOUT:
        verb, told = ABOUT[move.what]
        return [{verb: {**told, "order": label(move.order)}}]
    if move.what == "advance":
        return [{"advance": {"by": _span(move["seconds"])}}]
    if move.what == "platform_down":
        return [{"refuse_webhooks": {"count": move["count"]}}]
    return _asking(move, story)


def _asking(move: Move, story: Story) -> Sequence[Mapping[str, Any]] | None:
    """
    The steps of what the platform asks for.
    """
    if move.what == "open":
        clicks = {"times": move["clicks"]} if move.get("clicks") else {}
        paid = [{"pay": {"order": label(_number(story, move))}}] if move.get("paid") else []
        return [{"open": {"payments": 1, **clicks}}, *paid]
    if move.what == "open_again":
        return [{"open": {"again": label(move.order), "times": move.get("clicks", 1)}}]
    if move.what == "refund":
        opened = [one for one in story.moves if one.what == "open"][move.order - 1]
        parts_fen = [max(1, opened["amount_fen"] * share // 100) for share in move["shares"]]
        again = {"times": move["times"], "same_number": True, "concurrent": True} if move.get("times") else {}
        return [{"refund": {"order": label(move.order), "amount_fen": fen, **again}} for fen in parts_fen]
    return None


def _number(story: Story, move: Move) -> int:
    opened = [one for one in story.moves if one.what == "open"]
    return next(number for number, one in enumerate(opened, start=1) if one is move)


def rule_of(fault: Mapping[str, Any], channel: str, *, order: int, number: int) -> dict[str, Any]:
    """
    A drawn fault as a rule of the simulator's, as the player lays it.
    """
    on = fault.get("on", "notify")
    where: dict[str, Any] = {"on": "notify" if on == "notify" else "reply", "order": f"*{label(order)}*"}
    if on != "notify":
        where["first"] = 1
    if on not in {"notify", "reply"}:
        where["api"] = GLOBS[provider_of(channel)].get(on, on)
    where |= {name: fault[name] for name in WHERE if name in fault}
    settings = {name: value for name, value in fault.items() if name not in {"fault", "on", *WHERE}}
    return {"id": f"drawn-{number}", "fault": fault["fault"], "where": where, "with": settings}


def _written(step: Mapping[str, Any]) -> str:
    return f"  - {orjson.dumps(step).decode()}"


def to_python(story: Story) -> str:
    """
    A program that lives the story again in process, and ends with 1 when it still breaks the gateway.
    """
    moves = "\n".join(f"    {move.to_json()!r}," for move in story.moves)
    return f'''"""
{chr(10).join(sentences(story))}
"""

from harness.machines.again import live

SEED = {story.seed}
TURNS = {list(story.turns)!r}
MOVES = [
{moves}
]

if __name__ == "__main__":
    raise SystemExit(live(seed=SEED, turns=TURNS, moves=MOVES))
'''
