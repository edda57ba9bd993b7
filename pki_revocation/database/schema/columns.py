"""Column types that SQLite and PostgreSQL need alike."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator

from pki_revocation.encoding import serials


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
    """A certificate's serial number, kept as octets (`serials.stored`): 160 bits overflow every integer column."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Whole octets without leading zeros; those of zero and of negative ones begin with one."""
        return None if value is None else serials.stored(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> int | None:  # noqa: ANN401, ARG002 - SQLAlchemy's signature
        """The serial as an integer."""
        return None if value is None else serials.from_stored(value)


class CrlNumber(TypeDecorator[int]):
    """A CRL number, kept in twenty octets, so that the order of the octets is the numbers' (RFC 5280 section 5.2.3)."""

    impl = LargeBinary(20)
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - SQLAlchemy's signature
        """The number in twenty octets, which sort as numbers do."""
        return None if value is None else value.to_bytes(20)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> int | None:  # noqa: ANN401, ARG002 - SQLAlchemy's signature
        """The CRL number as an integer."""
        return None if value is None else int.from_bytes(value)
