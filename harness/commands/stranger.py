"""
A gateway of the user's, by a YAML file or a Python class: read before anything starts, then put into a world.
"""

import re
from collections.abc import Collection
from pathlib import Path

from harness.commands.session import Session
from harness.ids import Ids
from harness.sut.driver.schema import DriverFile
from harness.sut.drivers import REFERENCE, imported, load_driver
from harness.sut.python_driver import PythonDriver, load_class
from harness.world.driven import DrivenPlan, DrivenWorld
from harness.world.external import ExternalPlan, ExternalWorld

Stranger = DriverFile | type[PythonDriver]
Outside = ExternalWorld | DrivenWorld
CLASS = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def load_stranger(gateway: str) -> Stranger | None:
    """
    What `--gateway` names; None for the bundled one.

    Raises:
        ConfigError: there is no such thing, or it is wrong.
    """
    if gateway == REFERENCE:
        return None
    return load_class(gateway) if CLASS.fullmatch(gateway) else load_driver(Path(gateway))


def full_word(gateway: str) -> str:
    """
    The same word from any folder.
    """
    return gateway if gateway == REFERENCE or CLASS.fullmatch(gateway) else str(Path(gateway).absolute())


async def open_stranger(
    stranger: Stranger, *, gateway: str, session: Session, allowed_hosts: Collection[str] = ()
) -> tuple[Outside, float]:
    """
    Its world, and how many seconds it may take to settle.
    """
    ids = Ids(session.seed)
    if not isinstance(stranger, DriverFile):
        plan = DrivenPlan(home=session.home, run_dir=session.run_dir, ids=ids, kind=stranger)
        world = await DrivenWorld.open(plan, clock=session.clock)
        return world, world.settle_s
    outside = ExternalPlan(
        home=session.home,
        run_dir=session.run_dir,
        ids=ids,
        driver=stranger,
        folder=Path(gateway).parent.absolute(),
        sign=None if stranger.signing is None else imported(stranger.signing, folder=Path(gateway).parent),
        allowed_hosts=frozenset(allowed_hosts),
    )
    return await ExternalWorld.open(outside, clock=session.clock), stranger.settle_s
