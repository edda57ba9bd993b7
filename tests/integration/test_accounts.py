"""Every service under an account of its own, with the permissions of deploy/systemd: together they do their work."""

import contextlib
import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.running_demo import RunningDemo, environment, free_port_base, program
from tests.waiting import wait_until

TMPFILES = Path("deploy/systemd/pki-revocation.tmpfiles.conf")
INSTALLATION, SETTINGS = "/var/lib/pki-revocation", "/etc/pki-revocation"
# Accounts that every Debian has, in the places of those that deploy/systemd makes.
PLAYERS = {
    "pki-publisher": "daemon",
    "pki-ocsp": "news",
    "pki-web": "mail",
    "pki-console": "games",
    "pki-arrivals": "lp",
    "pki-notifier": "man",
    "pki-distribution": "nobody",
    "root": "root",
}
GROUP = pwd.getpwnam("uucp").pw_gid
SERVICES = {
    "publisher": ["publisher"],
    **{name: ["serve", name] for name in ("distribution", "ocsp", "web", "console", "arrivals", "notifier")},
}

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another account")


@dataclass(frozen=True, slots=True)
class Machine:
    """An installation whose files were given to their accounts, and what stands before each account's programs."""

    demo: RunningDemo
    prefix: tuple[str, ...]
    credentials: Path

    def start(self, service: str) -> subprocess.Popen[bytes]:
        """Run a service as its account, with the umask of its unit."""
        account = pwd.getpwnam(PLAYERS[f"pki-{service}"])
        group = account.pw_gid if service == "distribution" else GROUP
        become = ["setpriv", "--reuid", str(account.pw_uid), "--regid", str(group), "--clear-groups", "--no-new-privs"]
        words = [sys.executable, "-m", "pki_revocation", *SERVICES[service], "--directory", str(self.demo.directory)]
        extra = {"CREDENTIALS_DIRECTORY": str(self.credentials / service)} if service in {"web", "arrivals"} else {}
        log = (self.demo.directory.parent / f"{service}.log").open("wb")
        with log:
            return subprocess.Popen(
                [*self.prefix, *become, *words], env=environment(extra), umask=0o007, stdout=log, stderr=log
            )

    def said(self) -> str:
        """The services' logs."""
        return "\n".join(file.read_text() for file in self.demo.directory.parent.glob("*.log"))


def _reachable(folder: Path) -> tuple[str, ...]:
    """A prefix with which every account can reach *folder*, such as the Python that this is, in a home of root's."""
    shut = [each for each in reversed(folder.parents) if not each.stat().st_mode & 0o001]
    if not shut:
        return ()
    script = (
        'set -e; asked=$(umask); umask 022; kept=$(mktemp -d); mount --bind "$1" "$kept"; '
        'mount -t tmpfs -o mode=755 none "$2"; mkdir -p "$1"; mount --bind "$kept" "$1"; '
        'cd /; shift 2; umask "$asked"; exec "$@"'
    )
    return ("unshare", "--mount", "sh", "-c", script, "sh", str(folder), str(shut[0]))


def _give(directory: Path) -> None:
    """What systemd-tmpfiles would do with the file in deploy/systemd."""
    for line in TMPFILES.read_text().splitlines():
        if line.startswith("#") or SETTINGS in line:
            continue
        kind, path, mode, owner, group, _ = line.split()
        place = str(Path(path).relative_to(INSTALLATION))
        if kind == "d":
            (directory / place).mkdir(exist_ok=True)
        # `z` takes a pattern, and may find nothing.
        for file in [directory] if place == "." else directory.glob(place):
            os.chown(file, pwd.getpwnam(PLAYERS[owner]).pw_uid, GROUP if group == "pki-revocation" else 0)
            file.chmod(int(mode, 8))


