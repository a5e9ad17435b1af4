"""
What a statement enters must sum to zero by itself, so only that is added up.

Before, the whole transaction was asked for by its entries' index, which a planner without statistics answers by reading
every entry that was ever made. Entries are only ever appended, and each statement's have summed to zero.
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_FRESH = "FROM fresh GROUP BY transaction_id HAVING sum(amount_fen) <> 0"
_WHOLE = """
        FROM ledger_entries AS e WHERE e.transaction_id IN (SELECT transaction_id FROM fresh)
        GROUP BY e.transaction_id HAVING sum(e.amount_fen) <> 0
"""
_BALANCE = """
CREATE OR REPLACE FUNCTION ledger_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lowered text[];
BEGIN
    IF EXISTS (SELECT 1 {entries}) THEN
        RAISE EXCEPTION 'a ledger transaction does not sum to zero'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entries_sum_zero';
    END IF;
    WITH moved AS (
        SELECT f.account, a.normal_sign * sum(f.amount_fen) AS amount_fen
        FROM fresh AS f JOIN ledger_accounts AS a ON a.name = f.account GROUP BY f.account, a.normal_sign
    ), raised AS (
        INSERT INTO ledger_unfolded (account, amount_fen)
        SELECT account, amount_fen FROM moved WHERE amount_fen > 0 ORDER BY account
    )
    SELECT array_agg(account ORDER BY account) INTO lowered FROM moved WHERE amount_fen < 0;
    IF lowered IS NOT NULL THEN
        PERFORM ledger_fold(lowered);
        UPDATE ledger_accounts AS a SET balance_fen = a.balance_fen + a.normal_sign * moved.amount_fen
        FROM (SELECT account, sum(amount_fen) AS amount_fen FROM fresh GROUP BY account) AS moved
        WHERE a.name = moved.account AND a.name = ANY(lowered);
    END IF;
    RETURN NULL;
END
$$
"""


def upgrade() -> None:
    op.execute(_BALANCE.format(entries=_FRESH))


def downgrade() -> None:
    op.execute(_BALANCE.format(entries=_WHOLE))
