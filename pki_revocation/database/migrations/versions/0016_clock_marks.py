"""Marks that hold what is dated against a second clock; expected responders, and last failures."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the tables; each is filled by the services from then on."""
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
    op.create_table(
        "expected_responders",
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("registered_at", sa.BigInteger(), nullable=False),
        sa.Column("reported_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_expected_responders")),
    )
    op.create_table(
        "service_failures",
        sa.Column("service", sa.String(length=32), nullable=False),
        sa.Column("item", sa.String(length=300), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("service", "item", name=op.f("pk_service_failures")),
    )
