"""CRL numbers: strictly above everything that was used, at least Unix seconds, and in 64 bits."""

from datetime import UTC, datetime

import pytest

from crl_publisher.errors import NumberExhausted
from crl_publisher.issuing.numbering import next_number

MOMENT = datetime(2026, 11, 23, 14, 3, 22, tzinfo=UTC)
SECONDS = int(MOMENT.timestamp())


@pytest.mark.parametrize(
    ("reserved", "published", "expected"),
    [
        (None, None, SECONDS),
        (SECONDS - 5, SECONDS - 7, SECONDS),
        (SECONDS, None, SECONDS + 1),
        (SECONDS + 10, SECONDS, SECONDS + 11),
        (SECONDS, SECONDS + 10, SECONDS + 11),
        (None, 20261123140322, 20261123140323),
    ],
)
def test_number_is_the_highest_of_three(reserved: int | None, published: int | None, expected: int) -> None:
    """Last reserved + 1, really published + 1, Unix seconds: whichever is highest."""
    assert next_number(reserved=reserved, published=published, moment=MOMENT) == expected


def test_number_that_does_not_fit_is_refused() -> None:
    """After a public CRL whose number is the largest that BR 7.2.2 allows there is no next one; before it there is."""
    with pytest.raises(NumberExhausted, match=r"2\^159"):
        next_number(reserved=None, published=(1 << 159) - 1, moment=MOMENT)
    assert next_number(reserved=None, published=(1 << 159) - 2, moment=MOMENT) == (1 << 159) - 1
