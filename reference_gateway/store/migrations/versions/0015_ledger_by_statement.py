"""
What entries refer to is looked up once for each statement, by the trigger that holds their sums, not once for each row.

A tip has five entries, and each asked for its transaction's row and its account's and locked both: ten questions that
the trigger answers for a whole batch in two. In return nothing that an entry refers to can go or change its name:
transactions are append-only already, accounts keep their names from here on.
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_BALANCE = """
CREATE OR REPLACE FUNCTION ledger_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lowered text[];
    moved_fen jsonb;
    stray text;
BEGIN
    IF EXISTS (SELECT 1 FROM fresh GROUP BY transaction_id HAVING sum(amount_fen) <> 0) THEN
        RAISE EXCEPTION 'a ledger transaction does not sum to zero'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entries_sum_zero';
    END IF;
    SELECT f.transaction_id INTO stray FROM (SELECT DISTINCT transaction_id FROM fresh) AS f
    WHERE NOT EXISTS (SELECT 1 FROM ledger_transactions AS t WHERE t.id = f.transaction_id) LIMIT 1;
    IF stray IS NOT NULL THEN
        RAISE EXCEPTION 'there is no ledger transaction %', stray
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'ledger_entries_transaction_fkey';
    END IF;
    WITH summed AS MATERIALIZED (
        SELECT account, sum(amount_fen) AS amount_fen FROM fresh GROUP BY account
    ), moved AS MATERIALIZED (
        SELECT s.account, a.name, a.normal_sign * s.amount_fen AS amount_fen
        FROM summed AS s LEFT JOIN ledger_accounts AS a ON a.name = s.account
    ), raised AS (
        INSERT INTO ledger_unfolded (account, amount_fen)
        SELECT account, amount_fen FROM moved WHERE amount_fen > 0 ORDER BY account
    )
    SELECT array_agg(account ORDER BY account) FILTER (WHERE amount_fen < 0),
           jsonb_object_agg(account, amount_fen) FILTER (WHERE amount_fen < 0),
           min(account) FILTER (WHERE name IS NULL)
    INTO lowered, moved_fen, stray FROM moved WHERE amount_fen < 0 OR name IS NULL;
    IF stray IS NOT NULL THEN
        RAISE EXCEPTION 'there is no ledger account %', stray
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'ledger_entries_account_fkey';
    END IF;
    IF lowered IS NOT NULL THEN
        PERFORM ledger_fold(lowered);
        UPDATE ledger_accounts AS a SET balance_fen = a.balance_fen + CAST(moved_fen ->> a.name AS bigint)
        WHERE a.name = ANY(lowered);
    END IF;
    RETURN NULL;
END
$$
"""
_KEPT = """
CREATE FUNCTION ledger_accounts_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an account of the ledger stays, under its name'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_accounts_kept';
END
$$
"""
_KEPT_TRIGGER = """
CREATE TRIGGER ledger_accounts_kept BEFORE DELETE OR TRUNCATE OR UPDATE OF name ON ledger_accounts
FOR EACH STATEMENT EXECUTE FUNCTION ledger_accounts_kept()
"""
_BALANCE_BEFORE = """
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
_REFERENCES = (
    ("ledger_entries_transaction_fkey", "ledger_transactions", "transaction_id", "id"),
    ("ledger_entries_account_fkey", "ledger_accounts", "account", "name"),
)


def upgrade() -> None:
    for text in (_BALANCE, _KEPT, _KEPT_TRIGGER):
        op.execute(text)
    for name, *_ in _REFERENCES:
        op.drop_constraint(name, "ledger_entries", type_="foreignkey")


def downgrade() -> None:
    for name, table, column, key in _REFERENCES:
        op.create_foreign_key(name, "ledger_entries", table, [column], [key])
    op.execute("DROP TRIGGER ledger_accounts_kept ON ledger_accounts")
    op.execute("DROP FUNCTION ledger_accounts_kept()")
    op.execute(_BALANCE_BEFORE)
