"""The wheel: made of what is committed, installed where nothing else is, it sets up a register and answers OCSP.

What the wheel needs is copied from this environment, file by file as it was installed, and nothing more: no index is
asked, and what comes with an extra is not there.
"""

import contextlib
import json
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from benchmarks.weight.installed import closure, files_of
from keys.files.file_key import save_key
from pki_revocation.clock import SystemClock
from pki_revocation.host.extras import PROVIDES
from tests.integration.running_demo import environment
from tests.ocsp_responder.installations import free_ports
from tests.pki import CertificateAuthority

ROOT = Path(__file__).parents[2]
NAME = "pki-revocation"
PACKAGES = ("pki_revocation", "keys", "crl_publisher", "ocsp_responder")
# What issue 12 promises a node that only answers OCSP, with a tenth for the next versions of what it needs.
MOST_MEGABYTES = 90

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no git here: nothing is committed"),
]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a tag holds: the committed files alone."""
    folder = tmp_path_factory.mktemp("export")
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(["tar", "-x"], cwd=folder, input=archive, check=True)
    return folder


@pytest.fixture(scope="module")
def wheel(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built of them, with the pinned build tool."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=exported)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and what it cannot do without."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    python = folder / "bin" / "python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    for name in closure(NAME, frozenset()) - {NAME}:
        for path in files_of(distribution(name)):
            inside = path.relative_to(Path(sys.prefix))
            (folder / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, folder / inside)
    run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index", "--no-deps", wheel)
    assert (site / "pki_revocation").is_dir()
    return folder


def test_every_committed_file_of_the_packages_is_in_it(exported: Path, wheel: Path) -> None:
    """Templates, fonts, translations, migrations and pages of help as well as code; and nothing else."""
    committed = {
        str(path.relative_to(exported))
        for package in PACKAGES
        for path in (exported / package).rglob("*")
        if path.is_file()
    }
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}

    assert inside == committed
    assert {Path(name).suffix for name in inside} >= {".py", ".html", ".css", ".typ", ".po", ".mako", ".txt", ".typed"}


def test_wheel_has_the_projects_version_and_extras(wheel: Path) -> None:
    """The file's name says the version, and its metadata names every extra."""
    metadata = zipfile.ZipFile(wheel).read(f"pki_revocation-{_version()}.dist-info/METADATA").decode()

    assert wheel.name == f"pki_revocation-{_version()}-py3-none-any.whl"
    assert {f"Provides-Extra: {extra}" for extra in (*PROVIDES, "all")} <= set(metadata.splitlines())


def test_core_alone_is_whole_and_small(installed: Path) -> None:
    """Nothing that the wheel names is missing, nothing of an extra is there, and it takes some 80 MB."""
    run(sys.executable, "-m", "pip", "--python", installed / "bin/python", "check")
    octets = sum(path.stat().st_size for path in installed.rglob("*") if path.is_file() and not path.is_symlink())
    packages = json.dumps([name for names in PROVIDES.values() for name in names])
    found = run(
        installed / "bin/python", "-c",
        f"import importlib.util as u; print([name for name in {packages} if u.find_spec(name)])",
    )  # fmt: skip

    assert found == "[]\n"
    assert octets / 1e6 < MOST_MEGABYTES


def test_core_alone_says_what_it_is(installed: Path) -> None:
    """Help and version, from the console script."""
    assert program(installed, "--version") == f"{NAME}, version {_version()}\n"
    assert "serve" in program(installed, "--help")
    assert "--workers" in program(installed, "serve", "ocsp", "--help")


def test_core_alone_answers_ocsp(installed: Path, tmp_path: Path) -> None:
    """`init`, `issuer add`, `certificate import`, `revoke` and `serve ocsp`: good before, revoked after."""
    clock = SystemClock()
    authority = CertificateAuthority("Wheel CA")
    port, operations_port = free_ports(2)
    certificate = authority.issue("Zorggroep", clock.now())
    key, delegate = authority.delegate(clock.now())
    files = {"ca": authority.certificate, "server": certificate, "ocsp": delegate}
    for name, each in files.items():
        (tmp_path / f"{name}.pem").write_bytes(each.public_bytes(Encoding.PEM))
    save_key(key, tmp_path / "ocsp.key")
    register = tmp_path / "register"
    program(installed, "init", "--directory", register)
    with (register / "config.toml").open("a") as config:
        config.write(
            f"\n[keys.issuing]\nocsp_key = '{tmp_path}/ocsp.key'\nocsp_certificate = '{tmp_path}/ocsp.pem'\n"
            "unencrypted = true\n"
            f"[ocsp]\nport = {port}\noperations_port = {operations_port}\npublic_url = 'http://127.0.0.1:{port}/ocsp'\n"
        )
    program(installed, "issuer", "add", tmp_path / "ca.pem", "--name", "issuing", "--directory", register)
    program(installed, "certificate", "import", tmp_path / "server.pem", "--directory", register)
    with serving_ocsp(installed, register):
        before = query(installed, tmp_path / "server.pem", register)
        program(installed, "revoke", tmp_path / "server.pem", "--yes", "--directory", register)
        after = query(installed, tmp_path / "server.pem", register)

    assert (before, after) == ("good", "revoked")


def run(*words: str | Path, cwd: Path | None = None) -> str:
    """A program to its end; what it printed."""
    done = subprocess.run(
        [*map(str, words)], cwd=cwd, env=environment({"COLUMNS": "80"}), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def program(installed: Path, *words: str | Path) -> str:
    """`pki-revocation` of the environment, away from this folder."""
    return run(installed / "bin" / NAME, *words, cwd=installed)


def query(installed: Path, certificate: Path, register: Path) -> str:
    """What a relying party that verifies everything is told; asked until the responder is up."""
    deadline = time.monotonic() + 60
    while True:
        try:
            answer = json.loads(program(installed, "ocsp", "query", certificate, "--json", "--directory", register))
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        else:
            return str(answer["status"])


@contextlib.contextmanager
def serving_ocsp(installed: Path, register: Path) -> Iterator[None]:
    """`serve ocsp` until the block ends."""
    command = [str(installed / "bin" / NAME), "serve", "ocsp", "--directory", str(register)]
    process = subprocess.Popen(command, cwd=installed, env=environment())
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def _version() -> str:
    return distribution(NAME).version
