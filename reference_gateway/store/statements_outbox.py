"""
The SQL of the outbox: rows that are written once, and beside them what is still to be done with each.

The wide row is never touched again. Two narrow tables say what has still to be sent to an app and what no stream has
yet; their rows go when it is done, so they hold what waits and nothing else.
"""

from __future__ import annotations

from sqlalchemy import text

from reference_gateway.store.statements import recordset_of, unnest_of

_EVENT = {
    "event_id": "text",
    "app_id": "text",
    "type": "text",
    "payload": "bytea",
    "created_at": "timestamptz",
    "subject_id": "text",
    "room_id": "text",
}
EVENT = tuple(_EVENT)
_GIVEN = {**_EVENT, "due_at": "timestamptz", "attempts": "integer"}
_OF_EVENT = ", ".join(f"o.{name}" for name in EVENT)

# What is due at no time is sent to nobody; where no stream is configured nothing waits for one.
ADD_OUTBOX = text(
    f"""
    WITH given AS (SELECT * FROM {recordset_of(**_GIVEN)}), added AS (
        INSERT INTO outbox ({", ".join(EVENT)}) SELECT {", ".join(EVENT)} FROM given RETURNING seq, event_id
    ), sent_later AS (
        INSERT INTO outbox_to_send (event_id, due_at, attempts)
        SELECT event_id, due_at, attempts FROM given
        WHERE due_at IS NOT NULL
    )
    INSERT INTO outbox_to_publish (seq, event_id) SELECT seq, event_id FROM added WHERE CAST(:publishes AS boolean)
    """  # noqa: S608 (made of constants)
)
CLAIM_OUTBOX = text(
    f"""
    WITH claimed AS (
        UPDATE outbox_to_send SET due_at = :lease_until, attempts = attempts + 1
        WHERE event_id = ANY(ARRAY(
            SELECT event_id FROM outbox_to_send WHERE due_at <= :now
            ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED
        ))
        RETURNING event_id, due_at, attempts
    )
    SELECT {_OF_EVENT}, c.due_at, c.attempts FROM claimed AS c JOIN outbox AS o ON o.event_id = c.event_id
    """  # noqa: S608 (made of constants)
)
FINISH_OUTBOX = text(
    """
    DELETE FROM outbox_to_send
    WHERE event_id = ANY(ARRAY(
        SELECT event_id FROM outbox_to_send
        WHERE event_id = ANY(CAST(:sent AS text[])) ORDER BY event_id FOR UPDATE
    ))
    """
)
POSTPONE_OUTBOX = text(
    f"""
    UPDATE outbox_to_send AS s SET due_at = given.due_at
    FROM {unnest_of(event_id="text", due_at="timestamptz")} WHERE s.event_id = given.event_id
    """  # noqa: S608 (made of constants)
)
# What another instance has in hand is no work that a crash left; who starts does not wait for one that stands still.
RESUME_OUTBOX = text(
    """
    UPDATE outbox_to_send SET due_at = :now
    WHERE event_id = ANY(ARRAY(
        SELECT event_id FROM outbox_to_send WHERE due_at > :now ORDER BY event_id FOR UPDATE SKIP LOCKED
    ))
    """
)
OUTBOX_UNSENT = text("SELECT count(*) FROM outbox_to_send")

# The order of commits, for the events of one subject: whoever moves it holds its row's lock while he inserts.
UNPUBLISHED = text(
    f"""
    SELECT p.seq, {_OF_EVENT}
    FROM (SELECT seq, event_id FROM outbox_to_publish ORDER BY seq LIMIT :limit) AS p
    JOIN outbox AS o ON o.event_id = p.event_id ORDER BY p.seq
    """  # noqa: S608 (made of constants)
)
# Told whether the term is still the newest, not whether anything was there: who led before may have marked it late.
MARK_PUBLISHED = text(
    """
    WITH term AS (SELECT 1 FROM leaders WHERE role = :role AND token = :token), gone AS (
        DELETE FROM outbox_to_publish WHERE seq = ANY(ARRAY(
            SELECT seq FROM outbox_to_publish WHERE seq = ANY(CAST(:seqs AS bigint[])) ORDER BY seq FOR UPDATE
        )) AND EXISTS (SELECT 1 FROM term)
    )
    SELECT EXISTS (SELECT 1 FROM term)
    """
)
COUNT_UNPUBLISHED = text("SELECT count(*) FROM outbox_to_publish")
