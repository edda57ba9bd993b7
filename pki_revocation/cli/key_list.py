"""`key-list`: the keys that are known to be compromised, which issuers ask about and imports are held against."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

import click
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import iso
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.encoding.possession.csr_proof import is_private_key
from pki_revocation.encoding.possession.key_forms import key_hashes
from pki_revocation.errors import NotFound, PkiError
from pki_revocation.host import durable_files
from pki_revocation.host.account import claimed_by
from pki_revocation.importing.candidates import CandidateRefused
from pki_revocation.importing.pem_der import certificate_in
from pki_revocation.register.compromised_keys import (
    CompromisedKey,
    KeySource,
    all_keys,
    compromised_key,
    evidence_of,
    list_keys,
    take_off,
)
from pki_revocation.runtime.clock_keeping import open_clock

from .options import by_option, installation_option
from .register_checks import trusted_with_compromised_keys

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_json_option = click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")


class UnfitKeyList(PkiError):
    """What should name a key names none; nothing was listed."""


@click.group(name="key-list")
def key_list() -> None:
    """Keys that are known to be compromised: no certificate may be issued for one."""


@key_list.command()
@click.argument("what")
@click.option("--note", required=True, help="Where it is known from: a report, a case number.")
@by_option
@installation_option
def add(installation: Installation, *, what: str, note: str, by: str | None) -> None:
    """List one key: WHAT is a certificate or a public key in a file, or the SHA-256 of its SubjectPublicKeyInfo."""
    with installation.database() as database:
        _list(database, _hashes(what), KeySource.OPERATOR, note, by)


@key_list.command(name="import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--note", help="Where they come from; the file's name without it.")
@by_option
@installation_option
def import_(installation: Installation, *, files: tuple[Path, ...], note: str | None, by: str | None) -> None:
    """List the keys of FILES: the SHA-256 of a SubjectPublicKeyInfo on each line, in hexadecimal; # begins a remark.

    A line that is no hash refuses its file, and nothing of any file is listed.
    """
    read = [(path, list(_lines(path))) for path in files]
    with installation.database() as database:
        for path, hashes in read:
            _list(database, hashes, KeySource.LIST, note or path.name, by)


@key_list.command()
@click.argument("what", required=False)
@click.option(
    "--evidence", type=click.Path(dir_okay=False, path_type=Path), help="Write what proved the key WHAT into this file."
)
@_json_option
@installation_option
def show(installation: Installation, *, what: str | None, evidence: Path | None, as_json: bool) -> None:
    """Show all listed keys, or what is known of WHAT: a file as for add, or a hash."""
    if evidence is not None and what is None:
        raise click.UsageError("--evidence is of one key: name it.")
    with installation.database() as database:
        database.check_revision()
        with database.read() as connection:
            if what is None:
                found = list(all_keys(connection))
            else:
                known = (compromised_key(connection, each) for each in _hashes(what))
                found = [each for each in known if each is not None]
            proof = evidence_of(connection, found[0].sha256) if found and evidence is not None else None
    if what is not None and not found:
        raise NotFound("This key is not on the list of compromised keys.")
    if evidence is not None:
        if proof is None:
            raise NotFound("This key was listed without a proof: there is no evidence to write.")
        durable_files.write(evidence, proof)
    if as_json:
        click.echo(json.dumps([_as_json(each) for each in found]))
        return
    for each in found:
        click.echo(str(each))
    if not found:
        click.echo("No key is known to be compromised.")


@key_list.command()
@click.argument("what")
@by_option
@installation_option
def remove(installation: Installation, *, what: str, by: str | None) -> None:
    """Take off a key that was listed by mistake; one that was proven to be compromised stays."""
    with installation.database() as database:
        database.check_revision()
        with database.write() as connection:
            gone = [each.hex() for each in _hashes(what) if take_off(connection, each)]
            if not gone:
                raise NotFound("This key is not on the list of compromised keys.")
            trail = AuditTrail(open_clock(database))
            trail.record(connection, "keys.unlisted", {"key_sha256": gone}, personal=claimed_by(by))
    click.echo(f"{' and '.join(gone)} is not on the list any more.")


def _list(database: Database, hashes: Iterable[bytes], source: KeySource, note: str, by: str | None) -> None:
    database.check_revision()
    clock = open_clock(database)
    now = clock.now()
    keys = [CompromisedKey(sha256=each, since=now, source=source, note=note) for each in dict.fromkeys(hashes)]
    with database.write() as connection:
        new = list_keys(connection, keys)
        detail = {"source": source.value, "note": note, "named": len(keys), "new": new}
        if len(keys) == 1:
            detail["key_sha256"] = keys[0].sha256.hex()
        AuditTrail(clock).record(connection, "keys.listed", detail, personal=claimed_by(by))
    click.echo(f"{note}: {new:,} key{'' if new == 1 else 's'} listed, {len(keys) - new:,} on the list already.")
    if wrong := trusted_with_compromised_keys(database, now):
        click.echo(f"WRONG: {wrong}")


def _hashes(what: str) -> tuple[bytes, ...]:
    path = Path(what)
    if not path.is_file():
        if _SHA256.fullmatch(what):
            return (bytes.fromhex(what),)
        raise UnfitKeyList(f"{what[:100]!r} is no file, and no SHA-256 in 64 hexadecimal digits.")
    octets = path.read_bytes()
    if is_private_key(octets):
        raise UnfitKeyList(f"{path} holds a private key: give the certificate or the public key, and keep it away.")
    try:
        load = load_pem_public_key if b"-----BEGIN PUBLIC KEY" in octets else load_der_public_key
        return key_hashes(load(octets).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    except (ValueError, UnsupportedAlgorithm):
        pass
    try:
        return key_hashes(certificate_in(octets).public_key)
    except CandidateRefused:
        raise UnfitKeyList(f"{path} holds neither a certificate nor a public key.") from None


def _lines(path: Path) -> Iterable[bytes]:
    try:
        text = path.read_text(encoding="ascii")
    except UnicodeDecodeError:
        raise UnfitKeyList(f"{path} is no list of hashes: it holds other characters than ASCII.") from None
    for number, line in enumerate(text.splitlines(), start=1):
        said = line.partition("#")[0].strip()
        if not said:
            continue
        if not _SHA256.fullmatch(said):
            raise UnfitKeyList(f"{path}, line {number}: {said[:80]!r} is no SHA-256 in 64 hexadecimal digits.")
        yield bytes.fromhex(said)


def _as_json(key: CompromisedKey) -> dict[str, object]:
    return {"key_sha256": key.sha256.hex(), "since": iso(key.since), "source": key.source.value, "note": key.note}
