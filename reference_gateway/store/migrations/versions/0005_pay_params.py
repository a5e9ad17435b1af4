"""What a payment is opened with and what the buyer's side gets: for every product, not for QR codes alone."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ASKED = ("purpose", "return_url", "payer_id", "auth_code", "client_ip")


def upgrade() -> None:
    for name in _ASKED:
        op.add_column("payments", sa.Column(name, sa.Text))
    op.add_column("payments", sa.Column("pay_params", JSONB))
    op.execute("UPDATE payments SET pay_params = jsonb_build_object('qr_code', qr_code) WHERE qr_code IS NOT NULL")
    op.drop_column("payments", "qr_code")
    op.add_column("refunds", sa.Column("channel_refund_no", sa.Text))


def downgrade() -> None:
    op.drop_column("refunds", "channel_refund_no")
    op.add_column("payments", sa.Column("qr_code", sa.Text))
    op.execute("UPDATE payments SET qr_code = pay_params ->> 'qr_code' WHERE pay_params IS NOT NULL")
    op.drop_column("payments", "pay_params")
    for name in reversed(_ASKED):
        op.drop_column("payments", name)
