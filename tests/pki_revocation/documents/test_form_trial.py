"""The form is tried when the page's service starts, in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from pki_revocation.config.settings import ContactSettings
from pki_revocation.documents.form_trial import try_form
from pki_revocation.documents.typesetting import DocumentNotSet
from tests.integration.running_demo import environment, program

# An Egyptian hieroglyph, which no font of the documents has.
UNPRINTABLE = "\U00013000"


def test_printable_contact_leaves_no_typesetter_behind() -> None:
    """What serves has loaded nothing that sets documents."""
    script = (
        "import sys\n"
        "from pki_revocation.config.settings import ContactSettings\n"
        "from pki_revocation.documents.form_trial import try_form\n"
        "try_form(ContactSettings(organisation='Zorg & Łódź N.V.'))\n"
        "print(sorted({'typst', 'pypdf', 'segno'} & set(sys.modules)))\n"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment())

    assert said.stdout == "[]\n"


def test_unprintable_contact_is_refused() -> None:
    """With the typesetter's reason, as one sentence."""
    with pytest.raises(DocumentNotSet, match=r"^The document cannot be set: .*\.$"):
        try_form(ContactSettings(organisation=UNPRINTABLE))


def test_page_does_not_start_with_it(tmp_path: Path) -> None:
    """`serve web` says so and ends, before a subscriber can ask for the form."""
    assert program("init", "--directory", tmp_path).returncode == 0
    with (tmp_path / "config.toml").open("a") as config:
        config.write(f'\n[contact]\norganisation = "{UNPRINTABLE}"\n')
    done = program("serve", "web", "--directory", tmp_path)

    assert done.returncode == 1
    *_, last = done.stderr.splitlines()
    assert last.startswith("Error: The document cannot be set: ")
