"""[publisher]: bounds with their clauses, and settings that would leave a gap."""

from typing import Any

import pytest

from crl_publisher.config import DistributionSettings, PublisherSettings
from pki_revocation.config.sections import load_section
from pki_revocation.errors import ConfigurationError


def test_defaults_go_together() -> None:
    """An empty file gives hourly CRLs, good for 48 hours, within five seconds of a revocation, on the house's ports."""
    settings = load_section(PublisherSettings, {})

    assert settings.period.total_seconds() == 3600
    assert settings.validity.total_seconds() == 48 * 3600
    assert settings.publish_within.total_seconds() == 5
    assert settings.operations_port == 8474
    assert load_section(DistributionSettings, {}).port == 8463


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"period": "25h"}, "ETSI"),
        ({"validity": "11d"}, "BR 7.2"),
        ({"period": "24h"}, "1d: a CRL would be older"),
        ({"period": "5h", "validity": "5h"}, "lapse"),
        ({"minimum_interval": "5s"}, "minimum_interval"),
        ({"publish_within": "25h"}, "BR 4.9.7"),
    ],
)
def test_settings_out_of_bounds_are_refused(table: dict[str, Any], words: str) -> None:
    """Each refusal names the clause, or the two settings that do not go together."""
    with pytest.raises(ConfigurationError, match=words):
        load_section(PublisherSettings, {"publisher": table})
