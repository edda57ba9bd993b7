"""Letters made by the program as a process of its own, and what they come to: which code stands on which paper."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from pypdf import PdfReader
from sqlalchemy import select

from pki_revocation.clock import SystemClock
from pki_revocation.codes import CodeScheme, CodeVerifier, parse_code
from pki_revocation.config.installation import Installation
from pki_revocation.config.secret_files import create_secrets, load_pepper
from pki_revocation.config.sections import read_document
from pki_revocation.database.schema import certificates, revocation_codes
from pki_revocation.host.failpoints import VARIABLE
from pki_revocation.numbers import parse_number
from pki_revocation.register.issuers import add_issuer
from tests.databases import new_sqlite
from tests.pki import CertificateAuthority
from tests.program_server import Run

_CONFIGURATION = """
[database]
url = "sqlite:///revocation.db"

[codes]
scheme = "keyed-hash"

[web]
public_url = "https://intrekken.example/"
"""
_LABELS = {"Intrekkingscode", "Revocation code"}


def new_installation(directory: Path, authority: CertificateAuthority, more: str = "") -> Installation:
    """A folder with configuration, secrets, tables, and the default issuer `issuing`."""
    directory.mkdir()
    config = directory / "config.toml"
    config.write_text(_CONFIGURATION + more, "utf-8")
    create_secrets(directory)
    opened = Installation(directory=directory, config=config, document=read_document(config))
    with new_sqlite(directory / "revocation.db") as database, database.write() as connection:
        add_issuer(connection, name="issuing", certificate=authority.certificate, is_default=True, clock=SystemClock())
    return opened


def environment_of(installation: Installation, failpoint: str | None) -> dict[str, str]:
    """This process's environment, and the failpoint that the next process comes to, once."""
    if failpoint is None:
        return dict(os.environ)
    folder = installation.directory / "failpoints"
    folder.mkdir(exist_ok=True)
    (folder / failpoint).touch()
    return {**os.environ, VARIABLE: str(folder)}


class Started(Run):
    """The program on an installation, in a process of its own, killed at *failpoint* if there is one."""

    def __init__(
        self,
        installation: Installation,
        *arguments: str | Path,
        failpoint: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start it, with --directory, and *environment* besides this process's; `end` is to be called in any case."""
        super().__init__(
            [*map(str, arguments), "--directory", str(installation.directory)],
            environment={**environment_of(installation, failpoint), **(environment or {})},
        )


def process(
    installation: Installation,
    *arguments: str | Path,
    failpoint: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own, from its start to its end or to its *failpoint*."""
    return Started(installation, *arguments, failpoint=failpoint, environment=environment).end()


def on_paper(folder: Path, *, unconfirmed: bool = False) -> list[tuple[str, str]]:
    """Number and code of each letter in the PDFs there, as a reader types them."""
    found = []
    files = [*folder.glob("*.pdf"), *(folder.glob("*.pdf.unconfirmed") if unconfirmed else ())]
    for file in files:
        for page in PdfReader(file).pages:
            lines = [line.strip() for line in page.extract_text().splitlines()]
            for label in _LABELS & set(lines):
                place = lines.index(label)
                found.append((parse_number(lines[place - 1]), parse_code(lines[place + 1])))
    return found


def live_codes(installation: Installation) -> dict[str, str]:
    """What is stored of each code that counts, by number."""
    with installation.database() as database, database.read() as connection:
        rows = connection.execute(
            select(certificates.c.number, revocation_codes.c.verifier)
            .join(revocation_codes, revocation_codes.c.certificate_id == certificates.c.id)
            .where(revocation_codes.c.retired_at.is_(None))
        )
        return {row.number: row.verifier for row in rows}


def counting(installation: Installation, papers: list[tuple[str, str]]) -> list[str]:
    """The numbers on the papers whose code counts, once for each paper."""
    verifier = CodeVerifier(load_pepper(installation), CodeScheme.KEYED_HASH)
    live = live_codes(installation)
    return sorted(
        number for number, code in papers if verifier.check(number=number, code=code, stored=live.get(number))
    )
