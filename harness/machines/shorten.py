"""
Makes a story that breaks the gateway as short as it gets: fewer orders, fewer moves, plainer ones.

Hypothesis shrinks what it drew, and with draws made by a keyed hash that says little about the story; what a person
reads is the moves, so they are what is left out here, and every shorter story is lived before it is believed. It
refuses to judge: a story counts for as long as it still breaks the requirement that the first one broke.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from harness.errors import GatewaySilentError
from harness.machines.again import live_again
from harness.machines.explorer import Ground, Lived
from harness.machines.moves import Move, Story

# Stories that are tried, at most; the usual find takes some sixty.
TRIES_MAX = 400
# An amount that nobody has to think about.
PLAIN_FEN = 100


def shorten(lived: Lived, ground: Ground, *, pause: Callable[[], None] = lambda: None) -> Lived:
    """
    The shortest story that was come to; *lived* itself where nothing can be left out.

    Args:
        pause: called before each try; what it raises ends the search.
    """
    search = _Search(lived, ground, pause=pause, broke=lived.findings[0].id)
    length: tuple[int, int] | None = None
    while search.left and length != _length(search.best.story):
        length = _length(search.best.story)
        search.leave_out_orders()
        search.leave_out_moves()
        search.make_plain()
    return search.best


@dataclass(slots=True)
class _Search:
    best: Lived
    ground: Ground
    pause: Callable[[], None]
    broke: str
    left: int = TRIES_MAX

    def leave_out_orders(self) -> None:
        for order in range(sum(move.what == "open" for move in self.best.story.moves), 0, -1):
            self._try(without_order(self.best.story, order))

    def leave_out_moves(self) -> None:
        """
        Runs of moves, half of them at first, one at the end; no order goes with them.
        """
        size = len(self.best.story.moves) // 2
        while size:
            at = 0
            while at < len(moves := self.best.story.moves):
                kept = (*moves[:at], *(move for move in moves[at : at + size] if move.what == "open"))
                fewer = replace(self.best.story, moves=(*kept, *moves[at + size :]))
                if not self._try(fewer):
                    at += size
            size //= 2

    def make_plain(self) -> None:
        """
        Whatever a move can do without: company, faults, clicks, an odd amount.
        """
        for at in range(len(self.best.story.moves)):
            plainer = True
            while plainer:
                moves = self.best.story.moves
                stories = (
                    replace(self.best.story, moves=(*moves[:at], move, *moves[at + 1 :])) for move in plain(moves[at])
                )
                plainer = any(self._try(story) for story in stories)
        self._try(replace(self.best.story, turns=(0,)))

    def _try(self, story: Story) -> bool:
        """
        Whether the shorter story breaks the same; it is the best one then.
        """
        if not self.left or story == self.best.story:
            return False
        self.pause()
        self.left -= 1
        try:
            lived = live_again(story, self.ground)
        except GatewaySilentError:
            return False
        if all(finding.id != self.broke for finding in lived.findings):
            return False
        self.best = lived
        return True


def without_order(story: Story, order: int) -> Story:
    """
    The story without one of its orders and whatever was about it; those after it move up.
    """
    opened = 0
    kept: list[Move] = []
    for move in story.moves:
        opened += move.what == "open"
        if move.what == "open":
            kept += [move] if opened != order else []
        elif move.parts:
            parts = [moved for part in move.parts if (moved := _moved_up(part, order)) is not None]
            kept += [_with_parts(move, parts)] if parts else []
        elif (moved := _moved_up(move, order)) is not None:
            kept.append(moved)
    return replace(story, moves=tuple(kept))


def _with_parts(move: Move, parts: Sequence[Move]) -> Move:
    return replace(move, told={**move.told, "parts": [part.to_json() for part in parts]})


def _moved_up(move: Move, order: int) -> Move | None:
    if move.order == order:
        return None
    return replace(move, order=move.order - 1) if move.order > order else move


def plain(move: Move) -> Iterator[Move]:
    """
    The move with one thing less, each in turn.
    """
    parts: Sequence[Move] = move.parts
    for at in range(len(parts)):
        fewer = [*parts[:at], *parts[at + 1 :]]
        if len(fewer) == 1:
            yield fewer[0]
        elif fewer:
            yield _with_parts(move, fewer)
    shares = move.get("shares", ())
    for at in range(len(shares) if len(shares) > 1 else 0):
        yield replace(move, told={**move.told, "shares": [*shares[:at], *shares[at + 1 :]]})
    for name in ("faults", "clicks", "paid"):
        if name in move.told:
            yield replace(move, told={key: value for key, value in move.told.items() if key != name})
    if move.what == "open" and move["amount_fen"] != PLAIN_FEN:
        yield replace(move, told={**move.told, "amount_fen": PLAIN_FEN})


def _length(story: Story) -> tuple[int, int]:
    return len(story.moves), len(str(story.to_json()))
