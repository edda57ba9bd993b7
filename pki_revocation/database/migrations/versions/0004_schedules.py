"""Schedules of CRLs are versions in the database."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the table; the publisher writes the first version, from its configuration."""
    op.create_table(
        "crl_schedules",
        sa.Column("issuer_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("effective_from", sa.BigInteger(), nullable=True),
        sa.Column("restores", sa.Integer(), nullable=True),
        sa.Column("proposed_at", sa.BigInteger(), nullable=False),
        sa.Column("proposed_by", sa.String(length=128), nullable=False),
        sa.Column("approved_at", sa.BigInteger(), nullable=True),
        sa.Column("approved_by", sa.String(length=128), nullable=True),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_by", sa.String(length=128), nullable=True),
        sa.CheckConstraint(
            "approved_at IS NULL OR effective_from IS NOT NULL", name=op.f("ck_crl_schedules_approved_from")
        ),
        sa.ForeignKeyConstraint(["issuer_id"], ["issuers.id"], name=op.f("fk_crl_schedules_issuer_id")),
        sa.PrimaryKeyConstraint("issuer_id", "version", name=op.f("pk_crl_schedules")),
    )
