"""Orders that are tried again under another number, and second payments of an order on their way back."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_KINDS = (
    "'payment', 'refund', 'tip', 'topup', 'deposit', 'release', 'packet', 'claim', 'packet_return', "
    "'hold', 'unhold', 'payout', 'payout_back'"
)
_STATUSES = "'REQUESTED', 'OPENED', 'UNKNOWN', 'REFUSED'"

# Without tries an order has one number: the one under which the channel knows its latest, and back again.
_TAKE_LATEST_NUMBER = "UPDATE payments SET out_trade_no = out_trade_no || 'T' || try_no WHERE try_no > 1"
_TAKE_OWN_NUMBER = """
UPDATE payments SET out_trade_no = left(out_trade_no, 25), try_no = CAST(right(out_trade_no, 1) AS smallint)
WHERE out_trade_no ~ '^G[0-9a-f]{24}T[2-9]$'
"""


def upgrade() -> None:
    for table in ("payments", "payment_attempts"):
        op.add_column(table, sa.Column("try_no", sa.SmallInteger, nullable=False, server_default=sa.text("1")))
        op.alter_column(table, "try_no", server_default=None)
    op.execute(_TAKE_OWN_NUMBER)
    op.execute("UPDATE payment_attempts AS a SET try_no = p.try_no FROM payments AS p WHERE p.id = a.payment_id")
    op.add_column("refunds", sa.Column("try_no", sa.SmallInteger))
    _attempts_key("payment_id", "channel", "try_no")
    _rule("payment_attempts", "payment_attempts_status_known", f"status IN ({_STATUSES}, 'LOST')")
    _rule("ledger_transactions", "ledger_transactions_kind_known", f"kind IN ({_KINDS}, 'double', 'double_back')")


def downgrade() -> None:
    # Rows of the new kinds stay, for the ledger is append-only: the rule is not asked of what is there.
    _rule("ledger_transactions", "ledger_transactions_kind_known", f"kind IN ({_KINDS})", asked_of_all=False)
    op.execute(
        "DELETE FROM payment_attempts AS a USING payments AS p WHERE p.id = a.payment_id AND a.try_no < p.try_no"
    )
    op.execute(
        "DELETE FROM payment_attempts AS a USING payment_attempts AS b "
        "WHERE a.payment_id = b.payment_id AND a.channel = b.channel AND a.try_no > b.try_no"
    )
    op.execute("UPDATE payment_attempts SET status = 'UNKNOWN' WHERE status = 'LOST'")
    _rule("payment_attempts", "payment_attempts_status_known", f"status IN ({_STATUSES})")
    _attempts_key("payment_id", "channel")
    op.execute(_TAKE_LATEST_NUMBER)
    for table in ("refunds", "payment_attempts", "payments"):
        op.drop_column(table, "try_no")


def _attempts_key(*columns: str) -> None:
    op.drop_constraint("payment_attempts_pkey", "payment_attempts")
    op.create_primary_key("payment_attempts_pkey", "payment_attempts", list(columns))


def _rule(table: str, name: str, rule: str, *, asked_of_all: bool = True) -> None:
    op.drop_constraint(name, table)
    op.create_check_constraint(name, table, rule, postgresql_not_valid=not asked_of_all)
