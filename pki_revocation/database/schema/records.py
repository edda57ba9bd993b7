"""What is only ever added to: the journal and the audit trail, and what stands beside them."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from .base import metadata
from .columns import SerialNumber, UtcDateTime

# A writer of an issuer's journal holds this row: its sequence is gapless and in the order of the commits.
journal_heads = Table(
    "journal_heads",
    metadata,
    Column("issuer_id", ForeignKey("issuers.id"), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    # Where the journal ended when receipts' addresses began to name a reference and no sequence.
    Column("named_through", BigInteger, nullable=False, server_default="0"),
)

journal = Table(
    "journal",
    metadata,
    Column("issuer_id", ForeignKey("issuers.id"), primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    Column("kind", String(10), CheckConstraint("kind IN ('revocation', 'raise')", name="kind"), nullable=False),
    Column("serial", SerialNumber, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("revocation_date", UtcDateTime, nullable=False),
    Column("reason", Integer, CheckConstraint("reason IN (0, 1, 2, 3, 4, 5, 9, 10)", name="reason"), nullable=False),
    Column("invalidity_date", UtcDateTime),
    Column("channel", String(10), nullable=False),
    Column("reference", String(20), nullable=False, unique=True),
    ForeignKeyConstraint(["issuer_id", "serial"], ["certificates.issuer_id", "certificates.serial"]),
    CheckConstraint("revocation_date <= recorded_at", name="not_in_the_future"),
)
Index("ix_journal_serial", journal.c.issuer_id, journal.c.serial, journal.c.sequence)
# At most one revocation and one raise for each certificate.
Index("uq_journal_once", journal.c.issuer_id, journal.c.serial, journal.c.kind, unique=True)

# What a public CRL listed and the journal lacked, as after an old backup was put back: a revocation that is written of
# it afterwards keeps the date that relying parties have seen. Its certificate may not be registered.
lost_revocations = Table(
    "lost_revocations",
    metadata,
    Column("issuer_id", ForeignKey("issuers.id"), primary_key=True),
    Column("serial", SerialNumber, primary_key=True),
    Column("revocation_date", UtcDateTime, nullable=False),
    Column("reason", Integer, CheckConstraint("reason IN (0, 1, 2, 3, 4, 5, 9, 10)", name="reason"), nullable=False),
    Column("invalidity_date", UtcDateTime),
    # The CRL that told of it: its path, its number and its SHA-256.
    Column("source", Text, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="single"), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("event", String(64), nullable=False),
    Column("detail", Text, nullable=False),
    Column("personal_digest", LargeBinary(32)),
    Column("digest", LargeBinary(32), nullable=False),
)

# Names and addresses of people, beside the chain: a retention job may erase a row, and the chain still verifies.
personal_details = Table(
    "personal_details",
    metadata,
    Column("audit_sequence", ForeignKey("audit.sequence"), primary_key=True, autoincrement=False),
    Column("salt", LargeBinary(16), nullable=False),
    Column("detail", Text, nullable=False),
)

# A time stamp over the record of one row of the journal, and the root of the authority that made it.
receipt_stamps = Table(
    "receipt_stamps",
    metadata,
    Column("reference", ForeignKey("journal.reference"), primary_key=True),
    Column("stamped_at", UtcDateTime, nullable=False),
    Column("authority", Text, nullable=False),
    Column("record", LargeBinary, nullable=False),
    Column("response", LargeBinary, nullable=False),
    Column("anchor", LargeBinary, nullable=False),
)

APPEND_ONLY = (journal, audit, receipt_stamps)
