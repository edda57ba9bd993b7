"""A schedule as text: there and back, changes by key, and every bound with its clause."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from crl_publisher.scheduling.document import (
    as_document,
    as_json,
    as_toml,
    changed,
    differences,
    from_document,
    from_file,
    from_json,
)
from crl_publisher.scheduling.errors import ScheduleRefused
from crl_publisher.scheduling.schedule import AfterRevocation, Schedule

FULL = {
    "profile": "br microsoft",
    "calendar": "0 */6 * * mon-fri",
    "zone": "Europe/Amsterdam",
    "jitter": "5m",
    "blackout": "sat 08:00-12:00; 01:00-02:00",
    "validity": "6d",
    "overlap": "12h",
    "outage_allowance": "8h",
    "delta_period": "1h",
    "delta_validity": "1d",
    "after_revocation": "delta",
    "publish_within": "10s",
    "minimum_interval": "3s",
    "backdate": "2m",
}


def test_every_value_comes_back(tmp_path: Path) -> None:
    """Through JSON, a TOML file and a JSON file."""
    schedule = from_document(FULL)

    assert as_document(schedule) == FULL
    assert from_json(as_json(schedule)) == schedule
    for name, text in (("a.toml", as_toml(schedule)), ("a.json", as_json(schedule))):
        file = tmp_path / name
        file.write_text(text)
        assert from_file(file) == schedule
    assert schedule.after_revocation is AfterRevocation.DELTA
    assert schedule.delta_lifetime == timedelta(days=1)


def test_change_of_a_key_leaves_the_others() -> None:
    """A calendar and a period take each other's place; `none` takes a value away; dashes will do."""
    schedule = from_document(FULL)

    periodic = changed(schedule, ["period=12h", "outage-allowance=2h"])
    assert (periodic.calendar, periodic.period) == (None, timedelta(hours=12))
    assert differences(schedule, periodic) == {
        "period": ("none", "12h"),
        "calendar": ("0 */6 * * mon-fri", "none"),
        "outage_allowance": ("8h", "2h"),
    }
    assert changed(periodic, ["calendar=0 */6 * * mon-fri", "outage_allowance=8h"]) == schedule
    without = changed(schedule, ["delta_validity=none", "after_revocation=complete", "delta_period=none"])
    assert without.delta_period is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["colour=red"], "changes nothing: write KEY=VALUE, with one of profile, period"),
        (["period"], "changes nothing"),
        (["period=soon"], "'soon' is no length of time"),
        (["zone=Mars"], "no time zone"),
        (["profile=fips"], "they are pkix, br, etsi, microsoft, ca"),
        (["profile= "], "no profile is named"),
        (["period=30s"], "1m to 365d"),
        (["jitter=2h"], "0s to 1h"),
        (["after_revocation=never"], "none of complete, delta"),
    ],
)
def test_wrong_change_is_one_sentence(change: list[str], words: str) -> None:
    """With what was wrong, and what may be written."""
    with pytest.raises(ScheduleRefused, match=words):
        changed(Schedule(), change)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["period=25h", "validity=5d"], "ETSI EN 319 411-1 CSS-6.3.9-05"),
        (["period=24h", "validity=5d"], "period, jitter and backdate together"),
        (["profile=br", "period=5d", "validity=9d"], "BR 4.9.7: at least every 4 days"),
        (["validity=11d"], "BR 7.2: nextUpdate at most 10 days"),
        (["publish_within=25h"], "BR 4.9.7: within 24 hours"),
        (["profile=etsi", "publish_within=25h"], "REV-6.2.4-03A"),
        (["profile=microsoft", "publish_within=25h"], "Microsoft root program 2.1.13"),
        (["profile=ca", "period=200d", "validity=365d", "publish_within=25h"], "BR 4.9.7: within 24 hours"),
        (["profile=ca br", "period=200d", "validity=365d"], "BR 7.2: nextUpdate at most 10 days"),
        (["validity=1h"], "CRLs lapse before the next one"),
        (["minimum_interval=5s"], "a second revocation would wait too long"),
        (["period=10m", "jitter=10m"], "would overtake"),
        (["delta_validity=1h"], "need a delta_period"),
        (["after_revocation=delta"], "need a delta_period"),
        (["delta_period=1h"], "or no delta ever comes"),
        (["delta_period=10m", "delta_validity=3d"], "would outlive"),
        (["period=3d", "validity=9d", "profile=br", "delta_period=1h", "after_revocation=delta"], "within 24 hours"),
    ],
)
def test_broken_rule_names_its_clause(change: list[str], words: str) -> None:
    """Each profile's own; of several the strictest counts."""
    with pytest.raises(ScheduleRefused, match=words):
        changed(Schedule(), change)


def test_deltas_make_up_for_rare_complete_crls_under_etsi() -> None:
    """CSS-6.3.9-05 asks for a CRL or a delta every 24 hours."""
    change = ["profile=etsi", "period=72h", "validity=9d"]
    with pytest.raises(ScheduleRefused, match=r"CSS-6\.3\.9-05"):
        changed(Schedule(), change)

    assert changed(Schedule(), [*change, "delta_period=12h"]).delta_period == timedelta(hours=12)


def test_what_is_no_schedule_is_refused(tmp_path: Path) -> None:
    """A file that is missing or broken, JSON of another kind, an unknown key."""
    broken = tmp_path / "broken.toml"
    broken.write_text("period = ")
    for file, words in ((tmp_path / "none.toml", "cannot be read"), (broken, "not valid TOML")):
        with pytest.raises(ScheduleRefused, match=words):
            from_file(file)
    for text, words in (("[", "no JSON"), ("[]", "no JSON object"), (json.dumps({"colour": "red"}), "unknown setting")):
        with pytest.raises(ScheduleRefused, match=words):
            from_json(text)
