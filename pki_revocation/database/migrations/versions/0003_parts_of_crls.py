"""What tells which CRL a certificate belongs on, and CRL numbers of every size that the standards allow."""

import sqlalchemy as sa
from alembic import op
from cryptography import x509

revision = "0003"
down_revision = "0002"

_PORTION = 1000


def upgrade() -> None:
    """Add shards and CA certificates, and lay out anew what the publisher keeps."""
    op.create_table(
        "crl_shards",
        sa.Column("issuer_id", sa.Integer(), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("shard > 0", name=op.f("ck_crl_shards_shard")),
        sa.ForeignKeyConstraint(["issuer_id"], ["issuers.id"], name=op.f("fk_crl_shards_issuer_id")),
        sa.PrimaryKeyConstraint("issuer_id", "shard", name=op.f("pk_crl_shards")),
        sa.UniqueConstraint("issuer_id", "url", name=op.f("uq_crl_shards_issuer_id_url")),
    )
    op.add_column("certificates", sa.Column("is_ca", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("certificates", sa.Column("shard", sa.Integer(), nullable=False, server_default="0"))
    op.create_index(
        "ix_certificates_shard",
        "certificates",
        ["issuer_id", "shard"],
        sqlite_where=sa.text("shard > 0"),
        postgresql_where=sa.text("shard > 0"),
    )
    _find_authorities()
    _find_issuers()
    _make_entries_anew()
    _widen_numbers()


def _find_authorities() -> None:
    """CA certificates have never been given a number, so that few rows need to be looked at."""
    connection = op.get_bind()
    table = sa.table("certificates", sa.column("id"), sa.column("number"), sa.column("der"), sa.column("is_ca"))
    last = 0
    while True:
        query = sa.select(table.c.id, table.c.der).where(table.c.id > last, table.c.number.is_(None))
        rows = connection.execute(query.where(table.c.der.is_not(None)).order_by(table.c.id).limit(_PORTION)).all()
        if not rows:
            return
        authorities = [row.id for row in rows if _is_ca(row.der)]
        if authorities:
            connection.execute(sa.update(table).where(table.c.id.in_(authorities)).values(is_ca=True))
        last = rows[-1].id


def _find_issuers() -> None:
    """Those that came in by a list, without their DER, and are registered as issuers themselves."""
    connection = op.get_bind()
    issuers = sa.table("issuers", sa.column("id"), sa.column("certificate"))
    table = sa.table("certificates", sa.column("issuer_id"), sa.column("serial"), sa.column("is_ca"))
    known = [
        (row.id, x509.load_der_x509_certificate(row.certificate)) for row in connection.execute(sa.select(issuers))
    ]
    for parent, certificate in known:
        for _, each in known:
            if each.issuer == certificate.subject:
                serial = each.serial_number.to_bytes((each.serial_number.bit_length() + 7) // 8)
                own = sa.and_(table.c.issuer_id == parent, table.c.serial == serial)
                connection.execute(sa.update(table).where(own).values(is_ca=True))


def _is_ca(der: bytes) -> bool:
    try:
        extensions = x509.load_der_x509_certificate(der).extensions
        return extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return False


def _make_entries_anew() -> None:
    """A projection: the publisher fills it from the journal when it starts."""
    op.drop_table("crl_entries")
    op.create_table(
        "crl_entries",
        sa.Column("issuer_id", sa.Integer(), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("serial", sa.LargeBinary(), nullable=False),
        sa.Column("is_ca", sa.Boolean(), nullable=False),
        sa.Column("encoding_version", sa.Integer(), nullable=False),
        sa.Column("not_after", sa.BigInteger(), nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["issuer_id"], ["issuers.id"], name=op.f("fk_crl_entries_issuer_id")),
        sa.PrimaryKeyConstraint("issuer_id", "shard", "serial", name=op.f("pk_crl_entries")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "crl_stretches",
        sa.Column("issuer_id", sa.Integer(), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("first", sa.LargeBinary(), nullable=False),
        sa.Column("octets", sa.LargeBinary(), nullable=True),
        sa.Column("earliest_end", sa.BigInteger(), nullable=True),
        sa.Column("left_out_before", sa.BigInteger(), nullable=True),
        sa.Column("left_out_upto", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["issuer_id"], ["issuers.id"], name=op.f("fk_crl_stretches_issuer_id")),
        sa.PrimaryKeyConstraint("issuer_id", "shard", "first", name=op.f("pk_crl_stretches")),
        sqlite_with_rowid=False,
    )
    op.execute("DELETE FROM crl_projections")


def _widen_numbers() -> None:
    connection = op.get_bind()
    names = [
        "issuer_id",
        "scope",
        "number",
        "reserved_at",
        "this_update",
        "next_update",
        "covers_sequence",
        "entries",
        "size",
        "sha256",
        "published_at",
    ]
    rows = connection.execute(sa.select(sa.table("crls", *(sa.column(name) for name in names)))).mappings().all()
    op.drop_table("crls")
    crls = op.create_table(
        "crls",
        sa.Column("issuer_id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(length=64), nullable=False),
        sa.Column("number", sa.LargeBinary(length=20), nullable=False),
        sa.Column("base_number", sa.LargeBinary(length=20), nullable=True),
        sa.Column("reserved_at", sa.BigInteger(), nullable=False),
        sa.Column("this_update", sa.BigInteger(), nullable=True),
        sa.Column("next_update", sa.BigInteger(), nullable=True),
        sa.Column("covers_sequence", sa.BigInteger(), nullable=True),
        sa.Column("entries", sa.Integer(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=True),
        sa.Column("published_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["issuer_id"], ["issuers.id"], name=op.f("fk_crls_issuer_id")),
        sa.PrimaryKeyConstraint("issuer_id", "scope", "number", name=op.f("pk_crls")),
    )
    if rows:
        op.bulk_insert(crls, [dict(row) | {"number": row["number"].to_bytes(20)} for row in rows])
