"""Time stamps over revocations, which are only ever added to."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add the table; the notifier fills it from then on where time-stamp authorities are named."""
    op.create_table(
        "receipt_stamps",
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("stamped_at", sa.BigInteger(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("response", sa.LargeBinary(), nullable=False),
        sa.Column("anchor", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["reference"], ["journal.reference"], name=op.f("fk_receipt_stamps_reference")),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_receipt_stamps")),
    )
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER receipt_stamps_no_{change.lower()} BEFORE {change} ON receipt_stamps "
                "BEGIN SELECT RAISE(ABORT, 'receipt_stamps is append-only'); END"
            )
        # INSERT OR REPLACE would delete the old row without firing the trigger above.
        op.execute(
            "CREATE TRIGGER receipt_stamps_no_replace BEFORE INSERT ON receipt_stamps "
            "WHEN EXISTS (SELECT 1 FROM receipt_stamps WHERE reference = NEW.reference) "
            "BEGIN SELECT RAISE(ABORT, 'receipt_stamps is append-only'); END"
        )
    else:
        op.execute(
            "CREATE TRIGGER receipt_stamps_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON receipt_stamps "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
