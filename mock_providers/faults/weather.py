"""From a file that somebody names, or none, to a fault desk: a profile strikes by seed, a plan as it is written."""

from pathlib import Path

from mock_providers.faults.desk import FaultDesk
from mock_providers.faults.plan_file import PlanFile, is_plan, parse_plan
from mock_providers.faults.rules import Profile, parse_profile
from mock_providers.faults.source import FaultSource, ScriptedSource, SeededSource
from mock_providers.faults.text import read_yaml

_CALM = Profile("calm")


def make_desk(
    file: Path | None, *, seed: int, source: FaultSource | None = None, plan_file: Path | None = None
) -> FaultDesk:
    """
    A desk for the weather in *file*.

    Args:
        file: a profile or a plan; None is calm.
        source: decides instead of the seed or the plan.
        plan_file: where to write down what strikes.

    Raises:
        RulesRefused: the file is neither, or wrong.
    """
    written = PlanFile(plan_file) if plan_file is not None else None
    if file is None:
        return FaultDesk(source or SeededSource(seed), _CALM, plan_file=written)
    document = read_yaml(file)
    if is_plan(document):
        plan = parse_plan(document, file=file)
        return FaultDesk(source or ScriptedSource(plan.script), Profile(plan.name), plan_file=written)
    return FaultDesk(source or SeededSource(seed), parse_profile(document, file=file), plan_file=written)
