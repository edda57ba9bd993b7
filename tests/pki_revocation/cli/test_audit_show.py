"""What operators read back of the audit trail: who did what, when, and for which certificate."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import delete

from pki_revocation.clock import iso
from pki_revocation.config.installation import Installation
from pki_revocation.database.schema import personal_details
from pki_revocation.host.account import account
from tests.pki_revocation.cli.test_revocation import Register


@pytest.fixture
def installed(tmp_path: Path) -> Register:
    """A fresh register with one certificate."""
    return Register(tmp_path)


@pytest.mark.parametrize("named", [None, "anna"])
def test_who_revoked_is_shown_with_the_account(
    installed: Register, named: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What --by says is a claim and LOGNAME another: the account that the system knows stands beside it."""
    monkeypatch.setenv("LOGNAME", "somebody-else")
    monkeypatch.delenv("SUDO_USER", raising=False)
    received = iso(installed.certificate.not_valid_before_utc + timedelta(minutes=30))
    by = () if named is None else ("--by", named)
    done = installed.run(
        "revoke", installed.serial, "--yes", "--channel", "post", "--received-at", received, "--json", *by
    )
    reference = json.loads(done.stdout)["reference"]

    (record,) = json.loads(installed.run("audit", "show", reference, "--json").stdout)
    assert record["event"] == "revocation.made"
    assert record["personal"] == {"operator": named or account(), "account": account(), "received_at": received}
    shown = installed.run("audit", "show", reference.lower()).stdout
    for line in (f"operator: {named or account()}", f"account: {account()}", f"received at: {received}",
                 "channel: post", f"reference: {reference}"):  # fmt: skip
        assert f"    {line}\n" in shown
    assert "somebody-else" not in shown


def test_audit_shows_what_was_done_for_one_certificate(installed: Register) -> None:
    """By its number: its letter and its revocation, in order, and nothing of another; or by kind of act and moment."""
    other = installed.authority.issue("Ander BV", datetime.now(UTC).replace(microsecond=0))
    (installed.folder.parent / "ander.pem").write_bytes(other.public_bytes(Encoding.PEM))
    assert installed.run("certificate", "import", str(installed.folder.parent / "ander.pem")).exit_code == 0
    numbers = [
        json.loads(installed.run("status", serial, "--json").stdout)["number"]
        for serial in (installed.serial, f"{other.serial_number:x}")
    ]
    assert installed.run("letter", numbers[0], "--letters", str(installed.folder / "letters")).exit_code == 0
    for number in numbers:
        assert installed.run("revoke", number, "--yes").exit_code == 0

    def events(*words: str) -> list[str]:
        return [each["event"] for each in json.loads(installed.run("audit", "show", *words, "--json").stdout)]

    assert events(numbers[0]) == ["codes.issued", "revocation.made"]
    assert events(numbers[1]) == ["revocation.made"]
    assert events("--event", "revocation") == ["revocation.made"] * 2
    assert events("--event", "revocation.made", "--limit", "1") == ["revocation.made"]
    assert events("--event", "revoc") == []
    assert events("--since", "2999-01-01T00:00:00Z") == []
    assert "No record is about that." in installed.run("audit", "show", "--event", "nothing").stdout
    everything = installed.run("audit", "show", "--limit", "2").stdout
    assert "These are the newest 2: --limit shows more." in everything
    assert everything.count("(record ") == 2


def test_what_is_shown_does_nothing_to_a_terminal(installed: Register) -> None:
    """A name that an operator claims is text, whatever is in it; what was erased is said to be."""
    assert installed.run("revoke", installed.serial, "--yes", "--by", "an\x1b[2Jna\n").exit_code == 0
    shown = installed.run("audit", "show", "--event", "revocation").stdout
    assert "\x1b" not in shown
    assert '    operator: "an\\u001b[2Jna\\n"\n' in shown
    with Installation.open(installed.folder).database() as database, database.write() as connection:
        connection.execute(delete(personal_details))
    shown = installed.run("audit", "show", "--event", "revocation").stdout
    assert "    operator: erased\n" in shown
    assert installed.run("audit", "verify").exit_code == 0
