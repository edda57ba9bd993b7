"""Certificates are found by their keys, compromised keys are known, and no nonce of a proof counts twice."""

import sqlalchemy as sa
from alembic import op

from pki_revocation.database.schema.columns import SerialNumber
from pki_revocation.encoding.certificate_parts import parts_of
from pki_revocation.encoding.der import DerError
from pki_revocation.encoding.possession.key_forms import key_hashes

revision = "0017"
down_revision = "0016"

_PORTION = 2000


def upgrade() -> None:
    """Add the tables, and the keys of all certificates that are here."""
    op.create_table(
        "certificate_keys",
        sa.Column("key_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("issuer_id", sa.Integer(), nullable=False),
        sa.Column("serial", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["issuer_id", "serial"],
            ["certificates.issuer_id", "certificates.serial"],
            name=op.f("fk_certificate_keys_issuer_id"),
        ),
        sa.PrimaryKeyConstraint("key_sha256", "issuer_id", "serial", name=op.f("pk_certificate_keys")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "compromised_keys",
        sa.Column("key_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("evidence", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("source IN ('proof', 'list', 'operator')", name=op.f("ck_compromised_keys_source")),
        sa.PrimaryKeyConstraint("key_sha256", name=op.f("pk_compromised_keys")),
    )
    op.create_table(
        "used_nonces",
        sa.Column("nonce", sa.LargeBinary(length=16), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("nonce", name=op.f("pk_used_nonces")),
    )
    op.create_index("ix_used_nonces_expires_at", "used_nonces", ["expires_at"])
    op.create_table(
        "shown_proofs",
        sa.Column("proof_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("evidence", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("proof_sha256", name=op.f("pk_shown_proofs")),
    )
    op.create_index("ix_shown_proofs_expires_at", "shown_proofs", ["expires_at"])
    _add_keys(op.get_bind())


def _add_keys(connection: sa.Connection) -> None:
    """In portions, by row ids: a register of millions is never held at once."""
    certificates = sa.table(
        "certificates", sa.column("id"), sa.column("issuer_id"), sa.column("serial", SerialNumber), sa.column("der")
    )
    keys = sa.table(
        "certificate_keys", sa.column("key_sha256"), sa.column("issuer_id"), sa.column("serial", SerialNumber)
    )
    last = 0
    while True:
        query = (
            sa.select(certificates)
            .where(certificates.c.id > last, certificates.c.der.is_not(None))
            .order_by(certificates.c.id)
            .limit(_PORTION)
        )
        rows = connection.execute(query).all()
        if not rows:
            return
        found = [
            {"key_sha256": digest, "issuer_id": row.issuer_id, "serial": row.serial}
            for row in rows
            for digest in _hashes(row.der)
        ]
        if found:
            connection.execute(sa.insert(keys), found)
        last = rows[-1].id


def _hashes(der: bytes) -> tuple[bytes, ...]:
    try:
        return key_hashes(parts_of(der).public_key)
    except DerError:
        return ()
