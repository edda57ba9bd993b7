"""What public CRLs list and a journal lacks is remembered, so that a repeat is not dated anew."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the table; the first look at the public CRLs fills it, where anything is lacking."""
    op.create_table(
        "lost_revocations",
        sa.Column("issuer_id", sa.Integer(), nullable=False),
        sa.Column("serial", sa.LargeBinary(), nullable=False),
        sa.Column("revocation_date", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Integer(), nullable=False),
        sa.Column("invalidity_date", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("reason IN (0, 1, 2, 3, 4, 5, 9, 10)", name=op.f("ck_lost_revocations_reason")),
        sa.ForeignKeyConstraint(["issuer_id"], ["issuers.id"], name=op.f("fk_lost_revocations_issuer_id")),
        sa.PrimaryKeyConstraint("issuer_id", "serial", name=op.f("pk_lost_revocations")),
    )
