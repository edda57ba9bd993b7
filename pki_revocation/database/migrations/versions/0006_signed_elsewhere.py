"""A request for a CRL says which, and whether it is the CA's last one; and CRLs are given away to be signed."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add what is asked for, and what was given away."""
    op.add_column("publication_requests", sa.Column("scope", sa.String(length=64), nullable=True))
    op.add_column("publication_requests", sa.Column("is_last", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("crls", sa.Column("requested_sha256", sa.LargeBinary(length=32), nullable=True))
    op.create_index("ix_crls_covers", "crls", ["issuer_id", "scope", "covers_sequence"])
