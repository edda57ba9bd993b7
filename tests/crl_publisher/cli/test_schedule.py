"""`schedule` as somebody types it: seen, tried, set, handed over, approved, taken back, and refused in one sentence."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pki_revocation.cli.program import program
from pki_revocation.clock import SystemClock, iso
from pki_revocation.database.lease import Lease
from tests.crl_publisher.installations import Installed, install
from tests.databases import new_sqlite
from tests.pki import CertificateAuthority

HOUR = timedelta(hours=1)


@pytest.fixture
def installed(tmp_path: Path, authority: CertificateAuthority) -> Iterator[Installed]:
    """An installation on SQLite."""
    with new_sqlite(tmp_path / "revocation.db") as database:
        yield install(tmp_path, database, authority)


def run(installed: Installed, *words: str, account: str = "anna") -> Result:
    """Run a command in this process, as whoever called sudo."""
    return CliRunner(env={"SUDO_USER": account}).invoke(
        program, ["schedule", *words, "--directory", str(installed.installation.directory)]
    )


def answer(installed: Installed, *words: str) -> dict[str, object]:
    """What a command says as JSON."""
    result = run(installed, *words, "--json")
    assert result.exit_code == 0, result.output
    value: dict[str, object] = json.loads(result.stdout)
    return value


def said(installed: Installed, *words: str, account: str = "anna") -> str:
    """What a command says to people."""
    result = run(installed, *words, account=account)
    assert result.exit_code == 0, result.output
    return result.output


def refused(installed: Installed, *words: str, account: str = "anna") -> str:
    """One sentence, and a status that says no."""
    result = run(installed, *words, account=account)
    assert result.exit_code == 1, result.output
    assert len(result.output.strip().splitlines()) == 1
    assert result.output.startswith("Error: ")
    return result.output


def careful(installed: Installed) -> None:
    """From here on, somebody else has to approve."""
    config = installed.installation.config
    config.write_text(config.read_text().replace("[publisher]", "[publisher]\nsecond_person = true"))


def test_show_says_rules_versions_and_what_is_next(installed: Installed) -> None:
    """Before anything is written it is the configuration; a change is a version, with who made it."""
    before = answer(installed, "show")
    assert (before["publisher"], before["issuers"], before["versions"]) == (None, {"issuing": None}, [])
    assert "the publisher, or the first change, writes" in said(installed, "show")
    CliRunner().invoke(program, ["crl", "publish", "--directory", str(installed.installation.directory)])
    lease = Lease(name="crl-publisher", database=installed.database, clock=SystemClock(), length=timedelta(seconds=30))
    lease.hold()
    said(installed, "set", "period=2h")
    said(installed, "rotate", "period=3h", "--at", "+5h")

    after = answer(installed, "show")
    text = said(installed, "show")

    assert (after["period"], after["validity"], after["version"], after["publisher"]) == ("2h", "2d", 2, lease.holder)
    assert isinstance(after["issuers"], dict)
    assert after["issuers"]["issuing"]["next_at"] > after["issuers"]["issuing"]["published_at"]
    assert isinstance(after["versions"], list)
    assert [version["state"] for version in after["versions"]] == ["past", "in force", "planned"]
    assert [version["proposed_by"] for version in after["versions"]] == ["the configuration", "anna", "anna"]
    assert "the next one at" in text
    assert "3  planned, from" in text


def test_set_says_what_changed_and_keeps_the_rest(installed: Installed) -> None:
    """Each value as it was and as it is."""
    assert "period 1h -> 2h; zone UTC -> Europe/Amsterdam" in said(
        installed, "set", "period=2h", "zone=Europe/Amsterdam"
    )
    assert "calendar none -> 0 */6 * * *" in said(installed, "set", "calendar=0 */6 * * *", "--by", "carol")
    assert answer(installed, "show")["zone"] == "Europe/Amsterdam"


def test_version_is_a_document_that_set_takes(installed: Installed, tmp_path: Path) -> None:
    """`show VERSION` prints it, `--file` reads it."""
    said(installed, "set", "period=2h")
    file = tmp_path / "first.toml"
    file.write_text(said(installed, "show", "1"))

    assert 'period = "1h"' in file.read_text()
    assert "period 2h -> 1h" in said(installed, "set", "--file", str(file))
    assert answer(installed, "show", "2")["proposed_by"] == "anna"
    assert "no version 9" in refused(installed, "show", "9")


def test_rotate_rollback_and_withdraw(installed: Installed) -> None:
    """A handover for later, taken back; a change for now, rolled back."""
    at = SystemClock().now() + 5 * HOUR
    planned = answer(installed, "rotate", "period=3h", "--at", iso(at))
    assert (planned["version"], planned["effective_from"]) == (2, iso(at))

    assert "will not come into force" in said(installed, "withdraw", "2")
    said(installed, "set", "period=2h")
    assert "period 2h -> 1h" in said(installed, "rollback")
    assert "as version 1" in said(installed, "show")


def test_second_person_approves(installed: Installed) -> None:
    """The one who proposed it cannot, and until then nothing changes."""
    careful(installed)
    assert "Another person approves it: pki-revocation schedule approve 2" in said(installed, "set", "period=2h")
    assert "waits for 'schedule approve'" in said(installed, "show")
    assert answer(installed, "show")["period"] == "1h"
    assert "another person approves" in refused(installed, "approve", "2")

    assert "Version 2 counts from" in said(installed, "approve", "2", account="bob")
    assert answer(installed, "show")["period"] == "2h"
    assert "approved by bob" in said(installed, "show")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["set", "period=12h", "validity=13h"], "no CRL would be valid"),
        (["set", "period=25h"], "ETSI EN 319 411-1 CSS-6.3.9-05"),
        (["set"], "Nothing would change"),
        (["set", "colour=red"], "changes nothing"),
        (["set", "period=2h", "--file", "x.toml"], "not both"),
        (["set", "--file", "none.toml"], "cannot be read"),
        (["rotate", "period=2h", "--at", "yesterday"], "is no time"),
        (["rotate", "period=2h", "--at", "2020-01-01T00:00:00Z"], "is past"),
        (["rollback"], "nothing else was in force"),
        (["withdraw", "7"], "There is no version 7"),
        (["preview", "--horizon", "0s"], "nothing to look at"),
        (["preview", "--horizon", "soon"], "no length of time"),
        (["preview", "--outage", "now"], "START/LENGTH"),
        (["preview", "--at", "+2h"], "give some as KEY=VALUE"),
        (["preview", "--svg", "/nowhere/at/all.svg"], "cannot be written"),
        (["show", "--issuer", "nobody"], "nobody"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(installed: Installed, words: list[str], sentence: str) -> None:
    """Never a traceback, and nothing is written."""
    assert sentence in refused(installed, *words)
    assert len(answer(installed, "show")["versions"] or []) <= 1  # type: ignore[arg-type] # a list


def test_preview_shows_runs_outages_and_verdict(installed: Installed, tmp_path: Path) -> None:
    """A table for people, JSON for programs, a picture for both; nothing is saved by looking."""
    picture = tmp_path / "preview.svg"
    changes = ("calendar=0 */6 * * *", "zone=Europe/Amsterdam", "validity=30h")
    words = ("--from", "2026-10-24T12:00", "--horizon", "2d", "--outage", "2026-10-25T01:00/9h", "--svg", str(picture))

    text = said(installed, "preview", *changes, *words)
    facts = answer(installed, "preview", *changes, *words)

    assert "clocks are changed in Europe/Amsterdam" in text
    assert "late by 5h00m" in text
    assert "Every instant has a valid CRL." in text
    assert facts["refused"] is None
    assert facts["gaps"] == []
    assert ET.parse(picture).getroot().get("role") == "img"  # noqa: S314 - our own
    assert answer(installed, "show")["versions"] == []


def test_preview_of_a_gap_names_it_and_does_not_fail(installed: Installed) -> None:
    """Looking is no mistake."""
    text = said(
        installed, "preview", "period=12h", "validity=13h", "--horizon", "3d", "--rows", "3", "--outage", "+1h/3d"
    )

    assert "lines more: --rows shows them" in text
    assert "No valid CRL for" in text
    assert "It cannot be saved: At " in text


def test_preview_of_a_handover(installed: Installed) -> None:
    """With --at, the present schedule first; times without a zone are the schedule's."""
    facts = answer(installed, "preview", "period=2h", "--at", "+3h", "--horizon", "6h")

    assert isinstance(facts["runs"], list)
    hours = [
        datetime.fromisoformat(run["at"]) - datetime.fromisoformat(facts["runs"][0]["at"]) for run in facts["runs"]
    ]
    assert [round(each / HOUR) for each in hours] == [0, 1, 2, 3, 5]
    assert [run["version"] for run in facts["runs"]] == [1, 1, 1, 2, 2]


