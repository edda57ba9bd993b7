"""Responders say how far they are, and on PostgreSQL every commit to the journal wakes those who listen."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the table, and the trigger that notifies: a trigger, so that no writer can forget it."""
    op.create_table(
        "ocsp_responders",
        sa.Column("responder", sa.String(length=36), nullable=False),
        sa.Column("issuer_id", sa.Integer(), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("reported_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["issuer_id"], ["issuers.id"], name=op.f("fk_ocsp_responders_issuer_id")),
        sa.PrimaryKeyConstraint("responder", "issuer_id", name=op.f("pk_ocsp_responders")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION notify_journal() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN PERFORM pg_notify('pki_revocation_journal', ''); RETURN NULL; END $$"
        )
        op.execute(
            "CREATE TRIGGER journal_notify AFTER INSERT ON journal FOR EACH STATEMENT EXECUTE FUNCTION notify_journal()"
        )
