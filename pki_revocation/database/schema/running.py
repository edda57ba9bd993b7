"""Which services are expected to run, and what the last failure of one was."""

from sqlalchemy import Column, String, Table, Text

from .base import metadata
from .columns import UtcDateTime

# A responder is expected from its first report on, until an operator takes it out.
expected_responders = Table(
    "expected_responders",
    metadata,
    Column("name", String(300), primary_key=True),
    Column("registered_at", UtcDateTime, nullable=False),
    Column("reported_at", UtcDateTime, nullable=False),
)

# What fails now, or failed last: a row for each item of a service, gone when it works again.
service_failures = Table(
    "service_failures",
    metadata,
    Column("service", String(32), primary_key=True),
    Column("item", String(300), primary_key=True),
    Column("sentence", Text, nullable=False),
    Column("since", UtcDateTime, nullable=False),
)