def test_publisher_does_not_start_with_a_schedule_that_leaves_a_gap(installed: Installed) -> None:
    """At once, and in one sentence: not silently, until the CRL has lapsed."""
    config = installed.installation.config
    plain = config.read_text()
    config.write_text(plain.replace("[publisher]", '[publisher]\nperiod = "12h"\nvalidity = "13h"'))

    done = installed.run("publisher")
    shown = refused(installed, "set", "jitter=1m")

    assert done.returncode == 1
    assert "Error: The schedule of the section [publisher] cannot be used. At " in done.stderr
    assert "Traceback" not in done.stderr
    assert "cannot be used" in shown


def test_planned_version_is_named_and_shown(installed: Installed) -> None:
    """A change before it is refused until it is said what becomes of it; `show` says what the plan changes."""
    said(installed, "rotate", "period=2h", "--at", "+1h", "--reason", "CHG-1")
    assert "Version 2 is planned for" in refused(installed, "set", "validity=3d")
    rebased = said(installed, "set", "validity=3d", "--planned", "rebase", "--reason", "INC-7", account="jan")
    shown = said(installed, "show")
    versions = answer(installed, "show")["versions"]

    assert "Version 2, which was planned, was withdrawn." in rebased
    assert "Version 4, version 2 made anew, takes over at" in rebased
    assert "period 1h -> 2h" in rebased
    assert "changes period 1h -> 2h" in shown
    assert "(INC-7)" in shown
    assert isinstance(versions, list)
    assert versions[-1]["changes"] == {"period": {"before": "1h", "after": "2h"}}
    assert [each["reason"] for each in versions] == [None, "CHG-1", "INC-7", "INC-7"]


