"""
The ledger's trigger finds each account that a statement lowers by its key, and once.

Before, every account that a statement touched was held against the list of those that it lowers, name by name: in a
batch of tips from hundreds of wallets into hundreds of rooms most of the trigger's time. What each is lowered by is now
found by its name, and accounts are looked up for sums, not for entries.
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_BALANCE = """
CREATE OR REPLACE FUNCTION ledger_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lowered text[];
    moved_fen jsonb;
BEGIN
    IF EXISTS (SELECT 1 FROM fresh GROUP BY transaction_id HAVING sum(amount_fen) <> 0) THEN
        RAISE EXCEPTION 'a ledger transaction does not sum to zero'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entries_sum_zero';
    END IF;
    WITH summed AS MATERIALIZED (
        SELECT account, sum(amount_fen) AS amount_fen FROM fresh GROUP BY account
    ), moved AS MATERIALIZED (
        SELECT s.account, a.normal_sign * s.amount_fen AS amount_fen
        FROM summed AS s JOIN ledger_accounts AS a ON a.name = s.account
    ), raised AS (
        INSERT INTO ledger_unfolded (account, amount_fen)
        SELECT account, amount_fen FROM moved WHERE amount_fen > 0 ORDER BY account
    )
    SELECT array_agg(account ORDER BY account), jsonb_object_agg(account, amount_fen)
    INTO lowered, moved_fen FROM moved WHERE amount_fen < 0;
    IF lowered IS NOT NULL THEN
        PERFORM ledger_fold(lowered);
        UPDATE ledger_accounts AS a SET balance_fen = a.balance_fen + CAST(moved_fen ->> a.name AS bigint)
        WHERE a.name = ANY(lowered);
    END IF;
    RETURN NULL;
END
$$
"""
_BALANCE_BEFORE = """
CREATE OR REPLACE FUNCTION ledger_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lowered text[];
BEGIN
    IF EXISTS (SELECT 1 FROM fresh GROUP BY transaction_id HAVING sum(amount_fen) <> 0) THEN
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
    op.execute(_BALANCE)


def downgrade() -> None:
    op.execute(_BALANCE_BEFORE)
