"""
The verbs of what befalls a world: weather, time, processes, the network; and waiting until the dust has settled.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from harness.gather import settle_world
from harness.script.schema import seconds
from harness.script.stage import Stage
from harness.script.verbs import ClockOff, Cut, Heal, Outage, Slow, Step
from harness.world.nemesis import Deed

AGAINST = frozenset({"kill", "restart", "pause", "resume", "flush", "cut", "slow", "reset", "heal", "clock"})
VENDORS = ("alipay", "wechatpay", "unionpay")
# Each as a fault of its answers; what it would have told us meanwhile is lost.
OUTAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "unavailable": ("http_error", {"status": 503}),
    "silent": ("timeout_before", {}),
    "brown_out": ("timeout_after", {}),
}


async def faults(stage: Stage, step: Step) -> None:
    told, control = step.faults, stage.world.control
    assert told is not None
    if told.only is not None:
        await control.put_faults([rule.to_json() for rule in told.only])
        stage.outages.clear()
    for name in told.off:
        await control.delete_rule(name)
    for rule in told.on:
        await control.add_rule(rule.to_json())
    changed = [rule.id for rule in (*(told.only or ()), *told.on)]
    stage.history.fact("faults", rules=changed, off=list(told.off))


async def outage(stage: Stage, step: Step) -> None:
    told = step.outage
    assert isinstance(told, Outage)
    fault, settings = OUTAGES[told.how]
    for vendor in _vendors(told.provider):
        await _end_outage(stage, vendor)
        rules = (
            _rule(f"outage-{vendor}-answers", fault, vendor, on="reply", settings=settings),
            _rule(f"outage-{vendor}-notifies", "drop", vendor, on="notify"),
        )
        for rule in rules:
            await stage.world.control.add_rule(rule)
        stage.outages[vendor] = tuple(str(rule["id"]) for rule in rules)
    stage.history.fact("outage", provider=told.provider, how=told.how)


async def _end_outage(stage: Stage, vendor: str) -> None:
    for rule in stage.outages.pop(vendor, ()):
        await stage.world.control.delete_rule(rule)


async def rotate_keys(stage: Stage, step: Step) -> None:
    assert step.rotate_keys is not None
    for vendor in _vendors(step.rotate_keys.provider):
        for on in ("reply", "notify"):
            rule = _rule(f"rotated-{vendor}-{on}", "certificate_rotation", vendor, on=on)
            await stage.world.control.add_rule(rule)
    stage.history.fact("rotate_keys", provider=step.rotate_keys.provider)


async def advance(stage: Stage, step: Step) -> None:
    assert step.advance is not None
    span_s = seconds(step.advance.by)
    await stage.world.advance(span_s)
    stage.history.fact("advance", seconds=span_s)


async def heal(stage: Stage, step: Step) -> None:
    told = step.heal
    assert isinstance(told, Heal)
    for vendor in _vendors(told.provider or "all") if told.link is None else ():
        await _end_outage(stage, vendor)
    if told.provider is None:
        await move(stage, step)
    else:
        stage.history.fact("heal", provider=told.provider)


async def move(stage: Stage, step: Step) -> None:
    """
    Whatever befalls a part or a link.
    """
    deed = deed_of(step)
    assert deed is not None
    if stage.world.nemesis.unable(deed):
        return  # only a general heal, where nothing was cut
    await stage.world.nemesis.do(deed)
    stage.history.fact(step.verb, what=deed.target, **deed.how)


def deed_of(step: Step) -> Deed | None:
    """
    What a step asks of the world's nemesis; None when it asks nothing of it.
    """
    told = step.told
    how: dict[str, Any] = {}
    match told:
        case Cut():
            how = {"how": told.how}
        case Slow():
            how = {"latency_s": seconds(told.latency), "bytes_per_s": told.bytes_per_s}
        case ClockOff():
            how = {"by_s": seconds(told.by)}
    if step.verb not in AGAINST or getattr(told, "provider", None) is not None:
        return None
    return Deed(step.verb, _target(told), how)


def _target(told: Any) -> str:
    if isinstance(told, ClockOff):
        return "gateway"
    target = told.link if hasattr(told, "link") else told.what
    return "" if target is None else str(target)


async def settle(stage: Stage, step: Step) -> None:
    assert step.settle is not None
    patience = step.settle.patience
    await settle_down(stage, patience_s=stage.patience_s if patience is None else seconds(patience))


async def settle_down(stage: Stage, *, patience_s: float) -> None:
    """
    Let the dust settle, and remember how long it took.
    """
    begun = stage.world.clock.now()
    stage.settled = await settle_world(stage.world, patience_s=patience_s, history=stage.history)
    stage.settling_s = (stage.world.clock.now() - begun) / timedelta(seconds=1)
    stage.history.fact("settle", settled=stage.settled, seconds=stage.settling_s)


def _vendors(word: str) -> tuple[str, ...]:
    return VENDORS if word == "all" else (word,)


def _rule(
    name: str, fault: str, vendor: str, *, on: str | None = None, settings: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    where = {"provider": vendor} if on is None else {"provider": vendor, "on": on}
    return {"id": name, "fault": fault, "where": where, "with": dict(settings or {})}
