"""
The way to PostgreSQL for the unit of work: asyncpg itself, under statements that SQLAlchemy has compiled once.

A statement of Core costs its caller more in SQLAlchemy's execution than in the driver; so each constant is compiled at
its first use and its text is handed to the driver from then on. Knows no statement.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache, partial
from typing import Any, Self, cast

import asyncpg
import orjson
from sqlalchemy import TextClause, make_url
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from reference_gateway.errors import StoreUnavailable
from reference_gateway.store.sql_errors import told

CONNECT_TIMEOUT_S = 5.0
CLOSE_TIMEOUT_S = 1.0
# Nothing is waited for inside a transaction but PostgreSQL itself: who is silent for so long stands still or is gone,
# and what it has locked is needed by the others.
SILENT_S = 10.0
STATEMENTS_KEPT = 512
# A statement is planned at its first uses, when tables may be empty and reading all of one is cheapest; that plan
# is kept while the table grows. Ours take a few rows each and have an index to go by, so they always go by it.
_WAYS = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off"

_DIALECT: Any = cast("Any", dialect)()
_PARTS = "WITH "
_PARAMETER = re.compile(r"\$([0-9]+)")

Asked = tuple[TextClause, Mapping[str, Any]]


class Row(asyncpg.Record):  # type: ignore[misc]  # asyncpg tells no types
    """One row; its columns are its attributes."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Rows(list[Row]):
    """What a statement returned."""

    __slots__ = ()

    def first(self) -> Row | None:
        return self[0] if self else None

    def one(self) -> Row:
        (row,) = self
        return row

    def scalars(self) -> list[Any]:
        return [row[0] for row in self]

    def scalar_one(self) -> Any:
        return self.one()[0]


def values(row: Row) -> dict[str, Any]:
    """Return a row's columns by name."""
    return dict(row.items())


def rows_text(rows: Sequence[object]) -> str:
    """Spell records for a statement that reads them by `recordset_of`; what it does not name is left out there."""
    return orjson.dumps(rows, default=_plain).decode()


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"  # as PostgreSQL reads them
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} has no place in a row")


@cache
def compiled(statement: TextClause) -> tuple[str, tuple[str, ...]]:
    """Return the driver's text of a constant and its parameters' names, in their order."""
    made = statement.compile(dialect=_DIALECT)
    return made.string.strip(), tuple(made.positiontup or ())


@cache
def together(statements: tuple[TextClause, ...]) -> str:
    """
    Spell several statements as one: the last, which alone may begin by WITH itself, behind the others.

    None of them may see what another does: PostgreSQL carries them out over one and the same state.
    """
    spelt: list[str] = []
    given = 0
    for statement in statements:
        text, names = compiled(statement)
        spelt.append(_PARAMETER.sub(partial(_renumbered, after=given), text))
        given += len(names)
    *others, last = spelt
    parts = ", ".join(f"part_{number} AS ({text})" for number, text in enumerate(others))
    return f"WITH {parts}, {last.removeprefix(_PARTS)}" if is_closed(statements[-1]) else f"WITH {parts} {last}"


def is_closed(statement: TextClause) -> bool:
    """Tell whether nothing can come behind it in one message, as it has parts of its own."""
    return compiled(statement)[0].startswith(_PARTS)


def _renumbered(parameter: re.Match[str], *, after: int) -> str:
    return f"${after + int(parameter[1])}"


class Connections:
    """The pool."""

    def __init__(self, url: str, *, size: int, silent_s: float = SILENT_S) -> None:
        _, self._where = _DIALECT.create_connect_args(make_url(url))
        self._size = size
        self._silent_s = silent_s
        self._pool: Any = None

    async def open(self) -> None:
        """Get ready; connections are made when they are needed."""
        self._pool = await asyncpg.create_pool(
            **self._where,
            min_size=0,
            max_size=self._size,
            timeout=CONNECT_TIMEOUT_S,
            statement_cache_size=STATEMENTS_KEPT,
            max_cached_statement_lifetime=0,
            record_class=Row,
            init=self._make_ours,
            reset=_as_it_is,
        )

    async def close(self) -> None:
        if self._pool is not None:
            pool, self._pool = self._pool, None
            try:
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await pool.close()
            except TimeoutError:
                pool.terminate()  # somebody holds a connection and is not coming back, as after a crash

    async def _make_ours(self, connection: Any) -> None:
        await connection.execute(f"SET idle_in_transaction_session_timeout = {round(self._silent_s * 1000)}")
        await connection.execute(_WAYS)
        for name in ("json", "jsonb"):
            await connection.set_type_codec(name, schema="pg_catalog", encoder=str, decoder=orjson.loads)

    @property
    def pool(self) -> Any:
        if self._pool is None:
            raise AssertionError("the store is not open")
        return self._pool


