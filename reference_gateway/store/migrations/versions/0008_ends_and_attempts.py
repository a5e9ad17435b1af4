"""When orders are to be ended at their channel, and each attempt to open a payment with the reason of its choice."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)

# Orders that wait when the change comes are ended like all others: when their time is over.
_GIVE_DUE_TIMES = "UPDATE payments SET end_at = expires_at WHERE status = 'PENDING'"
_GIVE_ATTEMPTS = """
INSERT INTO payment_attempts (payment_id, channel, product, choice, status, failure_code, created_at)
SELECT id, channel, product, jsonb_build_object('channel', channel, 'reason', 'the merchant asked for ' || channel),
       attempt, failure_code, created_at
FROM payments
"""


def upgrade() -> None:
    op.add_column("payments", sa.Column("end_event", sa.Text))
    op.add_column("payments", sa.Column("end_at", _AT))
    op.add_column("payments", sa.Column("end_rung", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.alter_column("payments", "end_rung", server_default=None)
    op.add_column("payments", sa.Column("hold_fen", sa.BigInteger))
    op.create_check_constraint("payments_end_event_known", "payments", "end_event IN ('close', 'cancel')")
    op.create_check_constraint("payments_capture_within_hold", "payments", "hold_fen >= amount_fen")
    op.create_index("payments_to_end", "payments", ["end_at"], postgresql_where=sa.text("end_at IS NOT NULL"))
    op.execute(_GIVE_DUE_TIMES)
    _attempts()
    op.execute(_GIVE_ATTEMPTS)


def _attempts() -> None:
    op.create_table(
        "payment_attempts",
        sa.Column(
            "payment_id", sa.Text, sa.ForeignKey("payments.id", name="payment_attempts_payment_fkey"), nullable=False
        ),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("product", sa.Text, nullable=False),
        sa.Column("choice", JSONB, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("failure_code", sa.Text),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("changed_at", _AT),
        sa.PrimaryKeyConstraint("payment_id", "channel", name="payment_attempts_pkey"),
        sa.CheckConstraint(
            "status IN ('REQUESTED', 'OPENED', 'UNKNOWN', 'REFUSED')", name="payment_attempts_status_known"
        ),
    )


def downgrade() -> None:
    op.drop_table("payment_attempts")
    op.drop_index("payments_to_end", "payments")
    for name in ("payments_capture_within_hold", "payments_end_event_known"):
        op.drop_constraint(name, "payments")
    for name in ("hold_fen", "end_rung", "end_at", "end_event"):
        op.drop_column("payments", name)
