"""What is dated is held against a second clock: each machine's boot clock, from a mark."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the marks; the first one of a machine is made by the first process that looks."""
    op.create_table(
        "clock_marks",
        sa.Column("boot_id", sa.String(length=36), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("wall", sa.BigInteger(), nullable=False),
        sa.Column("boot_seconds", sa.BigInteger(), nullable=False),
        sa.Column("is_proven", sa.Boolean(), nullable=False),
        sa.Column("made_by", sa.String(length=10), nullable=False),
        sa.Column("observed_at", sa.BigInteger(), nullable=False),
        sa.Column("observed_offset", sa.BigInteger(), nullable=False),
        sa.Column("server_offset", sa.BigInteger(), nullable=True),
        sa.Column("former_offset", sa.BigInteger(), nullable=True),
        sa.Column("suspect_offset", sa.BigInteger(), nullable=True),
        sa.Column("suspect_since", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("boot_id", name=op.f("pk_clock_marks")),
    )
