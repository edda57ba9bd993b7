"""Issuers and certificates, how they arrive, and whose they are."""

from sqlalchemy import (
    BigInteger,
    Boolean,
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
    UniqueConstraint,
    false,
    text,
)

from .base import metadata
from .columns import SerialNumber, UtcDateTime

issuers = Table(
    "issuers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    # Its newest certificate, and the others with the same name and key, newer before older, one DER after the other. In
    # one row, so that every account that reads issuers reads all of them.
    Column("certificate", LargeBinary, nullable=False),
    Column("is_default", Boolean, nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    Column("earlier_certificates", LargeBinary),
    # Further names that commands and [keys.NAME] know it by, with blanks between.
    Column("other_names", Text),
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

# Certificates that a list said something of that has no place here, such as a hold: none of them comes in as live until
# an operator lifts the bar, or a list says that it is revoked for good.
barred_serials = Table(
    "barred_serials",
    metadata,
    Column("issuer_id", ForeignKey("issuers.id"), primary_key=True),
    Column("serial", SerialNumber, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("why", Text, nullable=False),
    Column("barred_at", UtcDateTime, nullable=False),
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

# Clients that may bring certificates over the network, by their tokens' hashes; a token itself is kept nowhere.
api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("withdrawn_at", UtcDateTime),
)

# The recipient of a certificate's letter: personal data perhaps, and therefore in rows that can be erased.
letter_recipients = Table(
    "letter_recipients",
    metadata,
    Column("certificate_id", ForeignKey("certificates.id"), primary_key=True, autoincrement=False),
    Column("language", String(2)),
    Column("address", Text, nullable=False),
)

# Where a certificate's subscriber reads mail: personal data, in rows that can be erased.
contacts = Table(
    "contacts",
    metadata,
    Column("certificate_id", ForeignKey("certificates.id"), primary_key=True, autoincrement=False),
    Column("email", String(254), nullable=False),
    Column("language", String(2), CheckConstraint("language IN ('nl', 'en')", name="language"), nullable=False),
)

# Which certificates have a key, by the SHA-256 of its SubjectPublicKeyInfo: of its usual form, and of the octets in the
# certificate where these differ. Without the certificate itself no key is known.
certificate_keys = Table(
    "certificate_keys",
    metadata,
    Column("key_sha256", LargeBinary(32), primary_key=True),
    Column("issuer_id", Integer, primary_key=True),
    Column("serial", SerialNumber, primary_key=True),
    ForeignKeyConstraint(["issuer_id", "serial"], ["certificates.issuer_id", "certificates.serial"]),
    # Its key is all that there is of a row.
    sqlite_with_rowid=False,
)

# Keys that are no secret any more, by the same hash: no certificate may be issued for one (BR 6.1.1.3). *evidence* is
# what proved it; what a list or an operator said has a *note* of where it comes from.
compromised_keys = Table(
    "compromised_keys",
    metadata,
    Column("key_sha256", LargeBinary(32), primary_key=True),
    Column("since", UtcDateTime, nullable=False),
    Column(
        "source",
        String(10),
        CheckConstraint("source IN ('proof', 'list', 'operator')", name="source"),
        nullable=False,
    ),
    Column("note", Text, nullable=False),
    Column("evidence", LargeBinary),
)
