"""
The SQL of the store, as constants: compiled once, run over whole batches by `unnest`.

Rows are locked, and unique keys inserted, in a fixed order within each statement, so that two gateways committing
batches at once wait in line and never in a ring.
"""

from __future__ import annotations

from sqlalchemy import TextClause, text

from reference_gateway.store.tables import payments, refunds

PAYMENT_COLUMNS = tuple(column.name for column in payments.columns)
REFUND_COLUMNS = tuple(column.name for column in refunds.columns)

_PAYMENT = ", ".join(f"p.{name}" for name in PAYMENT_COLUMNS)
_REFUND = ", ".join(f"r.{name}" for name in REFUND_COLUMNS)


def unnest_of(**types: str) -> str:
    """Spell a row source: one array parameter for each column."""
    arrays = ", ".join(f"CAST(:{name} AS {type_}[])" for name, type_ in types.items())
    return f"unnest({arrays}) AS given({', '.join(types)})"


def recordset_of(**types: str) -> str:
    """Spell a row source: one parameter, `rows`, in which a list of records is written as JSON."""
    columns = ", ".join(f"{name} {type_}" for name, type_ in types.items())
    return f"json_to_recordset(CAST(CAST(:rows AS text) AS json)) AS given({columns})"


def claim_of(table: str, alias: str, returning: str, *, due: str = "poll_at") -> TextClause:
    """
    Take what is due, by lease, skipping what another gateway holds.

    Whoever takes rows chooses them in an array, which is filled once. In a join, where a table held hardly anything
    when it was last counted, they may be chosen anew for each row that there is: slowly, and beyond the limit.
    """
    return text(
        f"""
        UPDATE {table} AS {alias} SET {due} = :lease_until
        WHERE {alias}.id = ANY(ARRAY(
            SELECT id FROM {table} WHERE {due} <= :now ORDER BY {due} LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
        ))
        RETURNING {returning}
        """  # noqa: S608 (made of constants)
    )


_NEW_PAYMENT = {
    "id": "text",
    "app_id": "text",
    "merchant_order_no": "text",
    "out_trade_no": "text",
    "channel": "text",
    "product": "text",
    "amount_fen": "bigint",
    "currency": "text",
    "subject": "text",
    "buyer_id": "text",
    "room_id": "text",
    "attach": "text",
    "purpose": "text",
    "return_url": "text",
    "payer_id": "text",
    "auth_code": "text",
    "client_ip": "text",
    "request_digest": "text",
    "status": "text",
    "attempt": "text",
    "failure_code": "text",
    "refunded_fen": "bigint",
    "reserved_fen": "bigint",
    "channel_trade_no": "text",
    "pay_params": "jsonb",
    "created_at": "timestamptz",
    "paid_at": "timestamptz",
    "expires_at": "timestamptz",
    "poll_at": "timestamptz",
    "poll_rung": "integer",
    "end_event": "text",
    "end_at": "timestamptz",
    "end_rung": "integer",
    "hold_fen": "bigint",
    "try_no": "smallint",
}
NEW_PAYMENT = tuple(_NEW_PAYMENT)
INSERT_PAYMENTS = text(
    f"""
    INSERT INTO payments ({", ".join(NEW_PAYMENT)})
    SELECT {", ".join(NEW_PAYMENT)} FROM {recordset_of(**_NEW_PAYMENT)} ORDER BY app_id, merchant_order_no
    ON CONFLICT ON CONSTRAINT payments_order_key DO NOTHING
    RETURNING id
    """  # noqa: S608 (made of constants)
)

_SAVED_PAYMENT = {
    "id": "text",
    "status": "text",
    "attempt": "text",
    "failure_code": "text",
    "refunded_fen": "bigint",
    "reserved_fen": "bigint",
    "channel_trade_no": "text",
    "pay_params": "jsonb",
    "auth_code": "text",
    "paid_at": "timestamptz",
    "poll_at": "timestamptz",
    "poll_rung": "integer",
    "channel": "text",
    "product": "text",
    "amount_fen": "bigint",
    "end_event": "text",
    "end_at": "timestamptz",
    "end_rung": "integer",
    "try_no": "smallint",
}
SAVED_PAYMENT = tuple(_SAVED_PAYMENT)
SAVE_PAYMENTS = text(
    f"""
    UPDATE payments AS p SET {", ".join(f"{name} = given.{name}" for name in SAVED_PAYMENT[1:])}
    FROM {recordset_of(**_SAVED_PAYMENT)} WHERE p.id = given.id
    """  # noqa: S608 (made of constants)
)

