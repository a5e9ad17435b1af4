"""
The tables of routing and reconciliation: why payments took their channels, days compared, differences found.

The same metadata as the other tables; the migrations make them.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from reference_gateway.store.tables import AT, METADATA

routes = Table(
    "routes",
    METADATA,
    Column("payment_id", Text, ForeignKey("payments.id", name="routes_payment_fkey"), primary_key=True),
    Column("channel", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("weighings", Text, nullable=False),
    Column("at", AT, nullable=False),
)

reconciliations = Table(
    "reconciliations",
    METADATA,
    Column("channel", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("status", Text, nullable=False),
    Column("started_at", AT, nullable=False),
    Column("lease_until", AT, nullable=False),
    Column("finished_at", AT),
    Column("bill_rows", Integer, nullable=False),
    Column("book_rows", Integer, nullable=False),
    Column("elsewhere_rows", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    PrimaryKeyConstraint("channel", "day", name="reconciliations_pkey"),
    CheckConstraint("status IN ('running', 'waiting', 'done')", name="reconciliations_status_known"),
)

reconciliation_differences = Table(
    "reconciliation_differences",
    METADATA,
    Column("channel", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("kind", Text, nullable=False),
    Column("row_kind", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("out_trade_no", Text, nullable=False),
    Column("explanation", Text, nullable=False),
    Column("here_fen", BigInteger),
    Column("there_fen", BigInteger),
    Column("status", Text, nullable=False),
    PrimaryKeyConstraint("channel", "day", "kind", "row_kind", "number", name="reconciliation_differences_pkey"),
    ForeignKeyConstraint(
        ["channel", "day"],
        ["reconciliations.channel", "reconciliations.day"],
        name="reconciliation_differences_day_fkey",
    ),
    CheckConstraint(
        "kind IN ('missing_here', 'missing_there', 'amount', 'fee', 'other_day', 'state')",
        name="reconciliation_differences_kind_known",
    ),
    CheckConstraint("status IN ('open', 'explained', 'repaired')", name="reconciliation_differences_status_known"),
    Index("reconciliation_differences_open", "channel", "number", postgresql_where=text("status = 'open'")),
)
