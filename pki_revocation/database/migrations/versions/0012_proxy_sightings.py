"""Proxies that do not say where requests come from are written down by the page's service, for `doctor` to name."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add a row for each of them; what is old is no news."""
    op.create_table(
        "proxy_sightings",
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("trouble", sa.String(length=16), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("trouble IN ('unnamed', 'silent')", name=op.f("ck_proxy_sightings_trouble")),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_proxy_sightings")),
    )
