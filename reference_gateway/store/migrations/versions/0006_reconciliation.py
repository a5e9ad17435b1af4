"""Routing and reconciliation: why payments took their channels, days compared, the differences found."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "routes",
        sa.Column("payment_id", sa.Text, sa.ForeignKey("payments.id", name="routes_payment_fkey"), primary_key=True),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("weighings", sa.Text, nullable=False),
        sa.Column("at", _AT, nullable=False),
    )
    op.create_table(
        "reconciliations",
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("started_at", _AT, nullable=False),
        sa.Column("lease_until", _AT, nullable=False),
        sa.Column("finished_at", _AT),
        sa.Column("bill_rows", sa.Integer, nullable=False),
        sa.Column("book_rows", sa.Integer, nullable=False),
        sa.Column("elsewhere_rows", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("channel", "day", name="reconciliations_pkey"),
        sa.CheckConstraint("status IN ('running', 'waiting', 'done')", name="reconciliations_status_known"),
    )
    _differences()
    op.create_index(
        "payments_by_day",
        "payments",
        ["channel", "paid_at", "out_trade_no"],
        postgresql_where=sa.text("paid_at IS NOT NULL"),
    )
    op.create_index(
        "refunds_by_day",
        "refunds",
        ["finished_at", "out_request_no"],
        postgresql_where=sa.text("finished_at IS NOT NULL"),
    )


def _differences() -> None:
    op.create_table(
        "reconciliation_differences",
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("row_kind", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("out_trade_no", sa.Text, nullable=False),
        sa.Column("explanation", sa.Text, nullable=False),
        sa.Column("here_fen", sa.BigInteger),
        sa.Column("there_fen", sa.BigInteger),
        sa.Column("status", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("channel", "day", "kind", "row_kind", "number", name="reconciliation_differences_pkey"),
        sa.ForeignKeyConstraint(
            ["channel", "day"],
            ["reconciliations.channel", "reconciliations.day"],
            name="reconciliation_differences_day_fkey",
        ),
        sa.CheckConstraint(
            "kind IN ('missing_here', 'missing_there', 'amount', 'fee', 'other_day', 'state')",
            name="reconciliation_differences_kind_known",
        ),
        sa.CheckConstraint(
            "status IN ('open', 'explained', 'repaired')", name="reconciliation_differences_status_known"
        ),
    )
    op.create_index(
        "reconciliation_differences_open",
        "reconciliation_differences",
        ["channel", "number"],
        postgresql_where=sa.text("status = 'open'"),
    )


def downgrade() -> None:
    op.drop_index("refunds_by_day", "refunds")
    op.drop_index("payments_by_day", "payments")
    op.drop_table("reconciliation_differences")
    op.drop_table("reconciliations")
    op.drop_table("routes")
