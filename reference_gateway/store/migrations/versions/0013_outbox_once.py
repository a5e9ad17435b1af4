"""
Rows of the outbox are written once; what is still to be done with one stands in a narrow table of its own.

To send or to publish an event rewrote its row three times, payload and all, with a new entry in each index.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    for name in ("outbox_to_send", "outbox_to_publish"):
        op.drop_index(name, "outbox")
    op.create_table(
        "outbox_to_send",
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("due_at", _AT, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
    )
    op.create_index("outbox_to_send_by_due", "outbox_to_send", ["due_at"])
    op.create_table(
        "outbox_to_publish",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("event_id", sa.Text, nullable=False),
    )
    op.execute("INSERT INTO outbox_to_send SELECT event_id, due_at, attempts FROM outbox WHERE sent_at IS NULL")
    op.execute("INSERT INTO outbox_to_publish SELECT seq, event_id FROM outbox WHERE published_at IS NULL")
    for name in ("due_at", "attempts", "sent_at", "published_at"):
        op.drop_column("outbox", name)


def downgrade() -> None:
    op.add_column("outbox", sa.Column("due_at", _AT))
    op.add_column("outbox", sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("1")))
    op.add_column("outbox", sa.Column("sent_at", _AT))
    op.add_column("outbox", sa.Column("published_at", _AT))
    # When an event was sent is not kept; that it was is.
    op.execute("UPDATE outbox SET due_at = created_at, sent_at = created_at, published_at = created_at")
    op.execute(
        "UPDATE outbox AS o SET due_at = s.due_at, attempts = s.attempts, sent_at = NULL "
        "FROM outbox_to_send AS s WHERE s.event_id = o.event_id"
    )
    op.execute("UPDATE outbox AS o SET published_at = NULL FROM outbox_to_publish AS p WHERE p.event_id = o.event_id")
    op.alter_column("outbox", "due_at", nullable=False)
    op.alter_column("outbox", "attempts", server_default=None)
    for name in ("outbox_to_send", "outbox_to_publish"):
        op.drop_table(name)
    op.create_index("outbox_to_send", "outbox", ["due_at"], postgresql_where=sa.text("sent_at IS NULL"))
    op.create_index("outbox_to_publish", "outbox", ["seq"], postgresql_where=sa.text("published_at IS NULL"))
