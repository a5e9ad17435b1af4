"""The outbox as a feed: which transaction wrote an event, and in which room it happened."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# Events from before have number 0: they are behind every reader.
_WRITER = "CAST(CAST(pg_current_xact_id() AS text) AS bigint)"


def upgrade() -> None:
    op.add_column("outbox", sa.Column("room_id", sa.Text))
    op.add_column("outbox", sa.Column("txid", sa.BigInteger, nullable=False, server_default=sa.text("0")))
    op.execute(f"ALTER TABLE outbox ALTER COLUMN txid SET DEFAULT {_WRITER}")
    op.create_index("outbox_feed", "outbox", ["txid", "seq"])
    op.create_index("outbox_of_subject", "outbox", ["subject_id", "txid", "seq"])
    op.create_index(
        "outbox_of_room", "outbox", ["room_id", "txid", "seq"], postgresql_where=sa.text("room_id IS NOT NULL")
    )


def downgrade() -> None:
    for index in ("outbox_of_room", "outbox_of_subject", "outbox_feed"):
        op.drop_index(index, "outbox")
    op.drop_column("outbox", "txid")
    op.drop_column("outbox", "room_id")
