"""
The tables, as SQLAlchemy Core knows them.

The migrations make them; a test holds the two against each other. The rules that only SQL text can say (triggers that
keep the ledger balanced and append-only) stand in the migrations.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

METADATA = MetaData()
AT = DateTime(timezone=True)

payments = Table(
    "payments",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("seq", BigInteger, Identity(always=True), nullable=False),
    Column("app_id", Text, nullable=False),
    Column("merchant_order_no", Text, nullable=False),
    Column("out_trade_no", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("product", Text, nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("buyer_id", Text),
    Column("room_id", Text),
    Column("attach", Text),
    Column("purpose", Text),
    Column("return_url", Text),
    Column("payer_id", Text),
    Column("auth_code", Text),
    Column("client_ip", Text),
    Column("request_digest", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempt", Text, nullable=False),
    Column("failure_code", Text),
    Column("refunded_fen", BigInteger, nullable=False),
    Column("reserved_fen", BigInteger, nullable=False),
    Column("channel_trade_no", Text),
    Column("pay_params", JSONB),
    Column("created_at", AT, nullable=False),
    Column("paid_at", AT),
    Column("expires_at", AT, nullable=False),
    Column("poll_at", AT),
    Column("poll_rung", Integer, nullable=False),
    Column("end_event", Text),
    Column("end_at", AT),
    Column("end_rung", Integer, nullable=False),
    Column("hold_fen", BigInteger),
    Column("try_no", SmallInteger, nullable=False),
    UniqueConstraint("app_id", "merchant_order_no", name="payments_order_key"),
    UniqueConstraint("out_trade_no", name="payments_out_trade_no_key"),
    CheckConstraint("amount_fen > 0", name="payments_amount_positive"),
    CheckConstraint(
        "refunded_fen >= 0 AND reserved_fen >= 0 AND refunded_fen + reserved_fen <= amount_fen",
        name="payments_refunds_within_amount",
    ),
    CheckConstraint(
        "status IN ('PENDING', 'PAID', 'SHIPPED', 'COMPLETED', 'CANCELLED', 'CLOSED')", name="payments_status_known"
    ),
    CheckConstraint("attempt IN ('REQUESTED', 'OPENED', 'UNKNOWN', 'REFUSED')", name="payments_attempt_known"),
    # True of every row: only who says "seq > 0" is answered by it, never who looks one order up (decisions/0010).
    Index("payments_by_app", "app_id", "seq", postgresql_where=text("seq > 0")),
    Index("payments_by_day", "channel", "paid_at", "out_trade_no", postgresql_where=text("paid_at IS NOT NULL")),
    CheckConstraint("end_event IN ('close', 'cancel')", name="payments_end_event_known"),
    CheckConstraint("hold_fen >= amount_fen", name="payments_capture_within_hold"),
    Index("payments_to_poll", "poll_at", postgresql_where=text("poll_at IS NOT NULL")),
    Index("payments_to_end", "end_at", postgresql_where=text("end_at IS NOT NULL")),
)

payment_attempts = Table(
    "payment_attempts",
    METADATA,
    Column("payment_id", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("product", Text, nullable=False),
    Column("choice", JSONB, nullable=False),
    Column("status", Text, nullable=False),
    Column("failure_code", Text),
    Column("created_at", AT, nullable=False),
    Column("changed_at", AT),
    Column("try_no", SmallInteger, nullable=False),
    PrimaryKeyConstraint("payment_id", "channel", "try_no", name="payment_attempts_pkey"),
    CheckConstraint(
        "status IN ('REQUESTED', 'OPENED', 'UNKNOWN', 'REFUSED', 'LOST')", name="payment_attempts_status_known"
    ),
)

refunds = Table(
    "refunds",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("payment_id", Text, ForeignKey("payments.id", name="refunds_payment_fkey"), nullable=False),
    Column("app_id", Text, nullable=False),
    Column("merchant_refund_no", Text, nullable=False),
    Column("out_request_no", Text, nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Column("reason", Text),
    Column("status", Text, nullable=False),
    Column("failure_code", Text),
    Column("created_at", AT, nullable=False),
    Column("channel_refund_no", Text),
    Column("finished_at", AT),
    Column("poll_at", AT),
    Column("poll_rung", Integer, nullable=False),
    Column("try_no", SmallInteger),
    UniqueConstraint("payment_id", "merchant_refund_no", name="refunds_merchant_refund_no_key"),
    UniqueConstraint("out_request_no", name="refunds_out_request_no_key"),
    CheckConstraint("amount_fen > 0", name="refunds_amount_positive"),
    CheckConstraint("status IN ('REQUESTED', 'PROCESSING', 'SUCCEEDED', 'FAILED')", name="refunds_status_known"),
    Index("refunds_by_day", "finished_at", "out_request_no", postgresql_where=text("finished_at IS NOT NULL")),
    Index("refunds_to_poll", "poll_at", postgresql_where=text("poll_at IS NOT NULL")),
)

transitions = Table(
    "transitions",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("subject_kind", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("from_state", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("to_state", Text, nullable=False),
    Column("applied", Boolean, nullable=False),
    Column("detail", Text, nullable=False),
    Column("at", AT, nullable=False),
    Index("transitions_by_subject", "subject_id"),
)

ledger_accounts = Table(
    "ledger_accounts",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("normal_sign", SmallInteger, nullable=False),
    Column("balance_fen", BigInteger, nullable=False, server_default=text("0")),
    CheckConstraint("normal_sign IN (1, -1)", name="ledger_accounts_sign_known"),
    CheckConstraint("balance_fen >= 0", name="ledger_accounts_balance_check"),
)

ledger_transactions = Table(
    "ledger_transactions",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("posting_key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("payment_id", Text, nullable=False),
    Column("refund_id", Text, ForeignKey("refunds.id", name="ledger_transactions_refund_fkey")),
    Column("at", AT, nullable=False),
    UniqueConstraint("posting_key", name="ledger_transactions_posting_key"),
    CheckConstraint(
        "kind IN ('payment', 'refund', 'tip', 'topup', 'deposit', 'release', 'packet', 'claim', 'packet_return', "
        "'hold', 'unhold', 'payout', 'payout_back', 'double', 'double_back')",
        name="ledger_transactions_kind_known",
    ),
    Index("ledger_transactions_by_payment", "payment_id"),
)

# What an entry refers to is there: its trigger looks transactions and accounts up once for each statement, for rows
# that nobody can remove or rename. A foreign key would look both up, and lock them, for every entry. So it is with the
# payments of attempts and of ledger transactions.
ledger_entries = Table(
    "ledger_entries",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("transaction_id", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    CheckConstraint("amount_fen <> 0", name="ledger_entries_amount_not_zero"),
    Index("ledger_entries_by_transaction", "transaction_id"),
)

ledger_unfolded = Table(
    "ledger_unfolded",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("account", Text, nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Column("at", AT, nullable=False, server_default=text("now()")),
    CheckConstraint("amount_fen > 0", name="ledger_unfolded_amount_positive"),
    Index("ledger_unfolded_by_account", "account"),
)

notify_inbox = Table(
    "notify_inbox",
    METADATA,
    Column("channel", Text, nullable=False),
    Column("dedupe_key", Text, nullable=False),
    Column("notify_id", Text, nullable=False),
    Column("out_trade_no", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("received_at", AT, nullable=False),
    Column("deliveries", Integer, nullable=False),
    PrimaryKeyConstraint("channel", "dedupe_key", name="notify_inbox_pkey"),
)

outbox = Table(
    "outbox",
    METADATA,
    Column("event_id", Text, primary_key=True),
    Column("app_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("created_at", AT, nullable=False),
    Column("subject_id", Text, nullable=False, server_default=text("''")),
    Column("seq", BigInteger, Identity(always=True), nullable=False),
    Column("room_id", Text),
    Column(
        "txid", BigInteger, nullable=False, server_default=text("CAST(CAST(pg_current_xact_id() AS text) AS bigint)")
    ),
    Index("outbox_feed", "txid", "seq"),
    Index("outbox_of_subject", "subject_id", "txid", "seq"),
    Index("outbox_of_room", "room_id", "txid", "seq", postgresql_where=text("room_id IS NOT NULL")),
)

# What is still to be done with an event; the outbox's own row is written once. Nothing of it is ever removed, so no
# foreign key has to be looked up for each row.
outbox_to_send = Table(
    "outbox_to_send",
    METADATA,
    Column("event_id", Text, primary_key=True),
    Column("due_at", AT, nullable=False),
    Column("attempts", Integer, nullable=False),
    Index("outbox_to_send_by_due", "due_at"),
)

outbox_to_publish = Table(
    "outbox_to_publish",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", Text, nullable=False),
)

leaders = Table(
    "leaders",
    METADATA,
    Column("role", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("beat_at", AT, nullable=False),
)

idempotency_keys = Table(
    "idempotency_keys",
    METADATA,
    Column("app_id", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("request_digest", Text, nullable=False),
    Column("payment_id", Text, ForeignKey("payments.id", name="idempotency_keys_payment_fkey"), nullable=False),
    Column("created_at", AT, nullable=False),
    PrimaryKeyConstraint("app_id", "key", name="idempotency_keys_pkey"),
)

request_nonces = Table(
    "request_nonces",
    METADATA,
    Column("app_id", Text, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("expires_at", AT, nullable=False),
    PrimaryKeyConstraint("app_id", "nonce", name="request_nonces_pkey"),
    Index("request_nonces_by_expiry", "expires_at"),
)
