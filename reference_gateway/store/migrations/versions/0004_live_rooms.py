"""Live rooms: rooms, goods with their stock and logistics, red packets with their shares, payouts."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _rooms_and_goods()
    _red_packets()
    _payouts()


def _rooms_and_goods() -> None:
    op.create_table(
        "rooms",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("app_id", sa.Text, nullable=False),
        sa.Column("streamer_id", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("fee_basis_points", sa.Integer, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.CheckConstraint("fee_basis_points BETWEEN 0 AND 10000", name="rooms_fee_known"),
    )
    op.create_table(
        "goods",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("app_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("price_fen", sa.BigInteger, nullable=False),
        sa.Column("available", sa.BigInteger, nullable=False),
        sa.Column("reserved", sa.BigInteger, nullable=False),
        sa.Column("sold", sa.BigInteger, nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.CheckConstraint("price_fen > 0", name="goods_price_positive"),
        sa.CheckConstraint("available >= 0 AND reserved >= 0 AND sold >= 0", name="goods_stock_not_negative"),
    )
    op.create_table(
        "stock_orders",
        sa.Column(
            "payment_id", sa.Text, sa.ForeignKey("payments.id", name="stock_orders_payment_fkey"), primary_key=True
        ),
        sa.Column("good_id", sa.Text, sa.ForeignKey("goods.id", name="stock_orders_good_fkey"), nullable=False),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.CheckConstraint("quantity > 0", name="stock_orders_quantity_positive"),
        sa.CheckConstraint("status IN ('RESERVED', 'DEDUCTED', 'RETURNED')", name="stock_orders_status_known"),
    )
    op.create_table(
        "logistics",
        sa.Column("payment_id", sa.Text, sa.ForeignKey("payments.id", name="logistics_payment_fkey"), primary_key=True),
        sa.Column("carrier", sa.Text, nullable=False),
        sa.Column("tracking_no", sa.Text, nullable=False),
        sa.Column("shipped_at", _AT, nullable=False),
    )


def _red_packets() -> None:
    op.create_table(
        "red_packets",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("app_id", sa.Text, nullable=False),
        sa.Column("packet_no", sa.Text, nullable=False),
        sa.Column("room_id", sa.Text),
        sa.Column("buyer_id", sa.Text, nullable=False),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("request_digest", sa.Text, nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("payment_id", sa.Text, sa.ForeignKey("payments.id", name="red_packets_payment_fkey")),
        sa.Column("claimed_fen", sa.BigInteger, nullable=False),
        sa.Column("claimed_count", sa.Integer, nullable=False),
        sa.Column("expires_at", _AT),
        sa.Column("poll_at", _AT),
        sa.UniqueConstraint("app_id", "packet_no", name="red_packets_no_key"),
        sa.CheckConstraint("count >= 1 AND amount_fen >= count", name="red_packets_one_fen_each"),
        sa.CheckConstraint(
            "claimed_fen BETWEEN 0 AND amount_fen AND claimed_count BETWEEN 0 AND count",
            name="red_packets_claims_within_amount",
        ),
        sa.CheckConstraint(
            "status IN ('FUNDING', 'OPEN', 'EMPTY', 'EXPIRED', 'CANCELLED')", name="red_packets_status_known"
        ),
    )
    op.create_index("red_packets_to_poll", "red_packets", ["poll_at"], postgresql_where=sa.text("poll_at IS NOT NULL"))
    op.create_table(
        "red_packet_shares",
        sa.Column(
            "packet_id", sa.Text, sa.ForeignKey("red_packets.id", name="red_packet_shares_packet_fkey"), nullable=False
        ),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        sa.Column("claimant", sa.Text),
        sa.Column("claimed_at", _AT),
        sa.PrimaryKeyConstraint("packet_id", "n", name="red_packet_shares_pkey"),
        sa.UniqueConstraint("packet_id", "claimant", name="red_packet_shares_one_each"),
        sa.CheckConstraint("amount_fen >= 1", name="red_packet_shares_one_fen"),
    )


def _payouts() -> None:
    op.create_table(
        "payouts",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("app_id", sa.Text, nullable=False),
        sa.Column("merchant_payout_no", sa.Text, nullable=False),
        sa.Column("out_payout_no", sa.Text, nullable=False),
        sa.Column("payment_id", sa.Text, sa.ForeignKey("payments.id", name="payouts_payment_fkey"), nullable=False),
        sa.Column("packet_id", sa.Text, sa.ForeignKey("red_packets.id", name="payouts_packet_fkey"), nullable=False),
        sa.Column("claimant", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("account_name", sa.Text),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("failure_code", sa.Text),
        sa.Column("channel_payout_no", sa.Text),
        sa.Column("finished_at", _AT),
        sa.Column("poll_at", _AT),
        sa.Column("poll_rung", sa.Integer, nullable=False),
        sa.UniqueConstraint("app_id", "merchant_payout_no", name="payouts_no_key"),
        sa.UniqueConstraint("out_payout_no", name="payouts_out_payout_no_key"),
        sa.CheckConstraint("amount_fen > 0", name="payouts_amount_positive"),
        sa.CheckConstraint("status IN ('REQUESTED', 'PROCESSING', 'SUCCEEDED', 'FAILED')", name="payouts_status_known"),
    )
    op.create_index(
        "payouts_one_alive",
        "payouts",
        ["packet_id", "claimant"],
        unique=True,
        postgresql_where=sa.text("status <> 'FAILED'"),
    )
    op.create_index("payouts_to_poll", "payouts", ["poll_at"], postgresql_where=sa.text("poll_at IS NOT NULL"))


def downgrade() -> None:
    for table in (
        "payouts",
        "red_packet_shares",
        "red_packets",
        "logistics",
        "stock_orders",
        "goods",
        "rooms",
    ):
        op.drop_table(table)
