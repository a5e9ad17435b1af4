"""
`payproof chaos`: scenarios by file or id, each in a world of its own, one verdict for all.

Every file is read before anything starts, so that a misspelt key costs no time. It refuses to know how a story is
told; `harness/script` does.
"""

from collections.abc import Sequence
from pathlib import Path

import orjson
import typer

from harness.commands.session import open_session
from harness.script.loader import find, load
from harness.script.outcome import ScenarioResult, run
from harness.script.schema import Scenario
from harness.settings import HarnessSettings
from harness.verdict import exit_code, merge
from harness.world.processes import ProcessesWorld


async def run_chaos(names: Sequence[str], *, seed: int | None, as_json: bool, settings: HarnessSettings) -> int:
    """
    Play them one after the other; the exit code is the worst verdict's.

    As JSON one scenario is its own object, several are `{"verdict": …, "scenarios": […]}`.

    Raises:
        ScenarioError: a file is wrong; nothing was started.
    """
    wanted = [(name, load(find(name))) for name in names]
    part = len(wanted) > 1
    results = []
    for number, (name, scenario) in enumerate(wanted, start=1):
        place = _part(settings, number) if part else settings
        results.append(await _play(name, scenario, seed=seed, as_json=as_json, part=part, settings=place))
    verdict = merge(result.verdict for result in results)
    if as_json and part:
        told = {"verdict": verdict.value, "scenarios": [dict(result.to_json()) for result in results]}
        typer.echo(orjson.dumps(told, option=orjson.OPT_INDENT_2))
    return exit_code(verdict)


async def _play(
    name: str, scenario: Scenario, *, seed: int | None, as_json: bool, part: bool, settings: HarnessSettings
) -> ScenarioResult:
    chosen = scenario.seed if seed is None else seed
    argv = ("chaos", _word(name), "--seed", str(chosen))
    with open_session(settings, seed=chosen, as_json=as_json, part=part, argv=argv) as session:
        world = await ProcessesWorld.open(session.plan(faults=None), clock=session.clock)
        try:
            result = await run(
                scenario,
                world,
                history=session.history,
                announce=session.announce,
                replay=f"payproof chaos {name} --seed {chosen}",
            )
        finally:
            await world.close()
        session.keep("findings.json", [dict(finding.to_json()) for finding in result.findings])
        session.keep("summary.json", dict(result.to_json()))
        return result


def _word(name: str) -> str:
    """
    A scenario as `run.json` names it: by its id, or by its file's full path.
    """
    return str(Path(name).absolute()) if Path(name).suffix in {".yaml", ".yml"} else name


def _part(settings: HarnessSettings, number: int) -> HarnessSettings:
    """
    A folder of its own for each scenario, where the user named one for all.
    """
    if settings.out is None:
        return settings
    return settings.model_copy(update={"out": Path(settings.out) / f"{number:02d}"})
