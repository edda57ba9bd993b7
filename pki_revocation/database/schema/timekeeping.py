"""What ties the boot clocks of machines to the time of day."""

from sqlalchemy import BigInteger, Boolean, Column, String, Table

from .base import metadata
from .columns import UtcDateTime

# One row for each start of a machine: offsets are Unix seconds less seconds of the boot clock, or differences of these.
clock_marks = Table(
    "clock_marks",
    metadata,
    Column("boot_id", String(36), primary_key=True),
    Column("host", String(255), nullable=False),
    Column("wall", UtcDateTime, nullable=False),
    Column("boot_seconds", BigInteger, nullable=False),
    Column("is_proven", Boolean, nullable=False),
    Column("made_by", String(10), nullable=False),
    Column("observed_at", UtcDateTime, nullable=False),
    Column("observed_offset", BigInteger, nullable=False),
    Column("server_offset", BigInteger),
    Column("former_offset", BigInteger),
    Column("suspect_offset", BigInteger),
    Column("suspect_since", BigInteger),
)
