"""
Plays put where they can be played: on virtual time side by side on all cores, over processes one after another.

Whatever is started here ends with this process, however that ends. It refuses to know what is played and why.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from harness.commands.session import Session
from harness.errands import cores, end_with_parent, warmed
from harness.events import Announce
from harness.playing import Play, Servers, Told, play_in_process, play_outside
from harness.world.base import IN_PROCESS
from harness.world.external import ExternalWorld


async def played_one(play: Play, *, session: Session, announce: Announce | None = None) -> Told:
    """
    Play one, in a world of its own.
    """
    if play.world == IN_PROCESS:
        return await _beside(None, play, session=session, announce=announce)
    if play.world == ExternalWorld.name:
        return await play_outside(play, home=session.home, run_dir=_folder(play, session), announce=announce)
    async with _servers(session) as servers:
        return await servers.play(play, run_dir=_folder(play, session), announce=announce)


async def played_many(plays: Sequence[Play], *, session: Session) -> AsyncIterator[Told]:
    """
    Play them all; those of virtual time first, as they end.
    """
    quick = [play for play in plays if play.world == IN_PROCESS]
    async for told in _side_by_side(quick, session=session):
        yield told
    outside = [play for play in plays if play.world == ExternalWorld.name]
    for play in outside:
        yield await play_outside(play, home=session.home, run_dir=_folder(play, session))
    real = [play for play in plays if play not in quick and play not in outside]
    if real:
        async with _servers(session) as servers:
            for play in real:
                yield await servers.play(play, run_dir=_folder(play, session))


async def _side_by_side(plays: Sequence[Play], *, session: Session) -> AsyncIterator[Told]:
    workers = min(cores(), len(plays))
    if workers < 2:
        for play in plays:
            yield await _beside(None, play, session=session)
        return
    # The first makes the keys that all others use.
    yield await _beside(None, plays[0], session=session)
    with ProcessPoolExecutor(workers, mp_context=warmed(), initializer=end_with_parent) as pool:
        waiting = [asyncio.ensure_future(_beside(pool, play, session=session)) for play in plays[1:]]
        try:
            for done in asyncio.as_completed(waiting):
                yield await done
        finally:
            for future in waiting:
                future.cancel()
            pool.shutdown(wait=False, cancel_futures=True)


async def _beside(pool: Executor | None, play: Play, *, session: Session, announce: Announce | None = None) -> Told:
    """
    On a loop of its own: in a thread of ours, or in another process.
    """
    _folder(play, session)
    work = partial(play_in_process, play, credentials=session.home.credentials, announce=announce)
    return await asyncio.get_running_loop().run_in_executor(pool, work)


def _servers(session: Session) -> contextlib.AbstractAsyncContextManager[Servers]:
    given: dict[str, Any] = {
        "database_url": session.settings.database_url,
        "redis_url": session.settings.redis_url,
        "notice": session.note,
    }
    return Servers.open(session.home, logs=session.run_dir / "logs", **given)


def _folder(play: Play, session: Session) -> Path:
    folder = session.run_dir / "trials" if play.folder is None else play.folder
    folder.mkdir(parents=True, exist_ok=True)
    return folder
