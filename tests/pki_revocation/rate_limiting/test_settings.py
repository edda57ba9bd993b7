"""[limits]: the defaults, and how far each may be moved."""

from datetime import timedelta

import pytest

from pki_revocation.config.sections import load_section
from pki_revocation.errors import ConfigurationError
from pki_revocation.rate_limiting.client_address import TrustedProxies
from pki_revocation.rate_limiting.settings import LimitSettings

# By setting: its default, and the first and last value that it may have, with those beyond.
BOUNDS: dict[str, tuple[object, tuple[object, object], tuple[object, object]]] = {
    "window": (timedelta(minutes=15), ("5m", "60m"), ("299s", "3601s")),
    "per_number": (5, (3, 100), (2, 101)),
    "per_source": (30, (5, 1000), (4, 1001)),
    "per_source_when_busy": (3, (1, 100), (0, 101)),
    "overall_per_minute": (300, (10, 100_000), (9, 100_001)),
    "alarm_after": (5, (3, 100), (2, 101)),
    "episode": (timedelta(hours=24), ("1h", "7d"), ("3599s", "604801s")),
    "most_rows": (200_000, (10_000, 5_000_000), (9_999, 5_000_001)),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_limits_have_bounds(name: str) -> None:
    """Both ends may be chosen, and nothing beyond them."""
    default, allowed, beyond = BOUNDS[name]
    assert getattr(LimitSettings(), name) == default
    for value in allowed:
        load_section(LimitSettings, {"limits": {name: value}})
    for value in beyond:
        with pytest.raises(ConfigurationError, match=name):
            load_section(LimitSettings, {"limits": {name: value}})


def test_no_proxy_is_trusted_unless_it_is_named() -> None:
    """And those that are named are shown as they were written."""
    assert LimitSettings().trusted_proxies == TrustedProxies()
    written = "192.0.2.1, 2001:db8::/48"
    found = load_section(LimitSettings, {"limits": {"trusted_proxies": written}})
    assert str(found.trusted_proxies) == written
