"""How the front speaks to the workers: a call to one, or the same to all; refusals are passed on as they are."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp
import orjson
from aiohttp import web
from yarl import URL

from mock_providers.core.control.problems import ControlProblem
from mock_providers.workers.parent import Worker, Workers

_PATIENCE_S = 15.0
_LINE_BYTES = 64 * 1024 * 1024
BASE = "/control/v1"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a worker answered."""

    status: int
    content_type: str
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return orjson.loads(self.body)

    def response(self) -> web.Response:
        """The same for whoever asked the front."""
        return web.Response(status=self.status, body=self.body, content_type=self.content_type)


class PassedOn(Exception):
    """A worker refused, and its refusal is the front's."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Links:
    """Calls of workers' control APIs."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._session: aiohttp.ClientSession | None = None

    @property
    def all(self) -> Sequence[Worker]:
        """The workers in their order."""
        return self._workers.all

    def start(self) -> None:
        """Get ready to call."""
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {self._workers.token}"},
            timeout=aiohttp.ClientTimeout(total=None),
            read_bufsize=_LINE_BYTES,
            trust_env=False,
        )

    async def stop(self) -> None:
        """Call no more."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def ask(
        self,
        worker: Worker,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: bytes | None = None,
        even_down: bool = False,
    ) -> Answer:
        """
        One call.

        Args:
            path: below the API's base, quoted.
            even_down: do not wait for a worker that is being started again.

        Raises:
            ControlProblem: the worker is being started again, and takes too long.
        """
        async with self.open(worker, method, path, query=query, body=body, even_down=even_down) as answer:
            return Answer(answer.status, answer.content_type, await answer.read())

    @asynccontextmanager
    async def open(
        self,
        worker: Worker,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: bytes | None = None,
        even_down: bool = False,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The same, for answers that are read as they come."""
        assert self._session is not None
        try:
            if not even_down:
                async with asyncio.timeout(_PATIENCE_S):
                    await worker.up.wait()
            asked = {name: str(value) for name, value in (query or {}).items() if value is not None}
            url = URL(f"{worker.control_url}{BASE}{path}", encoded=True).update_query(asked)
            async with self._session.request(method, url, data=body) as answer:
                yield answer
        except (TimeoutError, aiohttp.ClientConnectionError) as problem:
            raise ControlProblem(
                503,
                "worker_away",
                f"worker {worker.index} is being started again ({type(problem).__name__})",
                next_step="try again in a moment; its book is empty then, which the epoch in /info tells",
            ) from problem

    async def good(self, worker: Worker, method: str, path: str, **more: Any) -> Any:
        """
        What one worker answers, read.

        Raises:
            PassedOn: it refuses.
        """
        answer = await self.ask(worker, method, path, **more)
        if answer.status >= 400:
            raise PassedOn(answer)
        return answer.json

    async def everybody(self, method: str, path: str, **more: Any) -> list[Any]:
        """
        What all workers answer to the same call.

        Raises:
            PassedOn: one of them refuses; the first refusal counts.
        """
        return list(await asyncio.gather(*(self.good(worker, method, path, **more) for worker in self.all)))


def quoted(name: str) -> str:
    """A name as a part of a path."""
    return quote(name, safe="")
