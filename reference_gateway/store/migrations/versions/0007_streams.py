"""Streams: the order of the outbox, what of it no stream has yet, and who leads."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("outbox", sa.Column("subject_id", sa.Text, nullable=False, server_default=sa.text("''")))
    op.add_column("outbox", sa.Column("seq", sa.BigInteger, sa.Identity(always=True), nullable=False))
    op.add_column("outbox", sa.Column("published_at", _AT))
    # What was there before there were streams has been told by webhook long ago; a stream begins with what comes.
    op.execute("UPDATE outbox SET published_at = created_at")
    op.create_index("outbox_to_publish", "outbox", ["seq"], postgresql_where=sa.text("published_at IS NULL"))
    op.create_table(
        "leaders",
        sa.Column("role", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("beat_at", _AT, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("leaders")
    op.drop_index("outbox_to_publish", "outbox")
    op.drop_column("outbox", "published_at")
    op.drop_column("outbox", "seq")
    op.drop_column("outbox", "subject_id")
