"""The way with the private key in a real browser, in both languages, with and without script; and no key revokes."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.sync_api import Browser, expect

from pki_revocation import journal
from pki_revocation.codes import CodeVerifier
from pki_revocation.database.engine import Database
from pki_revocation.encoding.possession.making import make_csr_proof
from pki_revocation.model import Issuer
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.pki_revocation.web.browsing.visitor import Visitor
from tests.subscribers import enrol

KEY = ec.generate_private_key(ec.SECP256R1())
PROOF = make_csr_proof(KEY).decode()


@pytest.fixture
def rows(
    database: Database, issuer: Issuer, authority: CertificateAuthority, clock: FakeClock, verifier: CodeVerifier
) -> "Rows":
    """Two certificates with the key."""
    for name in ("Zorgverzekeraar Waterland-Noord", "Zorgkantoor"):
        enrol(database, issuer, authority.issue(name, clock.now(), key=KEY), clock, verifier)
    return Rows(database, issuer)


class Rows:
    """How many rows the journal has."""

    def __init__(self, database: Database, issuer: Issuer) -> None:
        """Read *database* each time."""
        self._database, self._issuer = database, issuer

    def __len__(self) -> int:
        """Now."""
        with self._database.read() as connection:
            return len(list(journal.entries_after(connection, self._issuer.id, 0)))


@pytest.mark.parametrize(
    ("language", "width", "script"),
    [
        pytest.param("nl", 320, True, id="nl-320"),
        pytest.param("en", 1280, False, id="en-1280-without-script", marks=pytest.mark.long),
    ],
)
def test_whole_way(
    chromium: Browser, address: str, rows: Rows, tmp_path: Path, language: str, width: int, *, script: bool
) -> None:
    """From the first page on: a mistake, a pasted proof, one as a file, check, confirm; Back repeats nothing."""
    visitor = Visitor(chromium, language=language, width=width, script=script)
    page = visitor.page
    page.goto(f"{address}/revoke")
    page.locator("#with-key").click()
    visitor.look("first step")
    page.locator("#proof").fill("no proof")
    page.locator("#continue").click()
    expect(page.locator("#form-errors")).to_be_visible()
    page.locator("#proof").fill(PROOF)
    page.locator("#continue").click()
    page.locator("#revoke").wait_for()
    page.locator("#cancel").click()
    (tmp_path / "proof.pem").write_text(PROOF)
    page.locator("#file").set_input_files(tmp_path / "proof.pem")
    page.locator("#continue").click()
    page.locator("#revoke").wait_for()
    visitor.look("check")
    assert len(rows) == 0
    page.locator("#revoke").click()
    page.locator(".receipt").first.wait_for()
    visitor.look("done")
    assert len(rows) == 2
    page.go_back()
    expect(page.locator(".act").first).to_be_visible()
    page.go_forward()
    page.reload()
    assert page.locator(".receipt").count() == 2
    visitor.leave()

    assert len(rows) == 2
    assert visitor.faults == {}
    # A browser says of its own accord that a form was refused.
    assert [each for each in visitor.troubles if "422" not in each] == []


def test_no_key_revokes_but_on_the_final_button(chromium: Browser, address: str, rows: Rows) -> None:
    """Enter and Space in every control of the first step, and everywhere in the second but on its button."""
    visitor = Visitor(chromium, language="nl", width=320)
    page = visitor.page
    for pressed in ("Enter", "Space"):
        for control in ("#proof", "#file", "#with-code", "#continue"):
            page.goto(f"{address}/sleutel")
            page.locator("#proof").fill(PROOF)
            if control == "#file":
                # A browser opens a chooser of the system's.
                page.locator(control).focus()
            else:
                page.locator(control).press(pressed)
            assert len(rows) == 0
        page.goto(f"{address}/sleutel")
        page.locator("#proof").fill(PROOF)
        page.locator("#continue").click()
        for control in ("#cancel", "#home", ".skip"):
            page.goto(f"{address}/key/check")
            page.locator(control).press(pressed)
            assert len(rows) == 0
    visitor.leave()
