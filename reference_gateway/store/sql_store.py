"""
The connection to PostgreSQL: the pool, and the schema brought up to date at start.

Migrations run under an advisory lock, so gateways that start together wait for the first. Knows no statement.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from reference_gateway.errors import SettingsRefused
from reference_gateway.store.sql_connection import SILENT_S, Connections
from reference_gateway.store.sql_errors import told
from reference_gateway.store.sql_unit_of_work import SqlUnitOfWork

MIGRATIONS = Path(__file__).with_name("migrations")
_LOCK_KEY = 0x7061_7970_726F_6F66
_LOCK = text("SELECT pg_advisory_lock(:key)")
_UNLOCK = text("SELECT pg_advisory_unlock(:key)")


def alembic_config(connection: Connection) -> Config:
    """Point Alembic at our migrations and at an open connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade_to(revision: str) -> Callable[[Connection], None]:
    """Make the step that brings the schema up to *revision*."""
    return lambda connection: command.upgrade(alembic_config(connection), revision)


def downgrade_to(revision: str) -> Callable[[Connection], None]:
    """Make the step that takes the schema down to *revision*."""
    return lambda connection: command.downgrade(alembic_config(connection), revision)


async def migrate(engine: AsyncEngine, step: Callable[[Connection], None]) -> None:
    """Run *step*, alone among all gateways of this database."""
    with told():
        async with engine.connect() as guard:
            await guard.execute(_LOCK, {"key": _LOCK_KEY})
            try:
                async with engine.begin() as connection:
                    await connection.run_sync(step)
            finally:
                await guard.execute(_UNLOCK, {"key": _LOCK_KEY})


class SqlStore:
    """The store behind `postgresql+asyncpg://`."""

    heartbeat_s: float | None = 2.0
    # At half load twice as much comes together as with 10 ms, and nobody waits longer: docs/performance.md.
    pace_s: float = 0.02

    def __init__(self, url: str, *, pool_size: int = 10, publishes: bool = True, silent_s: float = SILENT_S) -> None:
        if not url.startswith("postgresql+asyncpg://"):
            raise SettingsRefused("database_url begins with postgresql+asyncpg://")
        self._url = url
        self._connections = Connections(url, size=pool_size, silent_s=silent_s)
        self._publishes = publishes

    async def open(self) -> None:
        """Bring the schema up to date, then open the pool."""
        migrating = create_async_engine(self._url, poolclass=NullPool)
        try:
            await migrate(migrating, upgrade_to("head"))
        finally:
            await migrating.dispose()
        await self._connections.open()

    async def close(self) -> None:
        await self._connections.close()

    async def ping(self) -> None:
        async with self() as unit:
            await unit.ping()

    def __call__(self) -> SqlUnitOfWork:
        return SqlUnitOfWork(self._connections.pool, publishes=self._publishes)
