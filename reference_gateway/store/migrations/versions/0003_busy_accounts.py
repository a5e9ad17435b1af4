"""Balances that many raise at once: what raises one is appended, and folded into it later or when it is lowered."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)
_KINDS = (
    "kind IN ('payment', 'refund', 'tip', 'topup', 'deposit', 'release', 'packet', 'claim', 'packet_return', "
    "'hold', 'unhold', 'payout', 'payout_back')"
)

# The accounts are locked before what was appended for them is read, in a statement of its own: each statement of a
# function sees what was committed while the one before it waited.
_FOLD = """
CREATE FUNCTION ledger_fold(names text[]) RETURNS TABLE (name text, balance_fen bigint) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM ledger_accounts AS a WHERE a.name = ANY(names) ORDER BY a.name FOR NO KEY UPDATE;
    WITH gone AS (DELETE FROM ledger_unfolded AS u WHERE u.account = ANY(names) RETURNING u.account, u.amount_fen)
    UPDATE ledger_accounts AS a SET balance_fen = a.balance_fen + raised.amount_fen
    FROM (SELECT account, sum(amount_fen) AS amount_fen FROM gone GROUP BY account) AS raised
    WHERE a.name = raised.account;
    RETURN QUERY SELECT a.name, a.balance_fen FROM ledger_accounts AS a WHERE a.name = ANY(names);
END
$$
"""
# Entries of one statement must sum to zero for each transaction. A balance that they raise is left for later; one that
# they lower is brought up to date under its lock, then lowered, and its check holds.
_BALANCE = """
CREATE OR REPLACE FUNCTION ledger_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lowered text[];
BEGIN
    IF EXISTS (
        SELECT 1 FROM ledger_entries AS e
        WHERE e.transaction_id IN (SELECT transaction_id FROM fresh)
        GROUP BY e.transaction_id HAVING sum(e.amount_fen) <> 0
    ) THEN
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
_BALANCE_BEFORE = """
CREATE OR REPLACE FUNCTION ledger_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM ledger_entries AS e
        WHERE e.transaction_id IN (SELECT transaction_id FROM fresh)
        GROUP BY e.transaction_id HAVING sum(e.amount_fen) <> 0
    ) THEN
        RAISE EXCEPTION 'a ledger transaction does not sum to zero'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entries_sum_zero';
    END IF;
    PERFORM 1 FROM ledger_accounts WHERE name IN (SELECT account FROM fresh) ORDER BY name FOR NO KEY UPDATE;
    UPDATE ledger_accounts AS a SET balance_fen = a.balance_fen + a.normal_sign * moved.amount_fen
    FROM (SELECT account, sum(amount_fen) AS amount_fen FROM fresh GROUP BY account) AS moved
    WHERE a.name = moved.account;
    RETURN NULL;
END
$$
"""


def upgrade() -> None:
    op.create_table(
        "ledger_unfolded",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        sa.Column("at", _AT, nullable=False, server_default=sa.text("now()")),
        sa.CheckConstraint("amount_fen > 0", name="ledger_unfolded_amount_positive"),
    )
    op.create_index("ledger_unfolded_by_account", "ledger_unfolded", ["account"])
    op.execute(_FOLD)
    op.execute(_BALANCE)
    op.drop_constraint("ledger_transactions_kind_known", "ledger_transactions")
    op.create_check_constraint("ledger_transactions_kind_known", "ledger_transactions", _KINDS)


def downgrade() -> None:
    # Rows of the new kinds stay, for the ledger is append-only: the rule is not asked of what is there.
    op.drop_constraint("ledger_transactions_kind_known", "ledger_transactions")
    op.create_check_constraint(
        "ledger_transactions_kind_known",
        "ledger_transactions",
        "kind IN ('payment', 'refund')",
        postgresql_not_valid=True,
    )
    op.execute("SELECT count(*) FROM ledger_fold(ARRAY(SELECT DISTINCT account FROM ledger_unfolded))")
    op.execute(_BALANCE_BEFORE)
    op.execute("DROP FUNCTION ledger_fold(text[])")
    op.drop_table("ledger_unfolded")
