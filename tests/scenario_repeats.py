"""
One scenario several times with its own seed, and what differs between the plays.
"""

import asyncio
from itertools import combinations
from pathlib import Path
from typing import Any

from harness.playing import Play, Servers, Told, play_in_process
from harness.script.loader import load
from harness.world.home import Home


def repeated(file: Path, *, home: Path, times: int) -> dict[str, Any]:
    """
    Play it; what was seen, as facts.

    Raises:
        AssertionError: two plays differ in their verdicts, or in a fault decision that both reached.
    """
    story = load(file)
    play = Play(scenario=story, seed=story.seed)
    with Home(home) as taken:
        if story.world == "in_process":
            told = [play_in_process(play, credentials=taken.credentials) for _ in range(times)]
        else:
            told = asyncio.run(_over_processes(play, taken, times=times))
    verdicts = {one.result.verdict.value for one in told}
    assert len(verdicts) == 1, f"{story.id} with seed {story.seed} ends as {sorted(verdicts)}"
    for one, other in combinations(told, 2):
        differ = disagreements(one, other)
        assert not differ, f"{story.id} with seed {story.seed} drew otherwise: {differ[:3]}"
    return {"verdict": verdicts.pop(), "times": times, "decisions": [len(one.decisions) for one in told]}


def disagreements(one: Told, other: Told) -> list[tuple[Any, ...]]:
    """
    The fault decisions that both reached and that came out differently.
    """
    reached = one.decisions.keys() & other.decisions.keys()
    return sorted(key for key in reached if one.decisions[key] != other.decisions[key])


async def _over_processes(play: Play, home: Home, *, times: int) -> list[Told]:
    told = []
    async with Servers.open(home, logs=home.folder / "logs") as servers:
        for number in range(times):
            run_dir = home.folder / "runs" / f"repeat-{number}"
            run_dir.mkdir(parents=True, exist_ok=True)
            told.append(await servers.play(play, run_dir=run_dir))
    return told
