"""Runs that are killed: no code is without a letter at any moment, and the next run brings all to an end."""

import csv
import hashlib
import io
import os
import re
import signal
import socket
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pypdf import PdfReader

from pki_revocation.clock import SystemClock
from pki_revocation.config.installation import Installation
from pki_revocation.documents.letters.killed_runs import is_unfinished
from tests.letter_runs import Started, counting, live_codes, new_installation, on_paper, process
from tests.pki import CertificateAuthority
from tests.pki_revocation.importing.rows import index_row, write_index
from tests.waiting import wait_until

_COUNT = 3
_PLACES = ("letters.drafted", "letters.written", "letters.stored", "letters.named", "letters.joined")
_COUNTED = _PLACES[2:]


@pytest.fixture
def installation(tmp_path: Path, authority: CertificateAuthority) -> Installation:
    """A folder with configuration, secrets, tables, and an issuer."""
    return new_installation(tmp_path / "installation", authority)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Live rows."""
    return write_index(tmp_path / "index.txt", [index_row(n, expiry="491123140322Z") for n in range(1, _COUNT + 1)])


def check_nobody_is_without(installation: Installation, folder: Path) -> None:
    """After a kill: each code that counts stands on a paper that the next run keeps."""
    assert counting(installation, on_paper(folder, unconfirmed=True)) == sorted(live_codes(installation))


def check_all_have_one(installation: Installation, folder: Path, count: int = _COUNT) -> None:
    """At the end: as many codes as certificates, each on one paper, and no paper with another code."""
    papers = on_paper(folder)
    assert len(live_codes(installation)) == len(papers) == count
    assert counting(installation, papers) == sorted(live_codes(installation))
    assert not [file.name for file in folder.iterdir() if file.name.endswith((".part", ".unconfirmed"))]


def check_manifests(folder: Path, count: int = _COUNT) -> None:
    """One manifest for each run, and a line for each of *count* letters, which is where the line says, whole."""
    manifests = list(folder.glob("*.csv"))
    assert all(re.fullmatch(r"letters-[0-9TZ]{16}-[0-9a-f]{8}\.csv", each.name) for each in manifests)
    lines = [line for each in manifests for line in csv.DictReader(each.read_text("utf-8").splitlines())]
    assert len({(line["number"], line["file"]) for line in lines}) == len(lines) == count
    for line in lines:
        content = (folder / line["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == line["sha256"]
        text = PdfReader(io.BytesIO(content)).pages[int(line["page"]) - 1].extract_text()
        assert line["number"] in text.replace(" ", "")
        assert line["serial"] in text
        assert ("Bladzijde 1 van " + line["pages"] in text) == (line["language"] == "nl")


@pytest.mark.parametrize("option", ["--no-print-file", "--print-file"])
@pytest.mark.parametrize("failpoint", ["import.batch.committed", *_PLACES])
def test_import_that_was_killed(
    installation: Installation, index: Path, tmp_path: Path, option: str, failpoint: str
) -> None:
    """Wherever it is: the same command again makes what is missing, and takes away what does not count."""
    folder = tmp_path / "letters"
    command = ("certificate", "import", index, "--letters", folder, option)

    assert process(installation, *command, failpoint=failpoint).returncode == -signal.SIGKILL
    if folder.exists():
        check_nobody_is_without(installation, folder)
    else:
        assert live_codes(installation) == {}
    assert len(live_codes(installation)) == (_COUNT if failpoint in _COUNTED else 0)
    again = process(installation, *command)

    # What is registered already agrees, and is no refusal.
    assert again.returncode == 0, again.stderr
    check_all_have_one(installation, folder)
    assert len(list(folder.glob("letters-*.pdf"))) == (option == "--print-file")
    check_manifests(folder)


@pytest.mark.long
@pytest.mark.parametrize("failpoint", ["letters.written", "letters.named"])
def test_letter_make_that_was_killed(installation: Installation, index: Path, tmp_path: Path, failpoint: str) -> None:
    """`letter make --all --print-file` goes on where it was, and is done when there is nothing more to do."""
    folder = tmp_path / "letters"
    process(installation, "certificate", "import", index)
    command = ("letter", "make", "--all", "--print-file", "--letters", folder)

    assert process(installation, *command, failpoint=failpoint).returncode == -signal.SIGKILL
    check_nobody_is_without(installation, folder)
    again = process(installation, *command)
    third = process(installation, *command)

    assert (again.returncode, third.returncode) == (0, 0)
    assert "Print file: letters-" in again.stdout
    assert third.stdout == "0 letters were made.\n"
    check_all_have_one(installation, folder)
    check_manifests(folder)


def test_letters_that_do_not_count_are_taken_away(
    installation: Installation, index: Path, tmp_path: Path, authority: CertificateAuthority
) -> None:
    """Of a run that was killed before its codes were stored nothing lies there to be posted, whatever is made next."""
    folder = tmp_path / "letters"
    command = ("certificate", "import", index, "--letters", folder)
    assert process(installation, *command, failpoint="letters.written").returncode == -signal.SIGKILL
    left = on_paper(folder)
    (number, _), *others = left

    assert process(installation, "letter", "make", number, "--letters", folder).returncode == 0

    papers = on_paper(folder)
    assert len(others) == _COUNT - 1
    assert [each for each, _ in papers] == [number] == counting(installation, papers)
    assert not set(papers) & set(left)


@pytest.mark.long
@pytest.mark.parametrize("failpoint", _PLACES)
def test_reissue_that_was_killed(installation: Installation, index: Path, tmp_path: Path, failpoint: str) -> None:
    """Either the old code counts or the new one, never none, and its letter stays; a second reissue ends it."""
    folder = tmp_path / "letters"
    process(installation, "certificate", "import", index, "--letters", folder)
    before = live_codes(installation)
    number = min(before)
    command = ("letter", "reissue", number, "--letters", folder, "--by", "anna")

    assert process(installation, *command, failpoint=failpoint).returncode == -signal.SIGKILL
    assert (live_codes(installation) != before) == (failpoint in _COUNTED)
    check_nobody_is_without(installation, folder)
    # Another run tidies up first, and keeps whatever counts.
    assert process(installation, "letter", "make", "--all", "--letters", folder).returncode == 0
    check_nobody_is_without(installation, folder)
    check_manifests(folder, _COUNT + (failpoint in _COUNTED))
    assert process(installation, *command).returncode == 0

    after = live_codes(installation)
    assert after.keys() == before.keys()
    assert [each for each in after if after[each] != before[each]] == [number]
    check_nobody_is_without(installation, folder)


# Where, and whether with print files. What letters alone go through is tried above: here, what the service must see by
# itself when it starts again.
_ARRIVALS = {
    "import.batch.committed": False,
    "arrivals.imported": True,
    "letters.written": False,
    "letters.stored": True,
    "letters.joined": False,
}


def test_arrivals_that_were_killed(tmp_path: Path, authority: CertificateAuthority) -> None:
    """The service started again takes the file, or has it already, and makes the letter, or has made it.

    All at the same time: a service waits most of the time.
    """
    ports = dict(zip(_ARRIVALS, _free_ports(len(_ARRIVALS)), strict=True))
    installations = {
        failpoint: _with_a_file(tmp_path / failpoint, authority, port, prints=_ARRIVALS[failpoint])
        for failpoint, port in ports.items()
    }

    killed = {each: Started(installations[each], "serve", "arrivals", failpoint=each) for each in _ARRIVALS}
    ends = {each: service.end().returncode for each, service in killed.items()}
    assert set(ends.values()) == {-signal.SIGKILL}, ends
    for installation in installations.values():
        if (folder := installation.directory / "letters").exists():
            check_nobody_is_without(installation, folder)
    services = {each: Started(installation, "serve", "arrivals") for each, installation in installations.items()}
    try:
        for each, installation in installations.items():
            wait_until(partial(_is_done, installation), what=each)
            wait_until(partial(_answers, ports[each]), what=each)
    finally:
        for service in services.values():
            os.kill(service.id, signal.SIGTERM)
        stopped = {each: service.end() for each, service in services.items()}

    for each, installation in installations.items():
        assert stopped[each].returncode == 0, stopped[each].stderr
        check_all_have_one(installation, installation.directory / "letters", 1)
        check_manifests(installation.directory / "letters", 1)
        assert len(list(installation.directory.glob("letters/letters-*.pdf"))) == _ARRIVALS[each]


def _with_a_file(directory: Path, authority: CertificateAuthority, port: int, *, prints: bool) -> Installation:
    more = (
        f'[letters]\nfolder = "letters"\nprint_file = {str(prints).lower()}\n'
        f'[arrivals]\nsettle = "1s"\noperations_port = {port}\n'
    )
    installation = new_installation(directory, authority, more)
    arrivals = directory / "arrivals"
    arrivals.mkdir()
    certificate = authority.issue("Een", SystemClock().now())
    (arrivals / "one.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    return installation


def _is_done(installation: Installation) -> bool:
    """The file is where it goes when it was read, the letter is there, and so is its manifest."""
    folder = installation.directory / "letters"
    if not (installation.directory / "arrivals" / "done" / "one.pem").exists():
        return False
    return len(counting(installation, on_paper(folder))) == 1 and not is_unfinished(folder)


def _free_ports(count: int) -> list[int]:
    """Held together, so that none is given twice."""
    with ExitStack() as held:
        servers = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [int(server.getsockname()[1]) for server in servers]


def _answers(port: int) -> bool:
    """From then on the service ends as it should when it is told to."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
