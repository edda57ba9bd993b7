"""Serials that a list said something of that has no place here come in as live no more."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add the bars; there are none yet."""
    op.create_table(
        "barred_serials",
        sa.Column("issuer_id", sa.Integer(), nullable=False),
        sa.Column("serial", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("barred_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["issuer_id"], ["issuers.id"], name=op.f("fk_barred_serials_issuer_id")),
        sa.PrimaryKeyConstraint("issuer_id", "serial", name=op.f("pk_barred_serials")),
    )
