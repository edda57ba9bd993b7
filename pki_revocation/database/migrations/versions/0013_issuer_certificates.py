"""An issuer has several certificates and names, and a change of a schedule its reason."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add columns that say nothing of what is there."""
    op.add_column("issuers", sa.Column("earlier_certificates", sa.LargeBinary(), nullable=True))
    op.add_column("issuers", sa.Column("other_names", sa.Text(), nullable=True))
    op.add_column("crl_schedules", sa.Column("reason", sa.Text(), nullable=True))
    op.add_column("crl_schedules", sa.Column("approved_reason", sa.Text(), nullable=True))
    op.add_column("crl_schedules", sa.Column("withdrawn_reason", sa.Text(), nullable=True))
    op.add_column("crl_schedules", sa.Column("based_on", sa.Integer(), nullable=True))
    op.add_column("crl_schedules", sa.Column("rebases", sa.Integer(), nullable=True))
