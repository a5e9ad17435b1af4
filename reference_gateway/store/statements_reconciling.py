"""
The SQL of routing and reconciliation, as constants; the same manners as the other statements.
"""

from __future__ import annotations

from sqlalchemy import text

from reference_gateway.store import tables_reconciling as tables
from reference_gateway.store.statements import PAYMENT_COLUMNS, REFUND_COLUMNS, unnest_of

_ROUTE = {
    "payment_id": "text",
    "channel": "text",
    "reason": "text",
    "weighings": "text",
    "at": "timestamptz",
}
ROUTE = tuple(_ROUTE)
RECORD_ROUTES = text(
    f"INSERT INTO routes ({', '.join(ROUTE)}) SELECT {', '.join(ROUTE)} FROM {unnest_of(**_ROUTE)}"  # noqa: S608
)
ROUTE_OF = text(f"SELECT {', '.join(ROUTE)} FROM routes WHERE payment_id = :payment_id")  # noqa: S608

_NUMBER = "p.out_trade_no || CASE WHEN p.try_no > 1 THEN 'T' || p.try_no ELSE '' END"
"""The number under which the channel knows a payment."""

# The ledger decides what was booked and how much; when the money moved stands with the payment and the refund.
_BOOKED = """
    SELECT {number} AS number, {channel_no} AS out_trade_no, {sign} * e.amount_fen AS amount_fen, {at} AS at
    FROM {rows}
    JOIN ledger_transactions AS t ON {joined}
    JOIN ledger_entries AS e ON e.transaction_id = t.id AND e.account = CAST(:account AS text)
    WHERE p.channel = :channel AND {at} >= :start AND {at} < :end
      AND ({at}, {number}) > (CAST(:after_at AS timestamptz), CAST(:after_number AS text))
    ORDER BY {at}, {number} LIMIT :limit
"""
BOOKED_PAYMENTS = text(
    _BOOKED.format(
        number=f"({_NUMBER})",
        channel_no=_NUMBER,
        sign="1",
        at="p.paid_at",
        rows="payments AS p",
        joined="t.payment_id = p.id AND t.kind = 'payment'",
    )
)
BOOKED_REFUNDS = text(
    _BOOKED.format(
        number="r.out_request_no",
        channel_no=_NUMBER,
        sign="-1",
        at="r.finished_at",
        rows="refunds AS r JOIN payments AS p ON p.id = r.payment_id",
        joined="t.payment_id = p.id AND t.refund_id = r.id AND t.kind IN ('refund', 'double_back')",
    )
)
# The ledger is looked up for each row: joined, all of it would be gone through for each of them, until somebody has
# analysed it.
KNOWN_PAYMENTS = text(
    f"""
    SELECT {_NUMBER} AS number, p.channel, p.status, p.amount_fen,
           CASE WHEN (
               SELECT t.id FROM ledger_transactions AS t WHERE t.payment_id = p.id AND t.kind = 'payment' LIMIT 1
           ) IS NOT NULL THEN p.paid_at END AS booked_at
    FROM payments AS p
    WHERE p.out_trade_no = ANY(CAST(:orders AS text[])) AND {_NUMBER} = ANY(CAST(:numbers AS text[]))
    """  # noqa: S608 (made of constants)
)
KNOWN_REFUNDS = text(
    """
    SELECT r.out_request_no AS number, p.channel, r.status, r.amount_fen,
           CASE WHEN (
               SELECT t.id FROM ledger_transactions AS t
               WHERE t.payment_id = p.id AND t.refund_id = r.id AND t.kind IN ('refund', 'double_back') LIMIT 1
           ) IS NOT NULL THEN r.finished_at END AS booked_at
    FROM refunds AS r JOIN payments AS p ON p.id = r.payment_id
    WHERE r.out_request_no = ANY(CAST(:numbers AS text[]))
    """
)
REFUNDS_BY_NUMBER = text(
    f"SELECT {', '.join(REFUND_COLUMNS)} FROM refunds WHERE out_request_no = ANY(CAST(:numbers AS text[]))"  # noqa: S608
)
PAYMENTS_OF = text(
    f"SELECT {', '.join(PAYMENT_COLUMNS)} FROM payments WHERE id = ANY(CAST(:ids AS text[]))"  # noqa: S608
)

