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


@pytest.mark.parametrize(
    "written", [["192.0.2.1", "2001:db8::/48"], ["192.0.2.1, 2001:db8::/48"], "192.0.2.1,2001:db8::/48", ["192.0.2.1"]]
)
def test_proxies_are_a_list_or_a_text(written: object) -> None:
    """As TOML has lists, and as the setting has been written so far: the same networks."""
    found = load_section(LimitSettings, {"limits": {"trusted_proxies": written}}).trusted_proxies

    assert found.trusts("192.0.2.1")
    assert found.trusts("2001:db8:0:1::5") is ("2001" in str(written))
    assert not found.trusts("192.0.2.2")


@pytest.mark.parametrize("written", ["", [], "  ", " , "])
def test_no_proxies_may_be_written_too(written: object) -> None:
    """An empty list is none."""
    assert not load_section(LimitSettings, {"limits": {"trusted_proxies": written}}).trusted_proxies.trusts("::1")


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (True, "[limits] trusted_proxies: True is neither a text with commas nor a list of texts."),
        (127, "[limits] trusted_proxies: 127 is neither a text with commas nor a list of texts."),
        ({"a": "b"}, "[limits] trusted_proxies: {'a': 'b'} is neither a text with commas nor a list of texts."),
        ([127], '[limits] trusted_proxies: 127 is not an address in quotes, as in ["127.0.0.1"].'),
        ([["127.0.0.1"]], "[limits] trusted_proxies: ['127.0.0.1'] is not an address in quotes"),
        ([""], "[limits] trusted_proxies: '' is neither an address nor a network."),
        (["127.0.0.1", "proxy"], "[limits] trusted_proxies: 'proxy' is neither an address nor a network."),
        ("localhost", "[limits] trusted_proxies: 'localhost' is neither an address nor a network."),
        ("127.0.0.1:8443", "[limits] trusted_proxies: '127.0.0.1:8443' is neither an address nor a network."),
        ("10.1.0.4/16", "'10.1.0.4/16' is neither an address nor a network: 10.1.0.0/16 is one."),
        (["10.0.0.0/33"], "'10.0.0.0/33' is neither an address nor a network."),
        ("127.0.0.1 10.0.0.1", "'127.0.0.1 10.0.0.1' is neither an address nor a network."),
        ("0.0.0.0/0", "'0.0.0.0/0' is every address, so that each client could say of itself where it comes from."),
        (["::/0"], "'::/0' is every address"),
    ],
)
def test_proxies_that_cannot_be_are_told_in_a_sentence(written: object, says: str) -> None:
    """Which part, and what to write."""
    with pytest.raises(ConfigurationError) as refused:
        load_section(LimitSettings, {"limits": {"trusted_proxies": written}})

    assert says in str(refused.value)
