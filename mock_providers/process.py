"""What every process of the simulator does alike: its event loop, its logs, and the line that says that it is ready."""

import asyncio
import gc
import logging
import sys
from collections.abc import Callable, Mapping

import orjson
import structlog

from mock_providers.app import Simulator
from mock_providers.front.render import write_snippets


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Uvloop where it can be had; only a process of our own runs on it."""
    try:
        import uvloop  # noqa: PLC0415  optional, and only wanted here
    except ImportError:
        return None
    return uvloop.new_event_loop


def spare_the_old() -> None:
    """
    Let the collector look at young objects only.

    A book of a million trades is tens of millions of objects that are never garbage, and looking through all of them
    costs a second each time. Cycles that are garbage die young here: tasks, connections, exceptions.
    """
    gc.set_threshold(50_000, 20, 1_000_000)


def log_to_stderr() -> None:
    """JSON lines, for people and their tools."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format='{"event":"%(name)s","text":"%(message)s"}')


def ready_facts(simulator: Simulator) -> Mapping[str, object]:
    """Where everything is."""
    return {
        "event": "ready",
        **{f"{name}_url": url for name, url in simulator.urls.items()},
        "control_url": simulator.control_url,
        **simulator.front.as_json(),
        "snippets": _snippets(simulator),
    }


def ready_line(simulator: Simulator) -> bytes:
    """The same as one line of JSON."""
    return orjson.dumps(ready_facts(simulator), option=orjson.OPT_APPEND_NEWLINE)


def _snippets(simulator: Simulator) -> str | None:
    """Nothing depends on them, so credentials that are only lent to us may stay as they are."""
    if not simulator.settings.snippets:
        return None
    folder = simulator.settings.credentials_dir
    try:
        return str(write_snippets(simulator.front, urls=simulator.urls, credentials_dir=folder))
    except OSError as problem:
        structlog.get_logger().warning("snippets_not_written", problem=str(problem))
        return None
