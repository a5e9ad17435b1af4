"""
Ctrl-C in a hunt: raised in a callback or a destructor it is lost on its way, and asked for again where it cannot be.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def interrupts() -> Iterator[Callable[[], None]]:
    """
    Gives what raises KeyboardInterrupt when somebody has pressed Ctrl-C since the beginning.

    A handler of somebody else's stays as it is, and so does that nobody wants to hear of it.
    """
    told = False

    def tell(_number: int, _frame: object) -> None:
        nonlocal told
        told = True
        raise KeyboardInterrupt

    def interrupted() -> None:
        if told:
            raise KeyboardInterrupt

    here = threading.current_thread() is threading.main_thread()
    if not here or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield interrupted
        return
    signal.signal(signal.SIGINT, tell)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
