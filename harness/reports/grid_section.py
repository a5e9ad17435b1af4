"""
The grid of a report: which states of an order met which faults, and the hard ones that none met.

It counts nothing itself.
"""

from harness.grid import Grid, State
from harness.reports.html import Section, fragment
from harness.words import Words


def grid_section(grid: Grid, *, words: Words) -> Section:
    """
    The section of a page.
    """
    states = [words.say(state.value) for state in State]
    body = fragment("reached.html", states=states, rows=grid.rows(), missing=grid.missing, words=words)
    told = grid.to_json()
    note = words.say("{count} of {total} hard ones", count=told["hard_reached"], total=told["hard"])
    return Section(words.say("States and faults that met"), body, "reached", note)
