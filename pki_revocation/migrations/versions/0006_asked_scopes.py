"""Whoever asks for a CRL says which, and whether it is to be the CA's last one."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0003"


def upgrade() -> None:
    """Add both to the requests."""
    op.add_column("publication_requests", sa.Column("scope", sa.String(length=64), nullable=True))
    op.add_column("publication_requests", sa.Column("is_last", sa.Boolean(), nullable=False, server_default=sa.false()))
