"""What makes a request count once: idempotency keys and nonces."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("app_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("request_digest", sa.Text, nullable=False),
        sa.Column(
            "payment_id", sa.Text, sa.ForeignKey("payments.id", name="idempotency_keys_payment_fkey"), nullable=False
        ),
        sa.Column("created_at", _AT, nullable=False),
        sa.PrimaryKeyConstraint("app_id", "key", name="idempotency_keys_pkey"),
    )
    op.create_table(
        "request_nonces",
        sa.Column("app_id", sa.Text, nullable=False),
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("expires_at", _AT, nullable=False),
        sa.PrimaryKeyConstraint("app_id", "nonce", name="request_nonces_pkey"),
    )
    op.create_index("request_nonces_by_expiry", "request_nonces", ["expires_at"])


def downgrade() -> None:
    op.drop_table("request_nonces")
    op.drop_table("idempotency_keys")
