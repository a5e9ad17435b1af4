"""
What the driver and the pool raise, told as the gateway's errors: away, lost against another, or a rule broken.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from reference_gateway.errors import ConstraintBroken, StoreConflict, StoreUnavailable

# Serialization failure, deadlock, lock not available.
_LOST = frozenset({"40001", "40P01", "55P03"})
# Connection exceptions, operator intervention, too many connections; ended because its transaction was silent.
_AWAY_CLASSES = ("08", "57P", "53", "25P03")


def _refuse(error: Exception, state: str) -> None:
    if state in _LOST:
        raise StoreConflict(f"PostgreSQL says {state}") from error
    if state.startswith(_AWAY_CLASSES):
        raise StoreUnavailable(f"PostgreSQL is away: {error}") from error


@contextmanager
def told() -> Iterator[None]:
    """Translate what goes wrong inside."""
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        raise ConstraintBroken(str(error), code=error.constraint_name or ConstraintBroken.code) from error
    except asyncpg.PostgresError as error:
        _refuse(error, error.sqlstate or "")
        raise
    except asyncpg.InternalClientError as error:
        # What the driver says of a connection that was ended by the other side and whose end it has not seen yet.
        raise StoreUnavailable(f"PostgreSQL is away: {error}") from error
    except asyncpg.InterfaceError as error:
        # A connection whose end the driver has seen is closed, and the pool has taken it back under its holder.
        if not any(word in str(error) for word in ("closed", "released")):
            raise
        raise StoreUnavailable(f"PostgreSQL is away: {error}") from error
    except IntegrityError as error:
        name = getattr(getattr(error.orig, "__cause__", None), "constraint_name", None)
        raise ConstraintBroken(str(error.orig), code=str(name or ConstraintBroken.code)) from error
    except DBAPIError as error:
        state = str(getattr(error.orig, "sqlstate", None) or "")
        if error.connection_invalidated:
            raise StoreUnavailable(f"PostgreSQL is away: {error.orig}") from error
        _refuse(error, state)
        raise
    except (OSError, PoolTimeoutError) as error:
        raise StoreUnavailable(f"PostgreSQL cannot be reached: {type(error).__name__}") from error
