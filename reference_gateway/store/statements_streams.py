"""
The SQL of elections: terms, and the advisory lock that decides who leads.
"""

from __future__ import annotations

from sqlalchemy import text

BEGIN_TERM = text(
    """
    INSERT INTO leaders (role, holder, token, pid, beat_at) VALUES (:role, :holder, 1, pg_backend_pid(), now())
    ON CONFLICT (role) DO UPDATE
    SET holder = excluded.holder, token = leaders.token + 1, pid = excluded.pid, beat_at = excluded.beat_at
    RETURNING token
    """
)

# Two 32-bit keys: ours, and the role's.
LOCK_CLASS = 0x7061_7970
TRY_LOCK = text("SELECT pg_try_advisory_lock(:class_, :role_key)")
UNLOCK = text("SELECT pg_advisory_unlock(:class_, :role_key)")
BEAT = text("UPDATE leaders SET beat_at = now() WHERE role = :role AND token = :token RETURNING token")
# A leader that has stopped beating while its connection lives (a paused machine, a network that swallows packets)
# loses the connection, and with it the lock. Only the backend that holds the lock now is ended, never a stranger that
# was given its number.
DEPOSE = text(
    """
    SELECT count(pg_terminate_backend(pid)) FROM leaders
    WHERE role = :role AND beat_at < now() - make_interval(secs => :stale_s) AND pid IN (
        SELECT pid FROM pg_locks
        WHERE locktype = 'advisory' AND classid = CAST(:class_ AS bigint)
        AND CAST(objid AS bigint) = CAST(:role_key AS bigint) AND objsubid = 2
        AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    )
    """
)
