"""
Plays a scenario in a world: step after step, everything recorded, then judged.

It speaks to the World port alone. What each verb does stands in `acting` (merchants, buyers, messages), `befalling`
(weather, time, processes, network) and `traffic` (the load).
"""

from collections.abc import Awaitable, Callable

from harness.events import Announce, StepStarted
from harness.history import History
from harness.script import acting, befalling, billing, traffic
from harness.script.loader import profile_document
from harness.script.schema import Scenario
from harness.script.stage import Stage
from harness.script.verbs import Step
from harness.sut.contract import Ability
from harness.world.base import Move, World

# What a verb asks of the gateway's driver; a `sync` that cannot be asked for is left out.
ABILITIES = {"refund": Ability.REFUND, "close": Ability.CLOSE, "reconcile": Ability.RECONCILE}
# What changes the rules of the simulator, and nothing else.
WEATHER = frozenset({"faults", "outage", "rotate_keys"})


def unable(scenario: Scenario, world: World) -> str:
    """
    Why this world cannot tell the story, in words; empty when it can. It is NOT_RUN then.
    """
    for step in scenario.moves:
        if step.verb == "advance" and Move.ADVANCE not in world.moves:
            return f"the {world.name} world cannot {Move.ADVANCE.value}"
        deed = befalling.deed_of(step)
        # A general heal mends what there is.
        why = "" if deed is None or deed.text == "heal" else world.nemesis.unable(deed)
        if why:
            return why
    for step in scenario.moves:
        ability = ABILITIES.get(step.verb)
        if ability is not None and ability not in world.gateway.abilities:
            return f"the gateway's driver cannot {ability.value}"
    missing = sorted(set(scenario.channels) - set(world.gateway.channels))
    return f"the gateway cannot be paid over {', '.join(missing)}" if missing else ""


async def play(scenario: Scenario, world: World, *, history: History, announce: Announce, drawn: bool = False) -> Stage:
    """
    Tell the whole story; the history then holds what happened, and the dust has settled as far as patience reached.

    Args:
        drawn: the world has the faults of an earlier run as they were drawn; the story's own weather stays away.
    """
    stage = Stage(scenario=scenario, world=world, history=history, announce=announce, drawn=drawn)
    if scenario.profile is not None and not drawn:
        await world.control.put_profile(profile_document(scenario.profile))
    elif not drawn:
        await world.control.put_faults([rule.to_json() for rule in scenario.faults])
    for number, step in enumerate(scenario.steps, start=1):
        announce(StepStarted(number=number, total=len(scenario.steps), text=step.text))
        await _do(stage, step)
    if scenario.steps[-1].verb != "settle":
        told_s = stage.settling_s
        await befalling.settle_down(stage, patience_s=stage.patience_s)
        stage.settling_s = max(told_s, stage.settling_s)
    return stage


async def _do(stage: Stage, step: Step) -> None:
    if stage.drawn and step.verb in WEATHER:
        return
    await VERBS[step.verb](stage, step)


async def _run(stage: Stage, _step: Step) -> None:
    await traffic.play_load(stage, do=_do)


VERBS: dict[str, Callable[[Stage, Step], Awaitable[None]]] = {
    "run": _run,
    "open": acting.open_payments,
    "pay": acting.pay,
    "cancel": acting.cancel,
    "refund": acting.refund,
    "close": acting.close,
    "sync": acting.sync,
    "look": acting.look,
    "notifies": acting.notifies,
    "refuse_webhooks": acting.refuse_webhooks,
    "faults": befalling.faults,
    "outage": befalling.outage,
    "rotate_keys": befalling.rotate_keys,
    "plant": billing.plant,
    "reconcile": billing.reconcile,
    "advance": befalling.advance,
    "clock": befalling.move,
    "kill": befalling.move,
    "restart": befalling.move,
    "pause": befalling.move,
    "resume": befalling.move,
    "flush": befalling.move,
    "cut": befalling.move,
    "slow": befalling.move,
    "reset": befalling.move,
    "heal": befalling.heal,
    "settle": befalling.settle,
}