PAYMENTS_BY_ORDER = text(
    f"""
    SELECT {_PAYMENT} FROM payments AS p
    JOIN {unnest_of(app_id="text", merchant_order_no="text")} USING (app_id, merchant_order_no)
    """  # noqa: S608 (made of constants)
)
# Whose it is, the caller looks: told the app as well, a plan may go through all payments of that app.
PAYMENT = text(f"SELECT {_PAYMENT} FROM payments AS p WHERE p.id = :id")  # noqa: S608
LOCK_PAYMENTS = text(
    f"""
    SELECT {_PAYMENT} FROM payments AS p
    WHERE p.out_trade_no = ANY(CAST(:numbers AS text[])) ORDER BY p.out_trade_no FOR NO KEY UPDATE
    """  # noqa: S608 (made of constants)
)
LIST_PAYMENTS = text(
    f"""
    SELECT {_PAYMENT} FROM payments AS p
    WHERE p.app_id = :app_id AND p.seq > 0 AND p.seq > :after ORDER BY p.seq LIMIT :limit
    """  # noqa: S608 (made of constants)
)
CLAIM_POLLS = claim_of("payments", "p", _PAYMENT)
CLAIM_ENDS = claim_of("payments", "p", _PAYMENT, due="end_at")
# What another instance has in hand is no work that a crash left; who starts does not wait for one that stands still.
RESUME_PAYMENTS = text(
    """
    UPDATE payments SET poll_at = :now
    WHERE id = ANY(ARRAY(
        SELECT id FROM payments
        WHERE poll_at > :now AND status = 'PENDING' AND attempt IN ('REQUESTED', 'UNKNOWN')
        ORDER BY out_trade_no FOR NO KEY UPDATE SKIP LOCKED
    ))
    """
)
RESUME_REFUNDS = text(
    """
    UPDATE refunds SET poll_at = :now
    WHERE id = ANY(ARRAY(SELECT id FROM refunds WHERE poll_at > :now ORDER BY id FOR NO KEY UPDATE SKIP LOCKED))
    """
)
INSERT_REFUND = text(
    f"INSERT INTO refunds ({', '.join(REFUND_COLUMNS)}) VALUES ({', '.join(f':{n}' for n in REFUND_COLUMNS)})"  # noqa: S608
)
REFUND_BY_NO = text(
    f"SELECT {_REFUND} FROM refunds AS r WHERE r.payment_id = :payment_id AND r.merchant_refund_no = :number"  # noqa: S608
)
REFUND = text(f"SELECT {_REFUND} FROM refunds AS r WHERE r.id = :id AND r.payment_id = :payment_id")  # noqa: S608
LOCK_REFUND = text(f"SELECT {_REFUND} FROM refunds AS r WHERE r.id = :id FOR NO KEY UPDATE")  # noqa: S608
SAVED_REFUND = ("id", "status", "failure_code", "channel_refund_no", "finished_at", "poll_at", "poll_rung")
SAVE_REFUND = text(
    f"UPDATE refunds SET {', '.join(f'{n} = :{n}' for n in SAVED_REFUND[1:])} WHERE id = :id"  # noqa: S608
)
CLAIM_REFUNDS = claim_of("refunds", "r", _REFUND)
PAYMENTS_BY_ID = text(f"SELECT {_PAYMENT} FROM payments AS p WHERE p.id = ANY(CAST(:ids AS text[]))")  # noqa: S608
HURRY_REFUNDS = text(
    """
    UPDATE refunds SET poll_at = :now
    WHERE id = ANY(ARRAY(
        SELECT id FROM refunds
        WHERE out_request_no = ANY(CAST(:numbers AS text[])) AND poll_at IS NOT NULL
        ORDER BY id FOR NO KEY UPDATE
    ))
    """
)

_TRANSITION = {
    "subject_kind": "text",
    "subject_id": "text",
    "from_state": "text",
    "event": "text",
    "to_state": "text",
    "applied": "boolean",
    "detail": "text",
    "at": "timestamptz",
}
TRANSITION = tuple(_TRANSITION)
RECORD_TRANSITIONS = text(
    f"INSERT INTO transitions ({', '.join(TRANSITION)}) SELECT * FROM {recordset_of(**_TRANSITION)}"  # noqa: S608
)

