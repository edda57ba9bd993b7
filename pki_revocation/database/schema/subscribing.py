"""What subscribers try, what they are mailed, and when the page is closed to them."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, LargeBinary, String, Table, Text

from .base import metadata
from .columns import UtcDateTime

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

# Numbers at which failures pile up: from the first alarm until there was no failure for a while is one episode.
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

# Proxies that requests of late came through and that do not say where from, so that all clients are one source: not
# named in the configuration, or silent. Written by the page's service, read by `doctor`.
proxy_sightings = Table(
    "proxy_sightings",
    metadata,
    Column("address", String(64), primary_key=True),
    Column("trouble", String(16), CheckConstraint("trouble IN ('unnamed', 'silent')", name="trouble"), nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
)

# Nonces of proofs that were taken, until they are too old to be taken again: no proof counts twice, on any node.
used_nonces = Table(
    "used_nonces",
    metadata,
    Column("nonce", LargeBinary(16), primary_key=True),
    Column("expires_at", UtcDateTime, nullable=False),
)
Index("ix_used_nonces_expires_at", used_nonces.c.expires_at)

# Proofs by a certificate's own key that were shown what they would revoke, until the time to confirm is over.
shown_proofs = Table(
    "shown_proofs",
    metadata,
    Column("proof_sha256", LargeBinary(32), primary_key=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("kind", String(10), nullable=False),
    Column("evidence", LargeBinary, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)
Index("ix_shown_proofs_expires_at", shown_proofs.c.expires_at)

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

# While the row exists, and its end has not come, the subscriber's page is closed for maintenance.
maintenance = Table(
    "maintenance",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="single"), primary_key=True),
    Column("since", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("message", Text, nullable=False),
    Column("message_en", Text, nullable=False),
)
