"""What an extra of the wheel brings, and the one sentence for where it is missing."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from pki_revocation.host.extras import PROVIDES, Extra, ExtraMissing, extra_of, require_extra
from tests.integration.running_demo import environment, program

ROOT = Path(__file__).parents[3]
# Put on a process's path as `sitecustomize`: packages are missing there as where they were never installed.
WITHOUT = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {packages!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
"""


def test_every_extra_is_one_of_the_wheel() -> None:
    """What the program names in a sentence can be installed by that name; `all` has every one."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]

    assert extras.keys() == PROVIDES.keys() | {"all"}
    assert extras["all"] == [f"pki-revocation[{','.join(sorted(PROVIDES))}]"]


@pytest.mark.parametrize("extra", PROVIDES)
def test_tests_run_with_every_extra(extra: Extra) -> None:
    """Nothing is skipped because a package is missing."""
    require_extra(extra, "This")


def test_module_of_no_extra() -> None:
    """A bug in an import stays a traceback."""
    assert extra_of(ModuleNotFoundError("No module named 'typo'", name="typo")) is None
    assert extra_of(ModuleNotFoundError("No module named 'babel.dates'", name="babel.dates")) == "documents"


def test_sentence_names_purpose_and_extra() -> None:
    """What needs it, and what to type."""
    assert str(ExtraMissing("s3", "[outlets.cdn] in a bucket")) == (
        "[outlets.cdn] in a bucket needs packages that are not installed here: pip install 'pki-revocation[s3]'."
    )


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation on SQLite."""
    folder = tmp_path_factory.mktemp("installation")
    assert program("init", "--directory", folder).returncode == 0
    with (folder / "config.toml").open("a") as config:
        config.write("\n[contact]\nemail = 'desk@register.example'\n")
    return folder


@pytest.mark.long
@pytest.mark.parametrize(
    ("extra", "config", "command"),
    [
        ("documents", "", ["serve", "web"]),
        ("documents", "", ["serve", "notifier"]),
        ("documents", "[letters]\nfolder = 'letters'\n", ["serve", "arrivals"]),
        ("documents", "", ["letter", "--all", "--letters", "letters"]),
        ("documents", "", ["fallback", "export", "pages"]),
        ("documents", "", ["demo"]),
        ("postgresql", "[database]\nurl = 'postgresql://localhost/register'\n", ["issuer", "list"]),
        ("hsm", "", ["keys", "generate", "pkcs11:token=ca;object=issuing?module-path=/lib/none.so"]),
        ("lint", "", ["publisher"]),
        ("lint", "[crl]\nlint = 'br'\n", ["publisher"]),
        ("s3", "[outlets.cdn]\nkind = 's3'\nbucket = 'crls'\n", ["publisher"]),
    ],
)
def test_missing_extra_is_one_sentence(
    installation: Path, tmp_path: Path, extra: Extra, config: str, command: list[str]
) -> None:
    """The command ends with status 1 and the sentence that names the extra; nothing is half done, no traceback."""
    (tmp_path / "sitecustomize.py").write_text(WITHOUT.format(packages=PROVIDES[extra]))
    (tmp_path / "config.toml").write_text(config)
    where = ["--directory", str(installation), "--config", str(tmp_path / "config.toml")]
    if command[0] in {"demo", "keys"}:
        where = []
    done = _run(tmp_path, *command, *where)

    # A service says that it starts before it finds what is missing.
    said = [line for line in done.stderr.splitlines() if " starts: " not in line]
    assert (done.returncode, len(said)) == (1, 1), done.stdout + done.stderr
    assert f"pip install 'pki-revocation[{extra}]'" in done.stderr


def test_program_without_any_extra(installation: Path, tmp_path: Path) -> None:
    """What a node needs that only answers OCSP starts without them: the journal, the registers, the doctor."""
    packages = tuple(name for names in PROVIDES.values() for name in names)
    (tmp_path / "sitecustomize.py").write_text(WITHOUT.format(packages=packages))
    for command in (["issuer", "list"], ["audit", "verify"], ["doctor"]):
        done = _run(tmp_path, *command, "--directory", str(installation))
        assert (done.returncode, done.stderr) == (0, "")


def _run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The program in a folder whose `sitecustomize` comes first."""
    return subprocess.run(
        [sys.executable, "-m", "pki_revocation", *words],
        cwd=folder, env=environment({"PYTHONPATH": str(folder)}), capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
