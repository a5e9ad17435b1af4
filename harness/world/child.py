"""
The last step before a server process becomes itself: drop the user, tie its life to its supervisor's, exec.

Runs as a script, `python -I -S child.py FD`, with the standard library alone; FD is a pipe on which the supervisor
writes one line of JSON (the plan). When the pipe ends without a line the supervisor has died, and so does this.
It refuses to know what it starts.
"""

import ctypes
import json
import os
import signal
import sys
from typing import Any, NoReturn

PR_SET_PDEATHSIG = 1
# What shells report for a command that cannot be run.
EXIT_CANNOT_RUN = 127
# Python ignores these; a server started by Python must not inherit that.
DEFAULTED_SIGNALS = (signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def main(plan_fd: int) -> NoReturn:
    """
    Read the plan, carry it out, become the server.
    """
    with os.fdopen(plan_fd, encoding="utf-8") as pipe:
        line = pipe.readline()
    if not line.endswith("\n"):
        os._exit(0)
    plan: dict[str, Any] = json.loads(line)
    try:
        prepare(plan)
        environment = os.environ if plan["env"] is None else plan["env"]  # noqa: TID251 - handed on, not read
        os.execvpe(plan["argv"][0], plan["argv"], environment)  # noqa: S606 - no shell is wanted
    except OSError as error:
        sys.stderr.write(f"cannot run {plan['argv'][0]}: {error}\n")
        sys.stderr.flush()
        os._exit(EXIT_CANNOT_RUN)


def prepare(plan: dict[str, Any]) -> None:
    """
    Own session, default signals, dropped user, tied life, working folder; in this order.
    """
    # A session of its own: Ctrl-C goes to the supervisor alone, which stops its servers in order.
    os.setsid()
    restore_signals()
    libc = ctypes.CDLL(None, use_errno=True) if plan["death_signal"] else None
    if plan["uid"] is not None:
        os.setgroups([])
        os.setgid(plan["gid"])
        os.setuid(plan["uid"])
    if libc is not None:
        tie_to_parent(plan["parent"], plan["death_signal"], libc)
    if plan["cwd"] is not None:
        os.chdir(plan["cwd"])


def restore_signals() -> None:
    """
    Let the server begin with the signals that any program begins with.
    """
    for number in DEFAULTED_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def tie_to_parent(parent: int, death_signal: int, libc: ctypes.CDLL) -> None:
    """
    Linux: die when the parent dies. The kernel forgets this when the user changes, so it comes after that.
    """
    if libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        # It died between the fork and the line above, so no signal will ever come.
        os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
