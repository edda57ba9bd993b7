"""All tables of all packages, and the column types that SQLite and PostgreSQL need alike.

One MetaData, so that migrations never import upward; the queries stay with the package that asks them.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC moment in whole seconds, kept as Unix seconds: SQLite would drop the zone of a DateTime."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Refuse what has no zone or has a fraction: both would come back as another moment."""
        if value is None:
            return None
        if value.tzinfo is None or value.microsecond:
            message = f"{value.isoformat()} is not an aware moment in whole seconds"
            raise ValueError(message)
        return int(value.timestamp())

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ANN401, ARG002 - SQLAlchemy's signature
        """Give the moment back in UTC."""
        return None if value is None else datetime.fromtimestamp(value, UTC)


class SerialNumber(TypeDecorator[int]):
    """A certificate's serial number, kept as its magnitude's octets: 160 bits overflow every integer column."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Whole octets without leading zeros."""
        return None if value is None else value.to_bytes((value.bit_length() + 7) // 8)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> int | None:  # noqa: ANN401, ARG002 - SQLAlchemy's signature
        """The number again."""
        return None if value is None else int.from_bytes(value)


class CrlNumber(TypeDecorator[int]):
    """A CRL number, kept in twenty octets, so that the order of the octets is the numbers' (RFC 5280 section 5.2.3)."""

    impl = LargeBinary(20)
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - SQLAlchemy's signature
        """All twenty octets."""
        return None if value is None else value.to_bytes(20)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> int | None:  # noqa: ANN401, ARG002 - SQLAlchemy's signature
        """The number again."""
        return None if value is None else int.from_bytes(value)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

issuers = Table(
    "issuers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("certificate", LargeBinary, nullable=False),
    Column("is_default", Boolean, nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
)

certificates = Table(
    "certificates",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("issuer_id", ForeignKey("issuers.id"), nullable=False),
    Column("serial", SerialNumber, nullable=False),
    Column("subject", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("not_before", UtcDateTime),
    Column("not_after", UtcDateTime, nullable=False),
    Column("number", String(12), unique=True),
    Column("der", LargeBinary),
    Column("imported_at", UtcDateTime, nullable=False),
    Column("is_ca", Boolean, nullable=False, server_default=false()),
    # The shard that its CRL distribution point names; 0 when it names none.
    Column("shard", Integer, nullable=False, server_default="0"),
    UniqueConstraint("issuer_id", "serial"),
)
Index(
    "ix_certificates_shard",
    certificates.c.issuer_id,
    certificates.c.shard,
    sqlite_where=text("shard > 0"),
    postgresql_where=text("shard > 0"),
)

# A CRL of a part of an issuer's certificates: those whose distribution point is this address, octet for octet.
crl_shards = Table(
    "crl_shards",
    metadata,
    Column("issuer_id", ForeignKey("issuers.id"), primary_key=True),
    Column("shard", Integer, CheckConstraint("shard > 0", name="shard"), primary_key=True),
    Column("url", Text, nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    UniqueConstraint("issuer_id", "url"),
)

# Numbers are dealt from here, so that two imports at once never give the same one.
number_counter = Table(
    "number_counter",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="single"), primary_key=True),
    Column("next", BigInteger, nullable=False),
)

# One live code per certificate; a reissue retires the old row and adds one with the next version.
revocation_codes = Table(
    "revocation_codes",
    metadata,
    Column("certificate_id", ForeignKey("certificates.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("verifier", Text, nullable=False),
    Column("pepper_id", String(16), nullable=False),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("retired_at", UtcDateTime),
)
Index(
    "ix_revocation_codes_live",
    revocation_codes.c.certificate_id,
    unique=True,
    sqlite_where=text("retired_at IS NULL"),
    postgresql_where=text("retired_at IS NULL"),
)

# Whoever writes the journal of an issuer holds this row: its sequence is gapless and in the order of the commits.
journal_heads = Table(
    "journal_heads",
    metadata,
    Column("issuer_id", ForeignKey("issuers.id"), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
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

# Of many publishers, the one whose name stands here publishes.
leases = Table(
    "leases",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("holder", String(128), nullable=False),
    Column("until", UtcDateTime, nullable=False),
)

# The publisher's projection: each revoked certificate's CRL entry, encoded once when its journal row is applied, in the
# order in which CRLs list it, so that reading a million of them is reading a file.
crl_entries = Table(
    "crl_entries",
    metadata,
    Column("issuer_id", ForeignKey("issuers.id"), primary_key=True),
    Column("shard", Integer, primary_key=True),
    Column("serial", SerialNumber, primary_key=True),
    Column("is_ca", Boolean, nullable=False),
    Column("encoding_version", Integer, nullable=False),
    Column("not_after", UtcDateTime, nullable=False),
    Column("entry", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# Stretches of the entries, joined: each from *first* to where the next one of the shard begins. *octets* is NULL while
# an entry in there has changed; entries of certificates that expired before *left_out_before* are left out.
crl_stretches = Table(
    "crl_stretches",
    metadata,
    Column("issuer_id", ForeignKey("issuers.id"), primary_key=True),
    Column("shard", Integer, primary_key=True),
    Column("first", LargeBinary, primary_key=True),
    Column("octets", LargeBinary),
    Column("earliest_end", UtcDateTime),
    Column("left_out_before", UtcDateTime),
    Column("left_out_upto", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

crl_projections = Table(
    "crl_projections",
    metadata,
    Column("issuer_id", ForeignKey("issuers.id"), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
)

# A number is reserved here, in a transaction of its own, before anything is signed with it.
crls = Table(
    "crls",
    metadata,
    Column("issuer_id", ForeignKey("issuers.id"), primary_key=True),
    Column("scope", String(64), primary_key=True),
    Column("number", CrlNumber, primary_key=True),
    # A delta's base; none in a complete CRL.
    Column("base_number", CrlNumber),
    Column("reserved_at", UtcDateTime, nullable=False),
    Column("this_update", UtcDateTime),
    Column("next_update", UtcDateTime),
    Column("covers_sequence", BigInteger),
    Column("entries", Integer),
    Column("size", BigInteger),
    Column("sha256", LargeBinary(32)),
    Column("published_at", UtcDateTime),
    # Of the octets that were given away to be signed elsewhere; none where the signature is made here.
    Column("requested_sha256", LargeBinary(32)),
)
# Which CRL covers a revocation is asked for each receipt.
Index("ix_crls_covers", crls.c.issuer_id, crls.c.scope, crls.c.covers_sequence)

# Somebody asks the running publisher for a CRL now, and waits for the number of the one that answers it. *scope* is
# NULL for whatever the issuer's schedule makes; *is_last* asks for the CA's last one, good for ever.
publication_requests = Table(
    "publication_requests",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("issuer_id", ForeignKey("issuers.id"), nullable=False),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("answer", Text),
    Column("scope", String(64)),
    Column("is_last", Boolean, nullable=False, server_default=false()),
)

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

# Schedules of CRLs, version by version: what stands in a row stays, but for its approval or its withdrawal.
crl_schedules = Table(
    "crl_schedules",
    metadata,
    Column("issuer_id", ForeignKey("issuers.id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),
    Column("effective_from", UtcDateTime),
    Column("restores", Integer),
    Column("proposed_at", UtcDateTime, nullable=False),
    Column("proposed_by", String(128), nullable=False),
    Column("approved_at", UtcDateTime),
    Column("approved_by", String(128)),
    Column("withdrawn_at", UtcDateTime),
    Column("withdrawn_by", String(128)),
    CheckConstraint("approved_at IS NULL OR effective_from IS NOT NULL", name="approved_from"),
)

# What each outlet beside the installation's own folder holds of each published file, and why not.
outlet_states = Table(
    "outlet_states",
    metadata,
    Column("outlet", String(64), primary_key=True),
    Column("path", String(255), primary_key=True),
    Column("number", CrlNumber),
    Column("sha256", LargeBinary(32)),
    Column("held_since", UtcDateTime),
    Column("checked_at", UtcDateTime),
    Column("failures", Integer, nullable=False),
    Column("failure", Text),
    Column("failed_at", UtcDateTime),
    Column("next_attempt_at", UtcDateTime),
)

# What the probe found at each public address: the highest number that it ever saw there, and what is wrong.
probe_states = Table(
    "probe_states",
    metadata,
    Column("path", String(255), primary_key=True),
    Column("url", Text, nullable=False),
    Column("probed_at", UtcDateTime, nullable=False),
    Column("number", CrlNumber),
    Column("findings", Text, nullable=False),
    Column("wrong_since", UtcDateTime),
)

# Who may bring certificates over the network; the token itself is kept nowhere.
api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("withdrawn_at", UtcDateTime),
)

# Whom a certificate's letter goes to: personal data perhaps, and therefore in rows that can be erased.
letter_recipients = Table(
    "letter_recipients",
    metadata,
    Column("certificate_id", ForeignKey("certificates.id"), primary_key=True, autoincrement=False),
    Column("language", String(2)),
    Column("address", Text, nullable=False),
)

# Wrong pairs of number and code, by the minute: from where, at which number, and all. *subject* is a keyed digest,
# so that no address and no number that does not exist stands here; rows expire.
attempt_failures = Table(
    "attempt_failures",
    metadata,
    Column("subject", LargeBinary(16), primary_key=True),
    Column("minute", UtcDateTime, primary_key=True),
    Column("failed", Integer, nullable=False),
)
Index("ix_attempt_failures_minute", attempt_failures.c.minute)

# Numbers at which failures pile up: from the first alarm until nobody has failed there for a while is one episode.
attempt_episodes = Table(
    "attempt_episodes",
    metadata,
    Column("subject", LargeBinary(16), primary_key=True),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
)

# What is not audited one by one: how often one source was counted or turned away in one minute, until that is audited.
attempt_minutes = Table(
    "attempt_minutes",
    metadata,
    Column("address", String(64), primary_key=True),
    Column("minute", UtcDateTime, primary_key=True),
    Column("failed", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
)

# Where a certificate's subscriber reads mail: personal data, in rows that can be erased.
contacts = Table(
    "contacts",
    metadata,
    Column("certificate_id", ForeignKey("certificates.id"), primary_key=True, autoincrement=False),
    Column("email", String(254), nullable=False),
    Column("language", String(2), CheckConstraint("language IN ('nl', 'en')", name="language"), nullable=False),
)

# Mail to be sent: what it tells of, never its text or its addressee. *number* is the subscriber's, known or not.
mail_outbox = Table(
    "mail_outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("message_id", String(255), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("number", String(12), nullable=False),
    Column("issuer_id", Integer),
    Column("sequence", BigInteger),
    Column("told_at", UtcDateTime, nullable=False),
    Column("next_attempt_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("outcome", String(16)),
    Column("ended_at", UtcDateTime),
    Column("failure", Text),
)
Index("ix_mail_outbox_due", mail_outbox.c.outcome, mail_outbox.c.next_attempt_at)

# While the row is here, and its end lies ahead, the subscriber's page is closed for maintenance.
maintenance = Table(
    "maintenance",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="single"), primary_key=True),
    Column("since", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("message", Text, nullable=False),
    Column("message_en", Text, nullable=False),
)

APPEND_ONLY = (journal, audit)
