"""The times of a certificate's validity, in every form that X.680 allows."""

from datetime import UTC, datetime, timedelta

from .der import GENERALIZED_TIME, UTC_TIME
from .values import Span

# UTCTime has two digits of the year, 50 and above of the last century (RFC 5280 section 4.1.2.5.1).
_CENTURY_TURN = 50
_TIME_DIGITS = 14
# With hours alone, with minutes, with seconds.
_TIMES = frozenset({10, 12, _TIME_DIGITS})


def moment_of(der: bytes, place: Span) -> datetime | None:
    """A time with seconds or without, in UTC or with its difference from it; None for what is none.

    X.680 sections 46 and 47 allow what RFC 5280 section 4.1.2.5 does not. A fraction of a second is left out.
    """
    text = der[place.begin : place.end]
    if place.tag == UTC_TIME:
        text = (b"19" if text[:2] >= b"%d" % _CENTURY_TURN else b"20") + text
    elif place.tag != GENERALIZED_TIME:
        return None
    digits = len(text) - len(text.lstrip(b"0123456789"))
    if digits not in _TIMES:
        return None
    zone = text[digits:].lstrip(b".,0123456789")
    whole = text[:digits].ljust(_TIME_DIGITS, b"0")
    try:
        moment = datetime(
            int(whole[:4]),
            int(whole[4:6]),
            int(whole[6:8]),
            int(whole[8:10]),
            int(whole[10:12]),
            int(whole[12:]),
            tzinfo=UTC,
        )
        return moment if zone in {b"", b"Z"} else moment - _ahead(zone)
    except (ValueError, OverflowError):
        return None


def _ahead(zone: bytes) -> timedelta:
    """How far a zone such as +0100 is ahead of UTC.

    Raises:
        ValueError: when it is none.
    """
    sign, hours, minutes = zone[:1], zone[1:3], zone[3:]
    ahead = timedelta(hours=int(hours), minutes=int(minutes or b"0"))
    if sign not in {b"+", b"-"}:
        raise ValueError(zone)
    return ahead if sign == b"+" else -ahead
