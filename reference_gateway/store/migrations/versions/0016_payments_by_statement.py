"""
Whose payment an attempt or a ledger transaction belongs to is looked up once for each statement, not once for each row.

As with what ledger entries refer to: triggers ask for a whole batch what foreign keys asked for each row, and in return
a payment can neither be removed nor change its id, nor an attempt its payment.
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_KNOWN = """
CREATE FUNCTION of_known_payments() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stray text;
BEGIN
    SELECT f.payment_id INTO stray FROM (SELECT DISTINCT payment_id FROM fresh) AS f
    WHERE NOT EXISTS (SELECT 1 FROM payments AS p WHERE p.id = f.payment_id) LIMIT 1;
    IF stray IS NOT NULL THEN
        RAISE EXCEPTION 'there is no payment %', stray
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = TG_NAME;
    END IF;
    RETURN NULL;
END
$$
"""
_KNOWN_TRIGGER = """
CREATE TRIGGER {table}_payment_fkey AFTER INSERT ON {table}
REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION of_known_payments()
"""
_KEPT = """
CREATE FUNCTION payments_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a payment stays, under its id, and its attempts stay its own'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'payments_kept';
END
$$
"""
_KEPT_TRIGGERS = (
    """
    CREATE TRIGGER payments_kept BEFORE DELETE OR TRUNCATE OR UPDATE OF id ON payments
    FOR EACH STATEMENT EXECUTE FUNCTION payments_kept()
    """,
    """
    CREATE TRIGGER payments_kept BEFORE UPDATE OF payment_id ON payment_attempts
    FOR EACH STATEMENT EXECUTE FUNCTION payments_kept()
    """,
)
_TABLES = ("payment_attempts", "ledger_transactions")


def upgrade() -> None:
    for text in (_KNOWN, _KEPT, *_KEPT_TRIGGERS):
        op.execute(text)
    for table in _TABLES:
        op.drop_constraint(f"{table}_payment_fkey", table, type_="foreignkey")
        op.execute(_KNOWN_TRIGGER.format(table=table))


def downgrade() -> None:
    for table in _TABLES:
        op.execute(f"DROP TRIGGER {table}_payment_fkey ON {table}")
        op.create_foreign_key(f"{table}_payment_fkey", table, "payments", ["payment_id"], ["id"])
    for table in ("payment_attempts", "payments"):
        op.execute(f"DROP TRIGGER payments_kept ON {table}")
    for name in ("payments_kept", "of_known_payments"):
        op.execute(f"DROP FUNCTION {name}()")
