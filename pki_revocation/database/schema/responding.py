"""Responders, how far they are, and how they ask for certificates."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from .base import metadata
from .columns import UtcDateTime

# What each responder has applied of each issuer's journal, as it says of itself: what receipts and operators read.
ocsp_responders = Table(
    "ocsp_responders",
    metadata,
    Column("responder", String(36), primary_key=True),
    Column("issuer_id", ForeignKey("issuers.id"), primary_key=True),
    Column("host", String(255), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("current", Boolean, nullable=False),
    Column("reported_at", UtcDateTime, nullable=False),
    # Since when it says the same: the sequence was reached then, or earlier.
    Column("reached_at", UtcDateTime),
    # For how many seconds an answer of its may be believed, from thisUpdate to nextUpdate.
    Column("answers_last", Integer),
)

# OCSP responders that may ask the CA for certificates, each known by its enrolment key.
delegate_responders = Table(
    "delegate_responders",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("issuer_id", ForeignKey("issuers.id"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("public_key", LargeBinary(44), nullable=False),
    Column("registered_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    UniqueConstraint("issuer_id", "name"),
    UniqueConstraint("issuer_id", "public_key"),
)

# What they asked for, and what came of it: one at a time waits, and no key is asked for twice.
delegate_requests = Table(
    "delegate_requests",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("responder_id", ForeignKey("delegate_responders.id"), nullable=False),
    Column("request", LargeBinary(16384), CheckConstraint("length(request) <= 16384", name="size"), nullable=False),
    Column("signature", LargeBinary(64), nullable=False),
    Column("key_sha256", LargeBinary(32), nullable=False, unique=True),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("answered_at", UtcDateTime),
    Column("certificate", LargeBinary),
    Column("not_after", UtcDateTime),
    Column("refusal", Text),
)
Index(
    "ix_delegate_requests_waiting",
    delegate_requests.c.responder_id,
    unique=True,
    sqlite_where=delegate_requests.c.answered_at.is_(None),
    postgresql_where=delegate_requests.c.answered_at.is_(None),
)
