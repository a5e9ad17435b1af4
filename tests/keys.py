"""
Keys for tests that do not ask for new ones: made once for a whole run, copied to whoever wants some.
"""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from mock_providers.registry import make_credentials


def copy_keys(credentials: Path) -> Path:
    """
    Put keys into a credentials folder that has none yet; the folder.
    """
    if not credentials.exists() or not any(credentials.iterdir()):
        shutil.copytree(_made(), credentials, dirs_exist_ok=True)
    return credentials


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