def _hand_over(secrets: Path, credentials: Path, account: str) -> None:
    """As systemd does with LoadCredential."""
    credentials.mkdir(mode=0o711, parents=True)
    for file in secrets.iterdir():
        (credentials / file.name).write_text(file.read_text())
        (credentials / file.name).chmod(0o400)
    for file in (credentials, *credentials.iterdir()):
        os.chown(file, pwd.getpwnam(account).pw_uid, 0)


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """The demo's installation, given away."""
    with tempfile.TemporaryDirectory(prefix="pki-accounts-") as made:
        folder = Path(made)
        folder.chmod(0o711)
        demo = RunningDemo(folder / "demo", ["--certificates", "2", "--port-base", str(free_port_base())]).start()
        contract = (demo.directory / "demo.json").read_text()
        demo.stop()
        (demo.directory / "demo.json").write_text(contract)
        _give(demo.directory)
        # The demo has a root's key as well, which is the publisher's too; and what was published is its own.
        publisher = pwd.getpwnam(PLAYERS["pki-publisher"]).pw_uid
        for file in (*demo.directory.glob("keys/root*"), *demo.directory.glob("published/**/*")):
            os.chown(file, publisher, GROUP)
        # What is in the folders of delegated keys was made by the responder, under its own account.
        for file in (*demo.directory.glob("keys/*-ocsp"), *demo.directory.glob("keys/*-ocsp/*")):
            os.chown(file, pwd.getpwnam(PLAYERS["pki-ocsp"]).pw_uid, GROUP)
        for service in ("web", "arrivals"):
            _hand_over(demo.directory / "secrets", folder / "credentials" / service, PLAYERS[f"pki-{service}"])
        yield Machine(demo, _reachable(Path(sys.base_prefix)), folder / "credentials")


@pytest.mark.long
def test_each_under_its_own_account_they_do_their_work(machine: Machine, tmp_path: Path) -> None:
    """Revoked on the page's service, seen by OCSP and on the CRL; and no file is left that another cannot open."""
    demo = machine.demo
    with contextlib.ExitStack() as stack:
        for service in SERVICES:
            process = stack.enter_context(machine.start(service))
            stack.callback(process.terminate)
        with contextlib.suppress(AssertionError):
            wait_until(lambda: _answers(demo), 60, "all services answer")
        assert _answers(demo), machine.said()

        status, answer = demo.revoke(0)

        assert status == 200, machine.said()
        assert "revoked" in demo.openssl_ocsp(0)
        assert "good" in demo.openssl_ocsp(1)
        wait_until(lambda: "certificate revoked" in demo.verify_with_crl(0, demo.crl(tmp_path)), 20, "the CRL with it")
    assert answer["sequence"] == 1
    assert "Traceback" not in machine.said()


@pytest.mark.long
def test_doctor_says_whether_a_process_could_read_more_than_it_should(machine: Machine) -> None:
    """With the permissions of deploy/systemd none can; with one bit more, doctor names who, and what."""
    copy = machine.demo.directory.with_name("copy")
    subprocess.run(["cp", "--archive", machine.demo.directory, copy], check=True)
    config = copy / "config.toml"
    named = "".join(f'{service} = "{PLAYERS[f"pki-{service}"]}"\n' for service in SERVICES)
    config.write_text(f"{config.read_text()}\n[accounts]\n{named}")
    # The page's secrets are credentials of systemd here.
    for file in copy.glob("secrets/*"):
        file.unlink()

    well = program("doctor", "--directory", copy).stdout
    (copy / "keys/issuing.key").chmod(0o644)
    wrong = program("doctor", "--directory", copy).stdout

    assert "ok     accounts: each reads what it needs" in well
    assert "WRONG  accounts: news, which runs ocsp, can read" in wrong
    assert "keys/issuing.key" in wrong


def _answers(demo: RunningDemo) -> bool:
    contract = demo.contract
    try:
        return all(
            demo.fetch("GET", contract[name])[0] in {200, 400, 405} for name in ("revocation_url", "crl_url")
        ) and ("good" in demo.openssl_ocsp(1))
    except (OSError, AssertionError):
        return False