RECONCILIATION = tuple(column.name for column in tables.reconciliations.columns)
_GIVEN = ", ".join(f":{name}" for name in RECONCILIATION)
CLAIM_RECONCILIATION = text(
    f"""
    INSERT INTO reconciliations AS r ({", ".join(RECONCILIATION)}) VALUES ({_GIVEN})
    ON CONFLICT ON CONSTRAINT reconciliations_pkey DO UPDATE
    SET status = excluded.status, started_at = excluded.started_at, lease_until = excluded.lease_until
    WHERE r.status = 'waiting' OR (r.status = 'running' AND r.lease_until <= excluded.started_at)
       OR (r.status = 'done' AND CAST(:again AS boolean))
    RETURNING r.channel
    """  # noqa: S608 (made of constants)
)
SAVE_RECONCILIATION = text(
    f"""
    UPDATE reconciliations SET {", ".join(f"{name} = :{name}" for name in RECONCILIATION[2:])}
    WHERE channel = :channel AND day = :day
    """  # noqa: S608 (made of constants)
)
RECONCILIATION_OF = text(
    f"SELECT {', '.join(RECONCILIATION)} FROM reconciliations WHERE channel = :channel AND day = :day"  # noqa: S608
)
LIST_RECONCILIATIONS = text(
    f"SELECT {', '.join(RECONCILIATION)} FROM reconciliations ORDER BY day DESC, channel LIMIT :limit"  # noqa: S608
)

_DIFFERENCE = {
    "kind": "text",
    "row_kind": "text",
    "number": "text",
    "out_trade_no": "text",
    "explanation": "text",
    "here_fen": "bigint",
    "there_fen": "bigint",
    "status": "text",
}
DIFFERENCE = tuple(_DIFFERENCE)
FORGET_OPEN = text(
    """
    UPDATE reconciliation_differences SET status = 'explained', explanation = :explanation
    WHERE channel = :channel AND day = :day AND status = 'open'
    """
)
PUT_DIFFERENCES = text(
    f"""
    INSERT INTO reconciliation_differences (channel, day, {", ".join(DIFFERENCE)})
    SELECT :channel, CAST(:day AS date), {", ".join(DIFFERENCE)} FROM {unnest_of(**_DIFFERENCE)}
    ORDER BY kind, row_kind, number
    ON CONFLICT ON CONSTRAINT reconciliation_differences_pkey DO UPDATE
    SET {", ".join(f"{name} = excluded.{name}" for name in DIFFERENCE[3:])}
    """  # noqa: S608 (made of constants)
)
DIFFERENCES = text(
    f"""
    SELECT {", ".join(DIFFERENCE)} FROM reconciliation_differences
    WHERE channel = :channel AND day = :day ORDER BY kind, row_kind, number
    """  # noqa: S608 (made of constants)
)
EXPLAIN_ELSEWHERE = text(
    f"""
    UPDATE reconciliation_differences AS d
    SET status = 'explained', explanation = d.explanation || CAST(:addition AS text)
    FROM {unnest_of(row_kind="text", number="text")}
    WHERE d.channel = :channel AND d.day <> :day AND d.status = 'open' AND d.kind = 'missing_there'
      AND d.row_kind = given.row_kind AND d.number = given.number
    RETURNING d.number
    """  # noqa: S608 (made of constants)
)

assert set(ROUTE) == {column.name for column in tables.routes.columns}
assert {"channel", "day", *DIFFERENCE} == {column.name for column in tables.reconciliation_differences.columns}
