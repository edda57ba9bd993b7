"""Responders say since when they are where they are, and how long an answer of theirs may be believed."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add both; rows of before say neither."""
    op.add_column("ocsp_responders", sa.Column("reached_at", sa.BigInteger(), nullable=True))
    op.add_column("ocsp_responders", sa.Column("answers_last", sa.Integer(), nullable=True))
