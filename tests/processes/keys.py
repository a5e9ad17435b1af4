"""
The keys of homes whose tests do not ask for new ones: made once for a whole run, copied into each home.
"""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from mock_providers.registry import make_credentials


def copy_keys(home: Path) -> None:
    """
    Put keys into a home that has none yet.
    """
    credentials = home / "credentials"
    if not credentials.exists():
        shutil.copytree(_made(), credentials)


def forget_keys() -> None:
    """
    Remove what was made; whoever asks again gets new ones.
    """
    if _made.cache_info().currsize:
        shutil.rmtree(_made().parent)
        _made.cache_clear()


@cache
def _made() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="pp-keys-"))
    atexit.register(forget_keys)
    make_credentials(folder / "credentials")
    return folder / "credentials"
