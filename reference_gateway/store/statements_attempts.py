"""The SQL of attempts, as constants over whole batches; see `statements` for the rules."""

from __future__ import annotations

from sqlalchemy import text

from reference_gateway.store.statements import recordset_of

_ATTEMPT = {
    "payment_id": "text",
    "channel": "text",
    "product": "text",
    "choice": "jsonb",
    "status": "text",
    "failure_code": "text",
    "created_at": "timestamptz",
    "changed_at": "timestamptz",
    "try_no": "smallint",
}
ATTEMPT = tuple(_ATTEMPT)
INSERT_ATTEMPTS = text(
    f"""
    INSERT INTO payment_attempts ({", ".join(ATTEMPT)})
    SELECT * FROM {recordset_of(**_ATTEMPT)} ORDER BY payment_id, channel, try_no
    ON CONFLICT ON CONSTRAINT payment_attempts_pkey DO NOTHING
    """  # noqa: S608 (made of constants)
)
SAVED_ATTEMPT = ("payment_id", "channel", "try_no", "status", "failure_code", "changed_at")
SAVE_ATTEMPTS = text(
    f"""
    UPDATE payment_attempts AS a
    SET status = given.status, failure_code = given.failure_code, changed_at = given.changed_at
    FROM {recordset_of(**{name: _ATTEMPT[name] for name in SAVED_ATTEMPT})}
    WHERE a.payment_id = given.payment_id AND a.channel = given.channel AND a.try_no = given.try_no
    """  # noqa: S608 (made of constants)
)
ATTEMPTS = text(
    f"SELECT {', '.join(ATTEMPT)} FROM payment_attempts WHERE payment_id = :payment_id ORDER BY created_at, try_no"  # noqa: S608
)
