"""Since when the key is not safe: three fields and a time, read in Dutch local time with its summers."""

from datetime import UTC, datetime

import pytest

from pki_revocation.web.date_fields import DateFault, DateFields, InvalidDateFields


def typed(text: str) -> DateFields:
    """From day, month, year and time, with a bar between."""
    names = ("day", "month", "year", "time")
    return DateFields.of({f"compromised_{name}": part for name, part in zip(names, text.split("|"), strict=True)})


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("23|11|2026|15:03", datetime(2026, 11, 23, 14, 3, tzinfo=UTC)),
        ("1|7|2026|9.30", datetime(2026, 7, 1, 7, 30, tzinfo=UTC)),
        (" 01 | 07 | 2026 |", datetime(2026, 6, 30, 22, tzinfo=UTC)),
        ("25|10|2026|02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("1|Mrt.|2026|", datetime(2026, 2, 28, 23, tzinfo=UTC)),
        ("1|maart|2026|", datetime(2026, 2, 28, 23, tzinfo=UTC)),
        ("1|March|2026|", datetime(2026, 2, 28, 23, tzinfo=UTC)),
        ("23-11-2026|||", datetime(2026, 11, 22, 23, tzinfo=UTC)),
        ("2026-11-23|||", datetime(2026, 11, 22, 23, tzinfo=UTC)),
        ("29|2|2024|", datetime(2024, 2, 28, 23, tzinfo=UTC)),
    ],
)
def test_moment_is_read(text: str, moment: datetime) -> None:
    """Figures, a month in words, a whole date in the first field; the hour that comes twice means its first time."""
    assert typed(text).read() == moment


def test_nothing_is_no_moment() -> None:
    """All may stay empty, and may not be sent at all."""
    assert typed(" |||").read() is None
    assert DateFields.of({}).read() is None


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("|||15:03", [DateFault.NO_DATE]),
        ("|||noon", [DateFault.NO_DATE, DateFault.TIME]),
        ("23|||", [DateFault.MONTH, DateFault.YEAR]),
        ("32|13|26|24:00", [DateFault.DAY, DateFault.MONTH, DateFault.YEAR, DateFault.TIME]),
        ("0|0|0000|", [DateFault.DAY, DateFault.MONTH, DateFault.YEAR]),
        ("11|23|2026|", [DateFault.MONTH]),
        ("1|fructidor|2026|", [DateFault.MONTH]),
        ("30|2|2026|", [DateFault.NO_SUCH_DATE]),
        ("29|2|2026|", [DateFault.NO_SUCH_DATE]),
        ("30|2|2026|25:00", [DateFault.NO_SUCH_DATE, DateFault.TIME]),
        ("29|3|2026|02:30", [DateFault.SKIPPED]),
        ("1|1|1900|", [DateFault.YEAR]),
        ("1|1|1950|00:30", [DateFault.YEAR]),
        ("1|1|2026|15:03+02:00", [DateFault.TIME]),
        ("1|1|2026|15", [DateFault.TIME]),
        ("٢٣|11|2026|", [DateFault.DAY]),
        ("23-11-2026|11||", [DateFault.DAY, DateFault.YEAR]),
    ],
)
def test_each_fault_is_named(text: str, faults: list[DateFault]) -> None:
    """Everything that is wrong is said at once, field by field; the hour that summer time skips is wrong too."""
    with pytest.raises(InvalidDateFields) as refused:
        typed(text).read()
    assert list(refused.value.faults) == faults


def test_what_is_shown_again_is_no_code() -> None:
    """Figures and one word; what mixes both, or is long, may be a code and is not shown again."""
    shown = typed("23|fructidor|26|15.03").kept
    assert (shown.day, shown.month, shown.year, shown.time) == ("23", "fructidor", "26", "15.03")
    assert typed("K7Q2-9XYZ|K7Q2|<b>|0123456789012").kept.fields == {}
