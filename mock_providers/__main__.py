"""
The simulator as a process: settings from flags and environment, one ready line on stdout, logs on stderr.

SIGTERM and SIGINT end it in good order with exit code 0; bad settings end it with 2 before anything listens.
"""

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Callable, Sequence

import orjson
import structlog
from pydantic import ValidationError

from mock_providers.app import Simulator, build
from mock_providers.errors import ProvidersError
from mock_providers.front.render import write_snippets
from mock_providers.settings import ProvidersSettings, refuse_strangers

_OK, _REFUSED = 0, 2


def main(argv: Sequence[str] | None = None) -> int:
    """
    Serve until told to stop.

    Args:
        argv: flags, `--credentials-dir DIR` and so on; None takes the process's own.

    Returns:
        The exit code.
    """
    _log_to_stderr()
    try:
        refuse_strangers()
        settings = ProvidersSettings(_cli_parse_args=list(sys.argv[1:] if argv is None else argv))
        simulator = build(settings)
    except ValidationError as refused:
        return _refuse("; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in refused.errors()))
    except ProvidersError as refused:
        return _refuse(str(refused))
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve(simulator))
    except OSError as problem:
        return _refuse(f"cannot listen: {problem}")
    except ProvidersError as refused:
        return _refuse(str(refused))
    return _OK


def _spare_the_old() -> None:
    """
    Let the collector look at young objects only.

    A book of a million trades is tens of millions of objects that are never garbage, and looking through all of them
    costs a second each time. Cycles that are garbage die young here: tasks, connections, exceptions.
    """
    gc.set_threshold(50_000, 20, 1_000_000)


async def _serve(simulator: Simulator) -> None:
    log = structlog.get_logger()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await simulator.start()
    _spare_the_old()
    settings = simulator.settings.model_dump(mode="json", exclude={"control_token"})
    log.info("providers_ready", settings=settings, control_token="set" if simulator.settings.control_token else "none")
    if simulator.front.notice is not None:
        log.warning("vendor_ports_shut", notice=simulator.front.notice)
    ready = {
        "event": "ready",
        **{f"{name}_url": url for name, url in simulator.urls.items()},
        "control_url": simulator.control_url,
        **simulator.front.as_json(),
        "snippets": _snippets(simulator),
    }
    sys.stdout.buffer.write(orjson.dumps(ready, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()
    await stop.wait()
    await simulator.stop()
    log.info("providers_stopped")


def _snippets(simulator: Simulator) -> str | None:
    """Nothing depends on them, so credentials that are only lent to us may stay as they are."""
    if not simulator.settings.snippets:
        return None
    folder = simulator.settings.credentials_dir
    try:
        return str(write_snippets(simulator.front, alipay_url=simulator.alipay_url, credentials_dir=folder))
    except OSError as problem:
        structlog.get_logger().warning("snippets_not_written", problem=str(problem))
        return None


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Uvloop where it can be had; only a process of our own runs on it."""
    try:
        import uvloop  # noqa: PLC0415  optional, and only wanted here
    except ImportError:
        return None
    return uvloop.new_event_loop


def _log_to_stderr() -> None:
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


def _refuse(text: str) -> int:
    sys.stderr.write(f"payproof providers: {text}\n")
    return _REFUSED


if __name__ == "__main__":
    sys.exit(main())
