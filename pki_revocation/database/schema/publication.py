"""What the publisher keeps: entries, CRLs, requests, schedules, and what outlets hold and the probe found."""

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
    false,
)

from .base import metadata
from .columns import CrlNumber, SerialNumber, UtcDateTime

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

# Segments of the entries, concatenated: each from *first* to where the shard's next one begins. *octets* is NULL while
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

# A command asks the running publisher for a CRL now, and waits for the number of the one that answers it. *scope* is
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
    # Why: a ticket, or a sentence.
    Column("reason", Text),
    Column("approved_reason", Text),
    Column("withdrawn_reason", Text),
    # The version that was in force, or was to be, where this one takes over: what it changes, it changes of that one.
    Column("based_on", Integer),
    # The planned version that this one is, made anew on top of a change that came before it.
    Column("rebases", Integer),
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
