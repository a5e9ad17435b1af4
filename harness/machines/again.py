"""
Lives a story that is known again: the same moves, fresh signatures, and everything judged as it was.
"""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.history import History
from harness.machines.explorer import Ground, Lived
from harness.machines.grounds import InProcessGround
from harness.machines.moves import Move, Story
from harness.machines.player import Player
from harness.verdict import Finding


def live_again(story: Story, ground: Ground) -> Lived:
    """
    Live it to where it breaks, or to its end.
    """
    world = ground.begin(story.turns)
    player = Player(world, history=History(world.clock, real=world.clock))
    try:
        found: list[Finding] = []
        settled = True
        for move in story.moves:
            found = ground.run(player.play(move))
            if found:
                break
        if not found:
            report, settled = ground.run(player.judge(patience_s=ground.patience_s))
            found = list(report.findings)
        return Lived(
            story=story,
            steps=len(story.moves),
            exchanging=0,
            history=player.history,
            paid=player.oracle.paid,
            findings=tuple(found),
            settled=settled,
        )
    finally:
        ground.end()


def live(*, seed: int, turns: Sequence[int], moves: Sequence[Mapping[str, Any]]) -> int:
    """
    For a story as a program: lives it against the reference gateway, says what it breaks, and gives the exit code.
    """
    story = Story(seed=seed, turns=tuple(turns), moves=tuple(Move.from_json(move) for move in moves))
    with tempfile.TemporaryDirectory() as credentials:
        lived = live_again(story, InProcessGround(Path(credentials), seed=seed, channels=story.channels))
    for finding in lived.findings:
        sys.stdout.write(f"{finding.id}: {finding.sentence}\n")
    return 1 if lived.findings else 0
