"""Who may read which secret, by owner, group and permissions, and what doctor says of it."""

import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from pki_revocation.cli.doctor import doctor
from pki_revocation.config.installation import Installation
from pki_revocation.config.service_accounts import ServiceAccount, problems
from pki_revocation.errors import ConfigurationError
from pki_revocation.runtime.new_installation import FIRST_CONFIG, set_up

WEB, OCSP = "mail", "news"
ACCOUNTS = f'[accounts]\nweb = "{WEB}"\nocsp = "{OCSP}"\n'
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that every account may pass through, which pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="pki-accounts-") as made:
        Path(made).chmod(0o711)
        yield Path(made)


@pytest.fixture
def installation(folder: Path) -> Installation:
    """An installation whose secrets are the page's."""
    set_up(folder / "register", FIRST_CONFIG + ACCOUNTS)
    (folder / "register").chmod(0o711)
    for path in (folder / "register/secrets", *(folder / "register/secrets").iterdir()):
        os.chown(path, pwd.getpwnam(WEB).pw_uid, 0)
    return Installation.open(folder / "register")


def test_unknown_account_is_one_sentence() -> None:
    """Nothing can be said of one that the system does not have."""
    with pytest.raises(ConfigurationError, match="names 'nobody-of-that-name', and this system has no such account"):
        ServiceAccount.named("nobody-of-that-name")


@root_only
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o604, 0o060, 0o006, 0o000])
@pytest.mark.parametrize("door", [0o711, 0o710, 0o700, 0o701])
@pytest.mark.parametrize("owner", ["mail", "news", "root"])
@pytest.mark.parametrize("group", ["mail", "root"])
def test_reading_is_what_the_kernel_allows(folder: Path, mode: int, door: int, owner: str, group: str) -> None:
    """As another account finds it when it tries: by owner, group and others, and through each folder on the way."""
    file = folder / "door" / "secret"
    file.parent.mkdir()
    file.write_text("secret")
    for path, permissions in ((file, mode), (file.parent, door)):
        os.chown(path, pwd.getpwnam(owner).pw_uid, pwd.getpwnam(group).pw_gid)
        path.chmod(permissions)

    for name in ("mail", "news"):
        account = ServiceAccount.named(name)
        numbers = ["--reuid", str(account.uid), "--regid", str(pwd.getpwnam(name).pw_gid), "--init-groups"]
        tried = subprocess.run(["setpriv", *numbers, "cat", str(file)], capture_output=True, check=False)
        assert account.may_read(file) == (tried.returncode == 0), name


@root_only
def test_secret_is_one_services_alone(installation: Installation) -> None:
    """It needs it, and no other may read it."""
    assert list(problems(installation)) == []
    pepper = installation.path("secrets/pepper")

    pepper.parent.chmod(0o711)
    pepper.chmod(0o604)
    (open_to_others,) = problems(installation)
    os.chown(pepper, 0, 0)
    pepper.chmod(0o600)
    (missing,) = problems(installation)

    assert open_to_others.startswith(
        f"news, which runs ocsp, can read {pepper}: the pepper of the codes is for web and arrivals alone."
    )
    assert missing == f"mail, which runs web, cannot read {pepper}, the pepper of the codes: it needs it."


@root_only
def test_outlets_credentials_are_the_publishers(installation: Installation) -> None:
    """An upper package says what its secrets are."""
    credentials = installation.path("outlet.toml")
    credentials.write_text('token = "x"\n')
    credentials.chmod(0o644)
    installation.config.write_text(
        installation.config.read_text()
        + '[outlets.cdn]\nkind = "http-put"\nurl = "https://cdn.example/"\ncredentials = "outlet.toml"\n'
    )

    found = list(problems(Installation.open(installation.directory)))

    assert [sentence.split(",")[0] for sentence in found] == [WEB, OCSP]
    assert all("what outlet cdn asks for is for publisher alone" in sentence for sentence in found)


@root_only
def test_every_section_says_what_its_secrets_are(installation: Installation) -> None:
    """Keys, what opens them, the responder's own, and the mail server's password: each is one service's."""
    expected = {
        "ca.key": "the CA key of issuing is for publisher alone",
        "ca.pass": "what opens the CA key of issuing is for publisher alone",
        "mail.toml": "the mail server's password is for notifier alone",
    }
    for name in (*expected, "ocsp/0123456789abcdef.key"):
        path = installation.path(name)
        path.parent.mkdir(mode=0o711, exist_ok=True)
        path.touch()
        path.chmod(0o604)
    installation.config.write_text(
        installation.config.read_text()
        + '[keys.issuing]\ncrl_key = "ca.key"\ncrl_secret = "file:ca.pass"\nocsp_key = "pkcs11:token=CA"\n'
        + 'ocsp_delegates = "ocsp"\n[notification]\ncredentials = "mail.toml"\n'
    )

    found = list(problems(Installation.open(installation.directory)))

    assert len(found) == 7, found
    for name, says in expected.items():
        assert sum(f"can read {installation.path(name)}: {says}" in sentence for sentence in found) == 2
    (page,) = [sentence for sentence in found if "an OCSP key of issuing" in sentence]
    assert page.startswith(f"{WEB}, which runs web, can read")


def test_sections_that_are_not_written_load_no_package(tmp_path: Path) -> None:
    """Where this installation answers only the page, neither keys nor publisher are there to be asked."""
    set_up(tmp_path, FIRST_CONFIG)
    code = (
        "import sys; from pathlib import Path; from pki_revocation.config.installation import Installation; "
        "from pki_revocation.config.service_accounts import secrets_of; "
        "found = list(secrets_of(Installation.open(Path(sys.argv[1])))); "
        "print(len(found), *sorted({'keys', 'crl_publisher', 'ocsp_responder'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=False)

    assert done.stdout.split() == ["2"], done.stderr


@pytest.mark.parametrize(
    ("accounts", "says"),
    [
        ('web = "mail"\nocsp = "mail"', "mail runs both web and ocsp: give each an account of its own."),
        ('web = "root"', "web runs as root, which can read everything: give it an account of its own."),
    ],
)
def test_zones_that_are_none_are_said(tmp_path: Path, accounts: str, says: str) -> None:
    """Two services under one account, and root."""
    set_up(tmp_path, FIRST_CONFIG + f"[accounts]\n{accounts}\n")

    assert says in list(problems(Installation.open(tmp_path)))


@root_only
def test_doctor_says_so(installation: Installation) -> None:
    """And is content where nobody reads too much, or one account runs everything."""
    arguments = ["--directory", str(installation.directory)]
    assert "ok     accounts: each reads what it needs" in CliRunner().invoke(doctor, arguments).output

    installation.path("secrets").chmod(0o711)
    installation.path("secrets/pepper").chmod(0o644)
    wrong = CliRunner().invoke(doctor, arguments)
    installation.config.write_text(FIRST_CONFIG)
    installation.path("secrets/pepper").chmod(0o600)
    one = CliRunner().invoke(doctor, arguments)

    assert wrong.exit_code == 1
    assert "WRONG  accounts: news, which runs ocsp, can read" in wrong.output
    assert "ok     accounts: [accounts] names none" in one.output
