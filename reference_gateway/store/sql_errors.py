"""
What the driver and the pool raise, told as the gateway's errors: away, lost against another, or a rule broken.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from reference_gateway.errors import ConstraintBroken, StoreConflict, StoreUnavailable

# Serialization failure, deadlock, lock not available.
_LOST = frozenset({"40001", "40P01", "55P03"})
# Connection exceptions, operator intervention, too many connections.
_AWAY_CLASSES = ("08", "57P", "53")


@contextmanager
def told() -> Iterator[None]:
    """Translate what goes wrong inside."""
    try:
        yield
    except IntegrityError as error:
        name = getattr(getattr(error.orig, "__cause__", None), "constraint_name", None)
        raise ConstraintBroken(str(error.orig), code=str(name or ConstraintBroken.code)) from error
    except DBAPIError as error:
        state = str(getattr(error.orig, "sqlstate", None) or "")
        if state in _LOST:
            raise StoreConflict(f"PostgreSQL says {state}") from error
        if error.connection_invalidated or state.startswith(_AWAY_CLASSES):
            raise StoreUnavailable(f"PostgreSQL is away: {error.orig}") from error
        raise
    except (OSError, PoolTimeoutError) as error:
        raise StoreUnavailable(f"PostgreSQL cannot be reached: {type(error).__name__}") from error
