"""Payments, refunds, transitions, the ledger with its guards, inbox and outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)

# Entries of one statement must sum to zero for each transaction, and move the balances, whose check then holds.
# Accounts are locked in order of name, so that two gateways never wait for each other in a ring.
_BALANCE = """
CREATE FUNCTION ledger_balance() RETURNS trigger LANGUAGE plpgsql AS $$
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
_BALANCE_TRIGGER = """
CREATE TRIGGER ledger_entries_balance AFTER INSERT ON ledger_entries
REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION ledger_balance()
"""
_APPEND_ONLY = """
CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_append_only';
END
$$
"""
_APPEND_ONLY_TRIGGER = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()
"""


def upgrade() -> None:
    _payments()
    _refunds()
    _ledger()
    _boxes()


def _payments() -> None:
    op.create_table(
        "payments",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("seq", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("app_id", sa.Text, nullable=False),
        sa.Column("merchant_order_no", sa.Text, nullable=False),
        sa.Column("out_trade_no", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("product", sa.Text, nullable=False),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("buyer_id", sa.Text),
        sa.Column("room_id", sa.Text),
        sa.Column("attach", sa.Text),
        sa.Column("request_digest", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("attempt", sa.Text, nullable=False),
        sa.Column("failure_code", sa.Text),
        sa.Column("refunded_fen", sa.BigInteger, nullable=False),
        sa.Column("reserved_fen", sa.BigInteger, nullable=False),
        sa.Column("channel_trade_no", sa.Text),
        sa.Column("qr_code", sa.Text),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("paid_at", _AT),
        sa.Column("expires_at", _AT, nullable=False),
        sa.Column("poll_at", _AT),
        sa.Column("poll_rung", sa.Integer, nullable=False),
        sa.UniqueConstraint("app_id", "merchant_order_no", name="payments_order_key"),
        sa.UniqueConstraint("out_trade_no", name="payments_out_trade_no_key"),
        sa.CheckConstraint("amount_fen > 0", name="payments_amount_positive"),
        sa.CheckConstraint(
            "refunded_fen >= 0 AND reserved_fen >= 0 AND refunded_fen + reserved_fen <= amount_fen",
            name="payments_refunds_within_amount",
        ),
        sa.CheckConstraint(
            "status IN ('PENDING', 'PAID', 'SHIPPED', 'COMPLETED', 'CANCELLED', 'CLOSED')",
            name="payments_status_known",
        ),
        sa.CheckConstraint("attempt IN ('REQUESTED', 'OPENED', 'UNKNOWN', 'REFUSED')", name="payments_attempt_known"),
    )
    op.create_index("payments_by_app", "payments", ["app_id", "seq"])
    op.create_index("payments_to_poll", "payments", ["poll_at"], postgresql_where=sa.text("poll_at IS NOT NULL"))


def _refunds() -> None:
    op.create_table(
        "refunds",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("payment_id", sa.Text, sa.ForeignKey("payments.id", name="refunds_payment_fkey"), nullable=False),
        sa.Column("app_id", sa.Text, nullable=False),
        sa.Column("merchant_refund_no", sa.Text, nullable=False),
        sa.Column("out_request_no", sa.Text, nullable=False),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("failure_code", sa.Text),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("finished_at", _AT),
        sa.Column("poll_at", _AT),
        sa.Column("poll_rung", sa.Integer, nullable=False),
        sa.UniqueConstraint("payment_id", "merchant_refund_no", name="refunds_merchant_refund_no_key"),
        sa.UniqueConstraint("out_request_no", name="refunds_out_request_no_key"),
        sa.CheckConstraint("amount_fen > 0", name="refunds_amount_positive"),
        sa.CheckConstraint("status IN ('REQUESTED', 'PROCESSING', 'SUCCEEDED', 'FAILED')", name="refunds_status_known"),
    )
    op.create_index("refunds_to_poll", "refunds", ["poll_at"], postgresql_where=sa.text("poll_at IS NOT NULL"))
    op.create_table(
        "transitions",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("subject_kind", sa.Text, nullable=False),
        sa.Column("subject_id", sa.Text, nullable=False),
        sa.Column("from_state", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("to_state", sa.Text, nullable=False),
        sa.Column("applied", sa.Boolean, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("at", _AT, nullable=False),
    )
    op.create_index("transitions_by_subject", "transitions", ["subject_id"])


def _ledger() -> None:
    op.create_table(
        "ledger_accounts",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("normal_sign", sa.SmallInteger, nullable=False),
        sa.Column("balance_fen", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.CheckConstraint("normal_sign IN (1, -1)", name="ledger_accounts_sign_known"),
        sa.CheckConstraint("balance_fen >= 0", name="ledger_accounts_balance_check"),
    )
    op.create_table(
        "ledger_transactions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("posting_key", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column(
            "payment_id", sa.Text, sa.ForeignKey("payments.id", name="ledger_transactions_payment_fkey"), nullable=False
        ),
        sa.Column("refund_id", sa.Text, sa.ForeignKey("refunds.id", name="ledger_transactions_refund_fkey")),
        sa.Column("at", _AT, nullable=False),
        sa.UniqueConstraint("posting_key", name="ledger_transactions_posting_key"),
        sa.CheckConstraint("kind IN ('payment', 'refund')", name="ledger_transactions_kind_known"),
    )
    op.create_index("ledger_transactions_by_payment", "ledger_transactions", ["payment_id"])
    op.create_table(
        "ledger_entries",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column(
            "transaction_id",
            sa.Text,
            sa.ForeignKey("ledger_transactions.id", name="ledger_entries_transaction_fkey"),
            nullable=False,
        ),
        sa.Column(
            "account",
            sa.Text,
            sa.ForeignKey("ledger_accounts.name", name="ledger_entries_account_fkey"),
            nullable=False,
        ),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        sa.CheckConstraint("amount_fen <> 0", name="ledger_entries_amount_not_zero"),
    )
    op.create_index("ledger_entries_by_transaction", "ledger_entries", ["transaction_id"])
    for text in (_BALANCE, _BALANCE_TRIGGER, _APPEND_ONLY):
        op.execute(text)
    for table in ("ledger_entries", "ledger_transactions"):
        op.execute(_APPEND_ONLY_TRIGGER.format(table=table))


def _boxes() -> None:
    op.create_table(
        "notify_inbox",
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("dedupe_key", sa.Text, nullable=False),
        sa.Column("notify_id", sa.Text, nullable=False),
        sa.Column("out_trade_no", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("received_at", _AT, nullable=False),
        sa.Column("deliveries", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("channel", "dedupe_key", name="notify_inbox_pkey"),
    )
    op.create_table(
        "outbox",
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("app_id", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("due_at", _AT, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("sent_at", _AT),
    )
    op.create_index("outbox_to_send", "outbox", ["due_at"], postgresql_where=sa.text("sent_at IS NULL"))


def downgrade() -> None:
    for table in (
        "outbox",
        "notify_inbox",
        "ledger_entries",
        "ledger_transactions",
        "ledger_accounts",
        "transitions",
        "refunds",
        "payments",
    ):
        op.drop_table(table)
    op.execute("DROP FUNCTION ledger_balance()")
    op.execute("DROP FUNCTION ledger_append_only()")
