"""From a file that somebody names, or none, to a fault desk: a profile strikes by seed, a plan as it is written."""

from contextlib import suppress
from functools import partial
from pathlib import Path

from mock_providers.core.shelves.shelf import KEPT
from mock_providers.errors import RulesRefused
from mock_providers.faults.desk import ATTEMPTS_KEPT, FaultDesk
from mock_providers.faults.plan_file import Plan, PlanFile, as_written, is_plan, parse_plan
from mock_providers.faults.rules import Profile, load_profile
from mock_providers.faults.source import FaultSource, ScriptedSource, SeededSource
from mock_providers.faults.text import read_yaml

_CALM = Profile("calm")


def make_desk(
    file: Path | None,
    *,
    seed: int,
    source: FaultSource | None = None,
    plan_file: Path | None = None,
    kept: int = ATTEMPTS_KEPT,
    orders_kept: int = KEPT,
) -> FaultDesk:
    """
    A desk for the weather in *file*.

    Args:
        file: a profile or a plan; None is calm.
        source: decides instead of the seed or the plan.
        plan_file: where to write down what strikes.
        kept: the decisions on so many attempts are remembered.
        orders_kept: how often they asked is kept in memory for so many orders.

    Raises:
        RulesRefused: the file is neither, or wrong.
    """
    desk = partial(
        FaultDesk,
        plan_file=PlanFile(plan_file) if plan_file is not None else None,
        kept=kept,
        orders_kept=orders_kept,
    )
    if file is None:
        return desk(source or SeededSource(seed), _CALM)
    plan = _plan(file)
    if plan is not None:
        return desk(source or ScriptedSource(plan.script), Profile(plan.name))
    return desk(source or SeededSource(seed), load_profile(file))


def _plan(file: Path) -> Plan | None:
    """None where the file is no plan; a wrong one is read again for its lines."""
    quick = as_written(file)
    if quick is not None:
        with suppress(RulesRefused):
            return parse_plan(quick, file=file)
    document = read_yaml(file)
    return parse_plan(document, file=file) if is_plan(document) else None
