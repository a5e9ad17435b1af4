"""
The tables of the live rooms: rooms, goods with their stock, red packets, payouts.

The same metadata as the other tables; the migrations make them.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from reference_gateway.store.tables import AT, METADATA

rooms = Table(
    "rooms",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("app_id", Text, nullable=False),
    Column("streamer_id", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("fee_basis_points", Integer, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("created_at", AT, nullable=False),
    CheckConstraint("fee_basis_points BETWEEN 0 AND 10000", name="rooms_fee_known"),
)

goods = Table(
    "goods",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("app_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("price_fen", BigInteger, nullable=False),
    Column("available", BigInteger, nullable=False),
    Column("reserved", BigInteger, nullable=False),
    Column("sold", BigInteger, nullable=False),
    Column("created_at", AT, nullable=False),
    CheckConstraint("price_fen > 0", name="goods_price_positive"),
    CheckConstraint("available >= 0 AND reserved >= 0 AND sold >= 0", name="goods_stock_not_negative"),
)

stock_orders = Table(
    "stock_orders",
    METADATA,
    Column("payment_id", Text, ForeignKey("payments.id", name="stock_orders_payment_fkey"), primary_key=True),
    Column("good_id", Text, ForeignKey("goods.id", name="stock_orders_good_fkey"), nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    CheckConstraint("quantity > 0", name="stock_orders_quantity_positive"),
    CheckConstraint("status IN ('RESERVED', 'DEDUCTED', 'RETURNED')", name="stock_orders_status_known"),
)

logistics = Table(
    "logistics",
    METADATA,
    Column("payment_id", Text, ForeignKey("payments.id", name="logistics_payment_fkey"), primary_key=True),
    Column("carrier", Text, nullable=False),
    Column("tracking_no", Text, nullable=False),
    Column("shipped_at", AT, nullable=False),
)

red_packets = Table(
    "red_packets",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("app_id", Text, nullable=False),
    Column("packet_no", Text, nullable=False),
    Column("room_id", Text),
    Column("buyer_id", Text, nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
    Column("request_digest", Text, nullable=False),
    Column("created_at", AT, nullable=False),
    Column("status", Text, nullable=False),
    Column("payment_id", Text, ForeignKey("payments.id", name="red_packets_payment_fkey")),
    Column("claimed_fen", BigInteger, nullable=False),
    Column("claimed_count", Integer, nullable=False),
    Column("expires_at", AT),
    Column("poll_at", AT),
    UniqueConstraint("app_id", "packet_no", name="red_packets_no_key"),
    CheckConstraint("count >= 1 AND amount_fen >= count", name="red_packets_one_fen_each"),
    CheckConstraint(
        "claimed_fen BETWEEN 0 AND amount_fen AND claimed_count BETWEEN 0 AND count",
        name="red_packets_claims_within_amount",
    ),
    CheckConstraint("status IN ('FUNDING', 'OPEN', 'EMPTY', 'EXPIRED', 'CANCELLED')", name="red_packets_status_known"),
    Index("red_packets_to_poll", "poll_at", postgresql_where=text("poll_at IS NOT NULL")),
)

red_packet_shares = Table(
    "red_packet_shares",
    METADATA,
    Column("packet_id", Text, ForeignKey("red_packets.id", name="red_packet_shares_packet_fkey"), nullable=False),
    Column("n", Integer, nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Column("claimant", Text),
    Column("claimed_at", AT),
    PrimaryKeyConstraint("packet_id", "n", name="red_packet_shares_pkey"),
    UniqueConstraint("packet_id", "claimant", name="red_packet_shares_one_each"),
    CheckConstraint("amount_fen >= 1", name="red_packet_shares_one_fen"),
)

payouts = Table(
    "payouts",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("app_id", Text, nullable=False),
    Column("merchant_payout_no", Text, nullable=False),
    Column("out_payout_no", Text, nullable=False),
    Column("payment_id", Text, ForeignKey("payments.id", name="payouts_payment_fkey"), nullable=False),
    Column("packet_id", Text, ForeignKey("red_packets.id", name="payouts_packet_fkey"), nullable=False),
    Column("claimant", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("account_name", Text),
    Column("amount_fen", BigInteger, nullable=False),
    Column("created_at", AT, nullable=False),
    Column("status", Text, nullable=False),
    Column("failure_code", Text),
    Column("channel_payout_no", Text),
    Column("finished_at", AT),
    Column("poll_at", AT),
    Column("poll_rung", Integer, nullable=False),
    UniqueConstraint("app_id", "merchant_payout_no", name="payouts_no_key"),
    UniqueConstraint("out_payout_no", name="payouts_out_payout_no_key"),
    CheckConstraint("amount_fen > 0", name="payouts_amount_positive"),
    CheckConstraint("status IN ('REQUESTED', 'PROCESSING', 'SUCCEEDED', 'FAILED')", name="payouts_status_known"),
    # A claim is paid out once: another try needs the one before it to have failed.
    Index("payouts_one_alive", "packet_id", "claimant", unique=True, postgresql_where=text("status <> 'FAILED'")),
    Index("payouts_to_poll", "poll_at", postgresql_where=text("poll_at IS NOT NULL")),
)
