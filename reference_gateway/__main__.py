"""
The gateway as a process: settings from the environment, one ready line on stdout, logs on stderr, SIGTERM drains.
"""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import json
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Unpack

import structlog
from pydantic import ValidationError

from reference_gateway.app import Gateway, Parts, build
from reference_gateway.errors import SettingsRefused, StoreUnavailable
from reference_gateway.settings import MEMORY_URL, GatewaySettings

USAGE = "usage: python -m reference_gateway (settings come from GATEWAY_… variables)"
EXIT_OURS = 2
COLLECT_AFTER_OBJECTS = 20_000


def main(argv: Sequence[str], **parts: Unpack[Parts]) -> int:
    """
    Serve until SIGTERM or Ctrl-C; 0 after a graceful stop, 2 when the settings or the store refuse.

    *parts* replace collaborators, for whoever tries a gateway that is wrong on purpose.
    """
    if argv:
        print(USAGE, file=sys.stderr)  # noqa: T201
        return EXIT_OURS
    _log_to_stderr()
    try:
        gateway = build(_settings(), **parts)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve(gateway))
    except ValidationError as error:
        for complaint in error.errors(include_url=False, include_input=False):
            where = "".join(f"GATEWAY_{str(name).upper()}: " for name in complaint["loc"][:1])
            print(f"{where}{complaint['msg']}", file=sys.stderr)  # noqa: T201
        return EXIT_OURS
    except (SettingsRefused, StoreUnavailable) as error:
        print(error.detail, file=sys.stderr)  # noqa: T201
        return EXIT_OURS
    return 0


def _settings() -> GatewaySettings:
    settings = GatewaySettings()
    if settings.database_url.get_secret_value() == MEMORY_URL:
        raise SettingsRefused("database_url memory: serves worlds of one process only; name a PostgreSQL")
    return settings


async def _serve(gateway: Gateway) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    await gateway.start()
    _leave_old_objects_alone()
    log = structlog.get_logger("reference_gateway")
    log.info("gateway_started", url=gateway.url, settings=gateway.settings.model_dump(mode="json"))
    ready = {"event": "ready", "url": gateway.url, **({"ops_url": gateway.ops_url} if gateway.ops_url else {})}
    print(json.dumps(ready, separators=(",", ":")), flush=True)  # noqa: T201
    await stop.wait()
    await gateway.stop()
    log.info("gateway_stopped")


def _leave_old_objects_alone() -> None:
    """Let the collector of cycles look at what requests leave behind, and not at the whole program again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER_OBJECTS, 20, 50)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if importlib.util.find_spec("uvloop") is None:
        return None
    import uvloop  # noqa: PLC0415 (only a real process runs on it)

    return uvloop.new_event_loop


def _log_to_stderr() -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
