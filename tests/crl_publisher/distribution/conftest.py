"""The distribution service on a folder of published files, as clients and caches ask it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crl_publisher.distribution.app import create_app
from crl_publisher.issuing.issuance import CrlIssuance
from pki_revocation.model import Issuer
from tests.crl_publisher.population import Population
from tests.fakes import FakeClock

PROMISE = timedelta(seconds=5)


class ReadingClient(FlaskClient):
    """Reads each answer to its end and lets it go, as a server does."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:  # noqa: ANN401 - Flask's own signature
        """Ask, read, close."""
        return super().open(*args, **({"buffered": True} | kwargs))


@pytest.fixture
def app(root: Path, clock: FakeClock) -> Flask:
    """The service on the folder of published files."""
    app = create_app(root, clock=clock, until_next=lambda _path, _published_at: PROMISE)
    app.test_client_class = ReadingClient
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Asks it."""
    return app.test_client()


@pytest.fixture
def data(issuance: CrlIssuance, issuer: Issuer, population: Population, public_file: Path) -> bytes:
    """A CRL that is public, and the CA's certificate beside it."""
    population.issue_revoked(3)
    issuance.prepare(issuer)
    issuance.publish(issuer)
    return public_file.read_bytes()
