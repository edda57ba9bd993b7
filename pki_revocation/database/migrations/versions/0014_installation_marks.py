"""An installation knows its secrets by fingerprint, and a receipt's address names its row by reference."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the marks, and remember how far each journal went: addresses that name a sequence count up to there."""
    op.create_table(
        "installation_marks",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_installation_marks")),
    )
    op.add_column("journal_heads", sa.Column("named_through", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute("UPDATE journal_heads SET named_through = sequence")
