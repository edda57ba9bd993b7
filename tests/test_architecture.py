"""Who may import whom, as import-linter's own program judges it, and how many doors each package has.

The contracts stand in pyproject.toml. Each of them is tried: a copy of the packages with an import that leads up is
refused by the contract that it breaks, and so is a module that no layer names.
"""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("pki_revocation", "keys", "crl_publisher", "ocsp_responder")
# Modules and rooms at the top of each package: as many as one still finds one's way among.
DOORS = {"pki_revocation": 30, "keys": 21, "crl_publisher": 23, "ocsp_responder": 13}


# Where one clock alone is asked: what makes the others of it, and what dates nothing in a database that is open.
ONE_CLOCK = {
    "pki_revocation/cli/backup.py": "the database is about to be put back",
    "pki_revocation/cli/prove_compromise.py": "a subscriber's own machine, without a database",
    "pki_revocation/runtime/new_installation.py": "sets the database up",
    "pki_revocation/register/clock_look.py": "the machine's, which the others witness",
    "keys/cli.py": "looks at keys alone",
    "keys/delegation/manual.py": "asks where keys lie, before the database is open",
    "keys/demo/command.py": "makes the demo's database",
    "crl_publisher/distribution/bootstrap.py": "serves without the database",
    "crl_publisher/bench/register.py": "a benchmark's register",
    "crl_publisher/bench/command.py": "says when figures were measured",
    "crl_publisher/bench/trial.py": "a benchmark",
    "ocsp_responder/bench/command.py": "a benchmark",
}


@dataclass(frozen=True, slots=True)
class Layers:
    """A contract on the layers inside a package; *highest* and *lowest* are modules of the first and the last one."""

    name: str
    container: str
    exhaustive: bool
    highest: str
    lowest: str


def _contracts() -> list[Mapping[str, object]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return list(settings["tool"]["importlinter"]["contracts"])


def _insides() -> list[Layers]:
    found = []
    for contract in _contracts():
        layers = contract.get("layers")
        containers = contract.get("containers")
        if isinstance(layers, list) and isinstance(containers, list):
            highest, lowest = (layer.split("|")[0].strip(" ()") for layer in (layers[0], layers[-1]))
            for container in containers:
                exhaustive = contract.get("exhaustive") is True
                found.append(Layers(str(contract["name"]), container, exhaustive, highest, lowest))
    return found


INSIDES = _insides()


def _copied(folder: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def _file_of(folder: Path, module: str) -> Path:
    path = folder.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _judged(folder: Path) -> tuple[dict[str, bool], str]:
    """Whether each contract is kept, and everything that the program said."""
    program = Path(sys.executable).with_name("lint-imports")
    ran = subprocess.run(
        [program, "--no-cache", "--no-logo"], cwd=folder, capture_output=True, text=True, timeout=600, check=False
    )
    said = ran.stdout + ran.stderr
    verdicts = {}
    for line in said.splitlines():
        for contract in _contracts():
            name = str(contract["name"])
            if line.startswith((f"{name} KEPT", f"{name} BROKEN")):
                verdicts[name] = line.startswith(f"{name} KEPT")
    assert set(verdicts) == {str(contract["name"]) for contract in _contracts()}, said
    assert (ran.returncode == 0) == all(verdicts.values()), said
    return verdicts, said


def test_every_contract_is_kept() -> None:
    """What stands in pyproject.toml is so: packages, the layers inside each, and what stays in one module."""
    verdicts, said = _judged(ROOT)

    assert all(verdicts.values()), said


def test_each_package_has_a_contract_for_its_inside() -> None:
    """One that names every module, so that a new one is placed on purpose."""
    assert {each.container for each in INSIDES if each.exhaustive} >= set(PACKAGES)
    assert all(each.exhaustive for each in INSIDES)


def test_an_import_that_leads_up_is_refused(tmp_path: Path) -> None:
    """In each package the lowest layer imports the highest, and from the lowest package one imports a higher one."""
    tree = _copied(tmp_path)
    planted = {(f"{each.container}.{each.lowest}", f"{each.container}.{each.highest}"): each.name for each in INSIDES}
    planted["pki_revocation.clock", "keys.errors"] = "packages import downward only"
    for importer, imported in planted:
        with _file_of(tree, importer).open("a") as file:
            file.write(f"\nimport {imported}\n")

    verdicts, said = _judged(tree)

    for (importer, imported), name in planted.items():
        assert not verdicts[name], said
        assert f"{importer} -> {imported}" in said


def test_a_module_that_no_layer_names_is_refused(tmp_path: Path) -> None:
    """A file that somebody puts at the top of a package breaks that package's contract until it is placed."""
    tree = _copied(tmp_path)
    for each in INSIDES:
        tree.joinpath(*each.container.split("."), "unplaced.py").write_text('"""Of no layer."""\n')

    verdicts, said = _judged(tree)

    assert {each.name for each in INSIDES} == {name for name, kept in verdicts.items() if not kept}
    assert said.count("unplaced") >= len(INSIDES)


@pytest.mark.parametrize("package", PACKAGES)
def test_the_top_of_a_package_stays_small(package: str) -> None:
    """A hall with fifty doors is one in which nobody finds anything: what is new goes into a room."""
    top = ROOT / package
    doors = {file.name for file in top.glob("*.py")} - {"__init__.py"}
    doors |= {file.parent.name for file in top.glob("*/__init__.py")}

    assert len(doors) <= DOORS[package], sorted(doors)


def test_what_is_dated_has_more_than_one_clock() -> None:
    """`SystemClock` is made where ONE_CLOCK says why; everything else asks `open_clock` or `kept_clock`."""
    files = {path: path.read_text() for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    alone = {str(path.relative_to(ROOT)) for path, text in files.items() if re.search(r"\bSystemClock\(", text)}

    assert alone == set(ONE_CLOCK)


def test_what_developers_are_pointed_at_is_there() -> None:
    """Each file and room that docs/developers.md names exists, under that name or with folders in front of it."""
    named = set(re.findall(r"`([\w./]+(?:\.py|/))`", (ROOT / "docs" / "developers.md").read_text()))
    folders = [ROOT / each for each in (*PACKAGES, "tests", "benchmarks", "deploy")]
    there = {f"/{each.relative_to(ROOT)}{'/' if each.is_dir() else ''}" for top in folders for each in top.rglob("*")}
    there |= {f"/{each.name}/" for each in folders} | {"/docs/", "/published/"}

    assert len(named) > len(PACKAGES)
    assert [each for each in sorted(named) if not any(path.endswith(f"/{each}") for path in there)] == []
