"""[ocsp] of the configuration: defaults and bounds."""

from datetime import timedelta

import pytest

from ocsp_responder.config import OcspSettings
from pki_revocation.config.sections import duration, load_section
from pki_revocation.errors import ConfigurationError


def test_defaults() -> None:
    """A day's validity, five minutes in caches, a hundred certificates, on loopback."""
    found = load_section(OcspSettings, {})

    assert (found.validity, found.max_age, found.max_cert_ids) == (timedelta(hours=24), timedelta(minutes=5), 100)
    assert (found.host, found.port, found.operations_port) == ("127.0.0.1", 8462, 8472)
    assert found.public_url == "http://127.0.0.1:8462/ocsp"


@pytest.mark.parametrize("validity", ["8h", "24h", "6d", "604799s"])
def test_validity_within_the_rules(validity: str) -> None:
    """BR 4.9.9 and Microsoft 3.2.2: 8 hours to 7 days, both ends counted."""
    assert load_section(OcspSettings, {"ocsp": {"validity": validity}}).validity >= timedelta(hours=8)


@pytest.mark.parametrize(
    ("key", "value", "clause"),
    [
        ("validity", "7h", "BR 4.9.9"),
        ("validity", "7d", "Microsoft 3.2.2"),
        ("max_age", "301s", "RFC 9919 section 7.2"),
        ("max_age", "0s", "RFC 9919 section 7.2"),
        ("max_cert_ids", 0, "RFC 9919 section 8.4"),
        ("max_cert_ids", 1001, "RFC 9919 section 8.4"),
        ("refresh", "59s", "BR 4.9.10"),
        ("refresh", "85h", "BR 4.9.10"),
        ("retention", "23h", "BR 4.10.1"),
        ("retention", "36501d", "RFC 6960 section 4.4.4"),
    ],
)
def test_beyond_a_bound_is_refused_with_its_clause(key: str, value: object, clause: str) -> None:
    """One sentence that names the setting and where the bound comes from."""
    with pytest.raises(ConfigurationError, match=rf"\[ocsp\] {key} is .*{clause}"):
        load_section(OcspSettings, {"ocsp": {key: value}})


def test_what_the_standards_leave_open_is_off() -> None:
    """No setting of the kind is on unless it is asked for."""
    found = load_section(OcspSettings, {})

    assert (found.refresh, found.requestors, found.retention) == (None, None, None)
    assert (found.extended_revoke, found.revoked_issuer) == (False, False)


@pytest.mark.parametrize(
    ("validity", "refresh"), [("24h", "12h"), ("8h", "4h"), ("24h", "60s"), ("604799s", "302399s")]
)
def test_refresh_within_half_of_validity(validity: str, refresh: str) -> None:
    """BR 4.9.10; Microsoft 3.2.2."""
    found = load_section(OcspSettings, {"ocsp": {"validity": validity, "refresh": refresh}})

    assert found.refresh == duration(refresh)


@pytest.mark.parametrize(("validity", "refresh"), [("24h", "43201s"), ("8h", "12h"), (None, "13h")])
def test_refresh_beyond_half_of_validity_is_refused(validity: str | None, refresh: str) -> None:
    """One sentence with both settings and the clause."""
    table = {"refresh": refresh} | ({} if validity is None else {"validity": validity})

    with pytest.raises(ConfigurationError, match=rf"refresh is {refresh}, .* validity, which is .*BR 4\.9\.10"):
        load_section(OcspSettings, {"ocsp": table})