OPEN_ACCOUNTS = text(
    f"""
    INSERT INTO ledger_accounts (name, normal_sign)
    SELECT * FROM {unnest_of(name="text", normal_sign="smallint")} ORDER BY name ON CONFLICT DO NOTHING
    """  # noqa: S608 (made of constants)
)
_POSTING = {
    "id": "text",
    "key": "text",
    "kind": "text",
    "payment_id": "text",
    "refund_id": "text",
    "at": "timestamptz",
}
POST = text(
    f"""
    INSERT INTO ledger_transactions (id, posting_key, kind, payment_id, refund_id, at)
    SELECT * FROM {recordset_of(**_POSTING)} ORDER BY key
    ON CONFLICT ON CONSTRAINT ledger_transactions_posting_key DO NOTHING
    RETURNING id, posting_key
    """  # noqa: S608 (made of constants)
)
ENTER = text(
    f"""
    INSERT INTO ledger_entries (transaction_id, account, amount_fen)
    SELECT * FROM {recordset_of(transaction_id="text", account="text", amount_fen="bigint")}
    """  # noqa: S608 (made of constants)
)
LEDGER_LINES = text(
    """
    SELECT e.id AS entry_id, e.transaction_id, t.kind, t.payment_id, e.account, e.amount_fen, t.at
    FROM ledger_transactions AS t JOIN ledger_entries AS e ON e.transaction_id = t.id
    WHERE t.payment_id = ANY(CAST(:payment_ids AS text[])) ORDER BY e.id
    """
)
BALANCES = text(
    """
    SELECT a.name, CAST(a.balance_fen + coalesce(sum(u.amount_fen), 0) AS bigint) AS balance_fen
    FROM ledger_accounts AS a LEFT JOIN ledger_unfolded AS u ON u.account = a.name GROUP BY a.name
    """
)
BALANCES_OF = text(
    """
    SELECT a.name, CAST(a.balance_fen + coalesce(sum(u.amount_fen), 0) AS bigint) AS balance_fen
    FROM ledger_accounts AS a LEFT JOIN ledger_unfolded AS u ON u.account = a.name
    WHERE a.name = ANY(CAST(:names AS text[])) GROUP BY a.name
    """
)
FOLD = text("SELECT name, balance_fen FROM ledger_fold(CAST(:names AS text[]))")
FOLD_SOME = text(
    """
    SELECT count(*) FROM ledger_fold(ARRAY(
        SELECT name FROM ledger_accounts
        WHERE name = ANY(ARRAY(SELECT account FROM ledger_unfolded ORDER BY id LIMIT :limit))
        ORDER BY name FOR NO KEY UPDATE SKIP LOCKED
    ))
    """
)

_INBOX = {
    "channel": "text",
    "dedupe_key": "text",
    "notify_id": "text",
    "out_trade_no": "text",
    "verdict": "text",
    "body": "bytea",
    "received_at": "timestamptz",
    "deliveries": "integer",
}
INBOX = tuple(_INBOX)
RECORD_INBOX = text(
    f"""
    INSERT INTO notify_inbox ({", ".join(INBOX)})
    SELECT * FROM {recordset_of(**_INBOX)} ORDER BY channel, dedupe_key
    ON CONFLICT ON CONSTRAINT notify_inbox_pkey DO UPDATE
    SET deliveries = notify_inbox.deliveries + excluded.deliveries
    """  # noqa: S608 (made of constants)
)

IDEMPOTENCY_KEYS = text(
    f"""
    SELECT app_id, key, request_digest, payment_id, created_at FROM idempotency_keys
    JOIN {unnest_of(app_id="text", key="text")} USING (app_id, key)
    """  # noqa: S608 (made of constants)
)
_IDEMPOTENCY = {
    "app_id": "text",
    "key": "text",
    "request_digest": "text",
    "payment_id": "text",
    "created_at": "timestamptz",
}
IDEMPOTENCY = tuple(_IDEMPOTENCY)
INSERT_IDEMPOTENCY_KEYS = text(
    f"""
    INSERT INTO idempotency_keys ({", ".join(IDEMPOTENCY)})
    SELECT * FROM {recordset_of(**_IDEMPOTENCY)} ORDER BY app_id, key
    ON CONFLICT ON CONSTRAINT idempotency_keys_pkey DO NOTHING
    RETURNING app_id, key
    """  # noqa: S608 (made of constants)
)

FORGET_NONCES = text(
    """
    DELETE FROM request_nonces WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM request_nonces WHERE expires_at <= :now LIMIT 1000 FOR UPDATE SKIP LOCKED
    ))
    """
)
SPEND_NONCES = text(
    f"""
    INSERT INTO request_nonces (app_id, nonce, expires_at)
    SELECT app_id, nonce, :expires_at FROM {unnest_of(app_id="text", nonce="text")} ORDER BY app_id, nonce
    ON CONFLICT ON CONSTRAINT request_nonces_pkey DO UPDATE SET expires_at = excluded.expires_at
    WHERE request_nonces.expires_at <= :now
    RETURNING app_id, nonce
    """  # noqa: S608 (made of constants)
)

NEXT_DUE = text(
    """
    SELECT (SELECT min(poll_at) FROM payments WHERE poll_at IS NOT NULL) AS polls,
           (SELECT min(poll_at) FROM refunds WHERE poll_at IS NOT NULL) AS refunds,
           (SELECT min(end_at) FROM payments WHERE end_at IS NOT NULL) AS ends,
           (SELECT min(due_at) FROM outbox_to_send) AS outbox,
           (SELECT at FROM ledger_unfolded ORDER BY id LIMIT 1) AS folds,
           (SELECT min(poll_at) FROM red_packets WHERE poll_at IS NOT NULL) AS packets,
           (SELECT min(poll_at) FROM payouts WHERE poll_at IS NOT NULL) AS payouts
    """
)
PING: TextClause = text("SELECT 1")
