"""No letter prints an address that its subscriber cannot reach, or would send a code to in the clear."""

from pathlib import Path

import pytest

from pki_revocation.clock import SystemClock
from pki_revocation.documents.letters.bootstrap import letter_maker
from pki_revocation.documents.letters.maker import LetterMaker
from pki_revocation.documents.letters.manifest import defused
from pki_revocation.documents.letters.page_address import PageNotPublic, refuse_unfit_address
from tests.letter_runs import new_installation
from tests.pki import CertificateAuthority


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:8460",
        "http://intrekken.example",
        "https://127.0.0.1",
        "https://127.9.9.9:8443/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://0.0.0.0",
        "https://169.254.1.1",
        "https://localhost",
        "https://LOCALHOST.:8443",
        "https://localhost.localdomain",
        "https://demo.localhost",
        "https://",
        "https://[::1",
        "intrekken.example",
        "ftp://intrekken.example",
        "",
    ],
)
def test_address_that_no_letter_may_print(address: str) -> None:
    """Plain http, this machine's own, and what is no address."""
    with pytest.raises(PageNotPublic, match="No letters are made while"):
        refuse_unfit_address(address)


@pytest.mark.parametrize(
    "address",
    ["https://intrekken.example", "HTTPS://intrekken.example:8443/pad", "https://192.0.2.1", "https://[2001:db8::1]"],
)
def test_address_that_may_be_printed(address: str) -> None:
    """https, to a host that is not this machine."""
    refuse_unfit_address(address)


def test_maker_is_not_made_but_for_a_demonstration(tmp_path: Path, authority: CertificateAuthority) -> None:
    """Every way to letters goes through the installation's maker; the demo says in its configuration that it is one."""
    for name, more, is_made in (("a", "", False), ("b", "[letters]\nfor_demonstration = true\n", True)):
        installation = new_installation(tmp_path / name, authority, more)
        config = installation.config.read_text().replace("https://intrekken.example/", "http://127.0.0.1:8460")
        installation.config.write_text(config)
        opened = type(installation).open(installation.directory)
        with opened.database() as database:
            if is_made:
                assert isinstance(letter_maker(opened, database, SystemClock()), LetterMaker)
            else:
                with pytest.raises(PageNotPublic, match="does not begin with https://"):
                    letter_maker(opened, database, SystemClock())


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ('=HYPERLINK("http://x","y")', '\'=HYPERLINK("http://x","y")'),
        ("+1", "'+1"),
        ("-18", "'-18"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("＝1", "'＝1"),
        ("CN=zorg.example", "CN=zorg.example"),
        ("", ""),
        ("4bf3", "4bf3"),
    ],
)
def test_cells_that_a_spreadsheet_would_run(cell: str, written: str) -> None:
    """A subject is the subscriber's own choice, and a manifest is opened by whom it never met."""
    assert defused(cell) == written
