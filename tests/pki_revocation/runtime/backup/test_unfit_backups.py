"""What is no whole backup is refused, and what cannot be backed up whole is not."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pki_revocation.runtime.backup.registers import Register


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _flip_at(place: float) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        at = int(len(data) * place)
        return data[:at] + bytes((data[at] ^ 0x55,)) + data[at + 1 :]

    return change


def _flip_in_manifest(data: bytes) -> bytes:
    """In what the first member says: the octets that fill its last block up are no part of it."""
    at = tarfile.BLOCKSIZE + 40
    return data[:at] + bytes((data[at] ^ 0x55,)) + data[at + 1 :]


def _without(name: str) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        target = io.BytesIO()
        with tarfile.open(fileobj=io.BytesIO(data)) as tar, tarfile.open(fileobj=target, mode="w") as other:
            for member in tar:
                if member.name != name:
                    other.addfile(member, tar.extractfile(member))
        return target.getvalue()

    return change


def _escaping(_: bytes) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as tar:
        header = tarfile.TarInfo("../../escaped")
        header.size = 4
        tar.addfile(header, io.BytesIO(b"evil"))
    return target.getvalue()


def _linking(_: bytes) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as tar:
        header = tarfile.TarInfo("config.toml")
        header.type, header.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(header)
    return target.getvalue()


UNFIT: dict[str, Callable[[bytes], bytes]] = {
    "cut off": _cut,
    "cut off at the end": lambda data: data[:-12000],
    "changed at the head": _flip_in_manifest,
    "changed in the midst": _flip_at(0.5),
    "changed near the end": _flip_at(0.9),
    "no manifest": _without("manifest.json"),
    "no digests": _without("SHA256SUMS.json"),
    "no configuration": _without("config.toml"),
    "a way out": _escaping,
    "a link": _linking,
    "empty": lambda _: b"",
    "text": lambda _: b"hello\n" * 4000,
}


@pytest.mark.parametrize("kind", UNFIT)
def test_what_is_no_whole_backup_is_refused(register: Register, tmp_path: Path, kind: str) -> None:
    """In one sentence, by the drill and by the restoration, and nothing is touched."""
    file, unfit = tmp_path / "register.backup", tmp_path / "unfit.backup"
    assert register.run("backup", file).exit_code == 0
    unfit.write_bytes(UNFIT[kind](file.read_bytes()))
    before = sorted(path.name for path in register.installation.directory.iterdir())

    for words in (("--drill",), ("--yes",)):
        done = register.run("restore", unfit, *words)
        assert done.exit_code == 1, done.output
        assert done.output.startswith("Error: ")
        assert done.output.count("\n") == 1
    assert sorted(path.name for path in register.installation.directory.iterdir()) == before
    assert not (tmp_path / "escaped").exists()
    assert register.sequence == 3


def test_backup_of_a_newer_program_is_refused(register: Register, tmp_path: Path) -> None:
    """Its tables are at a revision that this program has never heard of."""
    with register.database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    file = tmp_path / "register.backup"

    refused = register.run("backup", file)

    assert "newer than this program" in refused.output
    assert not file.exists()


def test_backup_of_a_broken_chain_is_not_made(register: Register, tmp_path: Path) -> None:
    """It is noticed on that day, and the backup of yesterday stays."""
    file = tmp_path / "register.backup"
    file.write_bytes(b"yesterday's")
    with register.database.write() as connection:
        connection.exec_driver_sql("UPDATE audit_head SET sequence = sequence + 1")

    done = register.run("backup", file)

    assert done.exit_code == 1
    assert "audit chain" in done.output
    assert file.read_bytes() == b"yesterday's"
    assert list(tmp_path.glob("pki-revocation-*")) == []
