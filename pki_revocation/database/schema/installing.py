"""What an installation remembers of itself."""

from sqlalchemy import Column, String, Table, Text

from .base import metadata
from .columns import UtcDateTime

# The fingerprints of its secrets, so that no second one is taken for the first; and when it was backed up last, and a
# backup tried.
installation_marks = Table(
    "installation_marks",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
