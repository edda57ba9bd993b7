"""OCSP responders that may ask the CA for certificates, and what they asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add both tables."""
    op.create_table(
        "delegate_responders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("issuer_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("public_key", sa.LargeBinary(length=44), nullable=False),
        sa.Column("registered_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["issuer_id"], ["issuers.id"], name=op.f("fk_delegate_responders_issuer_id_issuers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegate_responders")),
        sa.UniqueConstraint("issuer_id", "name", name=op.f("uq_delegate_responders_issuer_id_name")),
        sa.UniqueConstraint("issuer_id", "public_key", name=op.f("uq_delegate_responders_issuer_id_public_key")),
    )
    op.create_table(
        "delegate_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("responder_id", sa.Integer(), nullable=False),
        sa.Column("request", sa.LargeBinary(length=16384), nullable=False),
        sa.Column("signature", sa.LargeBinary(length=64), nullable=False),
        sa.Column("key_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("certificate", sa.LargeBinary(), nullable=True),
        sa.Column("not_after", sa.BigInteger(), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.CheckConstraint("length(request) <= 16384", name=op.f("ck_delegate_requests_size")),
        sa.ForeignKeyConstraint(
            ["responder_id"],
            ["delegate_responders.id"],
            name=op.f("fk_delegate_requests_responder_id_delegate_responders"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegate_requests")),
        sa.UniqueConstraint("key_sha256", name=op.f("uq_delegate_requests_key_sha256")),
    )
    waiting = sa.text("answered_at IS NULL")
    op.create_index(
        "ix_delegate_requests_waiting",
        "delegate_requests",
        ["responder_id"],
        unique=True,
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
