"""
The simulator as a process: settings from flags and environment, one ready line on stdout, logs on stderr.

SIGTERM and SIGINT end it in good order with exit code 0; bad settings end it with 2 before anything listens.
"""

import asyncio
import signal
import sys
from collections.abc import Sequence

import orjson
import structlog
from pydantic import ValidationError

from mock_providers.app import make_ready
from mock_providers.errors import ProvidersError
from mock_providers.process import log_to_stderr, loop_factory, spare_the_old
from mock_providers.serving import open_alone, open_shared
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
    log_to_stderr()
    try:
        refuse_strangers()
        settings = ProvidersSettings(_cli_parse_args=list(sys.argv[1:] if argv is None else argv))
        make_ready(settings)
    except ValidationError as refused:
        return _refuse("; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in refused.errors()))
    except ProvidersError as refused:
        return _refuse(str(refused))
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(_serve(settings))
    except OSError as problem:
        return _refuse(f"cannot listen: {problem}")
    except ProvidersError as refused:
        return _refuse(str(refused))
    return _OK


async def _serve(settings: ProvidersSettings) -> None:
    log = structlog.get_logger()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_alone(settings) if settings.workers == 1 else open_shared(settings) as served:
        spare_the_old()
        shown = settings.model_dump(mode="json", exclude={"control_token"})
        log.info("providers_ready", settings=shown, control_token="set" if settings.control_token else "none")
        if served.facts.get("notice"):
            log.warning("vendor_ports_shut", notice=served.facts["notice"])
        sys.stdout.buffer.write(orjson.dumps(served.facts, option=orjson.OPT_APPEND_NEWLINE))
        sys.stdout.buffer.flush()
        await served.until(stop)
    log.info("providers_stopped")


def _refuse(text: str) -> int:
    sys.stderr.write(f"payproof providers: {text}\n")
    return _REFUSED


if __name__ == "__main__":
    sys.exit(main())
