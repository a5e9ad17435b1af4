"""
The explorer's long hunts, round by round: the reference gateway acquitted over many seeds, broken gateways found.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.gallery import MUTANTS
from harness.machines.grounds import InProcessGround
from harness.machines.hunt import HuntPlan, hunt

# At least fifty of a seed's stories have thirty steps that reach somebody.
EXPLORED_STORIES, EXPLORED_STEPS, EXPLORED_TRIES = 54, 36, 200
THOROUGH_LEAST, CONVICTING_STEPS = 50, 60
# Some of every class of bugs: repetitions, signatures, amounts, outcomes, refunds, the platform; crashes come last.
EXPLORED = ("credits-every-notify", "credits-by-notify-id", "refuses-repeats", "believes-unsigned-notifies",
            "v3-believes-any-signature", "credits-notified-amount", "books-refund-notices", "never-asks",
            "unknown-opening-is-failed", "waiting-is-paid", "unknown-refund-is-failed", "forgets-refund-numbers",
            "undoes-refunds", "tells-anew", "drops-events", "acks-and-forgets", "acks-before-opening",
            "memory-is-the-truth")  # fmt: skip


def acquittals(seeds: list[int]) -> Iterator[dict[str, Any]]:
    """
    The explorer against the reference gateway over every channel: whatever it finds is a false alarm, or a bug.
    """
    plan = HuntPlan(examples=EXPLORED_STORIES, steps=EXPLORED_STEPS, shrinks=False)
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            hunted = hunt(InProcessGround(Path(folder), seed=seed), replace(plan, seed=seed))
            found = [] if hunted.found is None else [one.id for one in hunted.found.findings]
            yield {
                "seed": seed,
                "examples": hunted.examples,
                "thorough_examples": hunted.thorough,
                "steps": hunted.steps,
                "exchanging_steps": hunted.exchanging,
                "paid": hunted.paid,
                "cpu_ms_per_step": round(1000 * hunted.cpu_s / max(1, hunted.steps), 2),
                "found": found,
                "ok": not (found or hunted.silent or hunted.unsettled) and hunted.thorough >= THOROUGH_LEAST,
            }


def convictions(rounds: list[int]) -> Iterator[dict[str, Any]]:
    """
    The explorer against broken gateways: after how many stories it finds each.
    """
    with tempfile.TemporaryDirectory() as folder:
        for number in rounds:
            mutant = MUTANTS[EXPLORED[number - 1]]
            ground = InProcessGround(Path(folder), seed=number, channels=(mutant.channel,), parts=mutant.parts)
            plan = HuntPlan(seed=number, examples=EXPLORED_TRIES, steps=CONVICTING_STEPS, shrinks=False)
            hunted = hunt(ground, plan)
            found = [] if hunted.found is None else [one.id for one in hunted.found.findings]
            facts = {"mutant": mutant.id, "examples": hunted.examples, "steps": hunted.steps, "found": found}
            yield {**facts, "ok": bool(found)}
