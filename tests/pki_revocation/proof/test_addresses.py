"""Where the installation's own services are asked: what their sections say, and the same where they say nothing."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from crl_publisher.config import DistributionSettings
from ocsp_responder.config import OcspSettings
from pki_revocation.config.installation import Installation
from pki_revocation.proof.addresses import ServiceAddress, distribution_address, ocsp_address


def configured(**document: object) -> Installation:
    """An installation whose configuration says this."""
    return Installation(directory=Path("/nowhere"), config=Path("/nowhere/config.toml"), document=document)


@pytest.mark.parametrize("document", [{}, {"ocsp": {}, "distribution": {}}])
def test_defaults_are_those_of_the_services(document: dict[str, object]) -> None:
    """The core may not import the packages above it: here is where their defaults and its copies must agree."""
    installation = configured(**document)
    for address, settings in (
        (ocsp_address(installation), OcspSettings()),
        (distribution_address(installation), DistributionSettings()),
    ):
        assert address.public == settings.public_url
        assert address.here == f"http://{settings.host}:{settings.port}{urlsplit(settings.public_url).path}"


def test_this_machine_is_asked_first_and_the_public_address_then() -> None:
    """At the port and the path on which the service listens, and never at 0.0.0.0."""
    installation = configured(
        ocsp={"public_url": "http://ocsp.example/a/b", "host": "0.0.0.0", "port": 9000},  # noqa: S104 - to be read
        distribution={"public_url": "http://crl.example", "host": "::1", "port": 9001},
    )
    assert ocsp_address(installation).candidates == ("http://127.0.0.1:9000/a/b", "http://ocsp.example/a/b")
    assert distribution_address(installation).below("crl/x.crl").candidates == (
        "http://[::1]:9001/crl/x.crl",
        "http://crl.example/crl/x.crl",
    )


def test_one_address_is_tried_once() -> None:
    """Where the public address is the one on this machine."""
    assert ServiceAddress(public="http://a", here="http://a").candidates == ("http://a",)
