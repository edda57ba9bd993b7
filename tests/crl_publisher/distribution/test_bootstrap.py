"""The distribution service as an installation configures it: how long its answers may be kept."""

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from werkzeug.test import Client

from crl_publisher.distribution import bootstrap
from pki_revocation.config.installation import Installation
from tests.crl_publisher.crl.test_frame import AUTHORITY, crl


def max_age(folder: Path, *, published_ago: timedelta) -> int:
    """What a cache is told of a CRL that was published so long ago, with CRLs every minute."""
    (folder / "config.toml").write_text('[publisher]\nperiod = "1m"\nvalidity = "1h"\npublish_within = "10s"\n')
    (folder / "published/crl").mkdir(parents=True)
    (folder / "published/aia").mkdir()
    (folder / "published/aia/issuing.cer").write_bytes(AUTHORITY.certificate.public_bytes(Encoding.DER))
    file = folder / "published/crl/issuing.crl"
    file.write_bytes(crl(until=AUTHORITY.certificate.not_valid_after_utc))
    at = time.time() - published_ago.total_seconds()
    os.utime(file, (at, at))
    client = Client(bootstrap.application(Installation.open(folder)).wsgi)

    response = client.get("/crl/issuing.crl", buffered=True)

    assert response.status_code == 200
    assert response.cache_control.max_age is not None
    return response.cache_control.max_age


@pytest.mark.parametrize(
    ("seconds", "least", "most"),
    [(1, 10, 10), (49, 8, 10), (55, 1, 5), (200, 10, 10)],
)
def test_max_age_ends_with_the_next_run(seconds: int, least: int, most: int, tmp_path: Path) -> None:
    """The promise after a revocation, cut by the routine's next run; when that is overdue, the promise again."""
    assert least <= max_age(tmp_path, published_ago=timedelta(seconds=seconds)) <= most


def test_a_foreign_link_keeps_the_service_ready(tmp_path: Path) -> None:
    """All CRLs are served, and no database is needed to know it."""
    max_age(tmp_path, published_ago=timedelta())
    (tmp_path / "published/crl/foreign.crl").symlink_to("/etc/hostname")
    application = bootstrap.application(Installation.open(tmp_path))

    assert application.ready is not None
    application.ready()