async def _as_it_is(connection: Any) -> None:
    """Nothing but transactions is ever begun on a connection, and those are ended by who began them."""


def _drop(connection: Any) -> None:
    """Let nobody find another's transaction on it."""
    with suppress(asyncpg.InterfaceError):  # it is dropped already
        connection.terminate()


class Transaction:
    """Begins with its first statement, is rolled back at exit unless committed."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._connection: Any = None
        self._begun = False
        self._held: list[Asked] = []

    async def __aenter__(self) -> Self:
        try:
            with told():
                self._connection = await self._pool.acquire(timeout=CONNECT_TIMEOUT_S)
        except StoreUnavailable as error:
            size = self._pool.get_size()
            if isinstance(error.__cause__, TimeoutError) and size == self._pool.get_max_size():
                said = f"all {size} connections to PostgreSQL were busy for {CONNECT_TIMEOUT_S:g} s"
                raise StoreUnavailable(f"{said}; see GATEWAY_DATABASE_POOL", code="connections_busy") from error
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        connection, self._connection = self._connection, None
        with told():
            try:
                if self._begun and not connection.is_closed():
                    await connection.execute("ROLLBACK")
            except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
                _drop(connection)  # the server rolls back what it has lost the other end of
            except BaseException:
                _drop(connection)
                raise
            finally:
                await self._pool.release(connection)

    async def commit(self) -> None:
        if self._connection is None:
            raise AssertionError("a unit of work is used inside `async with`")
        if self._begun:
            await self._send()
            with told():
                await self._connection.execute("COMMIT")
            self._begun = False
        elif self._held:
            asked, self._held = self._held, []
            await self._fetch(asked)  # one statement is a transaction of its own

    async def _write(self, statement: TextClause, parameters: Mapping[str, Any]) -> None:
        """
        Hold back what nobody wants an answer to, and send it in one message with what is written next.

        Nothing that is held can be refused, and none of it looks at what another writes.
        """
        if any(held is statement or is_closed(held) for held, _ in self._held):
            await self._send()
        self._held.append((statement, parameters))

    async def _send(self) -> None:
        if self._held:
            await self._run(*self._held.pop(), beside=True)

    async def _run(
        self, statement: TextClause, parameters: Mapping[str, Any] | None = None, *, beside: bool = False
    ) -> Rows:
        """Run a statement after what is held back, or in the same message: *beside* it, blind to what it writes."""
        if self._connection is None:
            raise AssertionError("a unit of work is used inside `async with`")
        if not beside or any(is_closed(held) for held, _ in self._held):
            await self._send()
        if not self._begun:
            with told():
                self._begun = True
                await self._connection.execute("BEGIN")
        asked, self._held = [*self._held, (statement, parameters or {})], []
        return await self._fetch(asked)

    async def _run_alone(self, statement: TextClause, parameters: Mapping[str, Any] | None = None) -> Rows:
        """Run what is a transaction by itself, unless one has begun: it is committed when it is answered."""
        return await self._read(statement, parameters)

    async def _read(self, statement: TextClause, parameters: Mapping[str, Any] | None = None) -> Rows:
        """
        Run what neither changes nor locks anything.

        Read committed sees with each statement what is committed then, so a question needs no transaction around it,
        and what only asks is spared two more ways to the server.
        """
        if self._connection is None:
            raise AssertionError("a unit of work is used inside `async with`")
        await self._send()
        return await self._fetch([(statement, parameters or {})])

    async def _fetch(self, asked: Sequence[Asked]) -> Rows:
        statements = tuple(statement for statement, _ in asked)
        spelt = together(statements) if len(statements) > 1 else compiled(statements[0])[0]
        given = [parameters[name] for statement, parameters in asked for name in compiled(statement)[1]]
        with told():
            return Rows(await self._connection.fetch(spelt, *given))
