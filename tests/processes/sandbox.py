"""
A supervisor with PostgreSQL, Redis and a Python server, as a command: what the kill -9 tests kill.

Prints one JSON line with the pids when all are ready, then waits for a signal.
"""

import asyncio
import json
import sys
from pathlib import Path

from harness.world.home import Home
from harness.world.launch import ProcessSpec, PythonMain
from harness.world.lifeline import Tie
from harness.world.postgres import provide_postgres
from harness.world.redis_server import provide_redis
from harness.world.supervisor import Supervisor, stop_signals

TOY = PythonMain("tests.processes.toy_server", ("stubborn",))


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def serve(home: Home, tie: Tie, paused: str) -> None:
    async with stop_signals() as told, Supervisor(home.runs / "logs", tie=tie) as supervisor:
        database = await provide_postgres(supervisor, home.postgres)
        cache = await provide_redis(supervisor, home.redis)
        await supervisor.start(ProcessSpec(name="toy", run=TOY, stop_timeout_s=0.2))
        if paused:
            supervisor.pause(paused)
        pids = {name: supervisor[name].pid for name in ("postgres", "redis", "toy")}
        say(json.dumps({"pids": pids, "database": database.url, "redis": cache.url}))
        await told.wait()


def main(argv: list[str]) -> int:
    tie = Tie(argv[1]) if len(argv) > 1 else Tie.default()
    with Home(Path(argv[0])) as home:
        asyncio.run(serve(home, tie, argv[2] if len(argv) > 2 else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