def test_diff_of_two_versions(installed: Installed) -> None:
    """Either way round, and as JSON."""
    said(installed, "set", "period=2h", "zone=Europe/Amsterdam")

    assert said(installed, "diff", "1", "2") == "period: 1h -> 2h\nzone: UTC -> Europe/Amsterdam\n"
    assert answer(installed, "diff", "2", "1")["period"] == {"before": "2h", "after": "1h"}
    assert "says the same" in said(installed, "diff", "2", "2")
    assert "no version 7" in refused(installed, "diff", "1", "7")


def test_runs_are_shown_against_the_plan(installed: Installed) -> None:
    """What the record has as published, for the time that was asked about."""
    CliRunner().invoke(program, ["crl", "publish", "--directory", str(installed.installation.directory)])
    found = answer(installed, "runs", "--since", "1h")

    assert (found["issuer"], found["missed"]) == ("issuing", 0)
    assert "runs were planned since" in said(installed, "runs")
    assert "0 missed" in said(installed, "runs", "--late", "--rows", "0")
    assert "--since" in refused(installed, "runs", "--since", "0s")
    assert "--since" in refused(installed, "runs", "--since", "soon")


def test_weaker_profile_is_said_by_doctor(installed: Installed) -> None:
    """Who set it, and why, for as long as it is in force."""
    weaker = ("set", "profile=pkix", "outage_allowance=0s", "validity=25h")
    assert "--weaker" in refused(installed, *weaker)
    assert "--weaker" in refused(installed, *weaker, "--weaker")
    said(installed, *weaker, "--weaker", "--reason", "CHG-3: lab")
    told = CliRunner().invoke(program, ["doctor", "--directory", str(installed.installation.directory)]).output
    line = next(each for each in told.splitlines() if "schedule of issuing" in each)
    said(installed, "set", "profile=br etsi")
    after = CliRunner().invoke(program, ["doctor", "--directory", str(installed.installation.directory)]).output

    assert "version 2 of anna has the profile pkix, weaker than br etsi of version 1: CHG-3: lab" in line
    assert "schedule of issuing" not in after
