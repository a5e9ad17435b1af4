"""
A small process that outlives its supervisor by one moment, to end what the supervisor had started.

Runs as a script, `python -I -S watchdog.py FD`, with the standard library alone. FD is a pipe whose other end only the
supervisor holds: lines `+PID SIGNAL` and `-PID` say who is alive; the pipe's end says that the supervisor is not. It
serves systems without a parent-death signal, and paused processes everywhere. It refuses to be stopped otherwise.
"""

import os
import signal
import sys
from collections.abc import Iterable

IGNORED_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def main(pipe_fd: int) -> None:
    """
    Keep the list until the pipe ends, then end everybody on it.
    """
    os.setsid()
    for number in IGNORED_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    with os.fdopen(pipe_fd, encoding="ascii") as pipe:
        survivors = alive(pipe)
    for pid, death_signal in survivors.items():
        end(pid, death_signal)


def alive(lines: Iterable[str]) -> dict[int, int]:
    """
    Who was started and has not been reaped, with the signal that ends it.
    """
    known: dict[int, int] = {}
    for line in lines:
        words = line[1:].split()
        if line.startswith("+"):
            known[int(words[0])] = int(words[1])
        else:
            known.pop(int(words[0]), None)
    return known


def end(pid: int, death_signal: int) -> None:
    """
    Send the signal, and wake the process if it was paused.
    """
    try:
        os.kill(pid, death_signal)
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        return


if __name__ == "__main__":
    main(int(sys.argv[1]))
