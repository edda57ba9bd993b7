"""`prove-compromise`: a subscriber makes a proof with the private key, off-line; the key never leaves."""

from pathlib import Path
from typing import cast, get_args
from urllib.parse import urlsplit

import click
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

from pki_revocation.clock import SystemClock
from pki_revocation.encoding.possession.jws_proof import ADDRESS, LIFETIME
from pki_revocation.encoding.possession.making import make_csr_proof, make_jws_proof
from pki_revocation.errors import PkiError
from pki_revocation.host import durable_files

_PASSPHRASE_TRIES = 3
# What can sign; keys that only exchange others cannot.
_SIGNING = get_args(CertificateIssuerPrivateKeyTypes)


class UnreadableKey(PkiError):
    """The file holds no private key that can be used."""


@click.command(name="prove-compromise")
@click.option(
    "--key",
    "key_file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The certificate's private key, in PEM or DER; its passphrase is asked at the terminal.",
)
@click.option("--url", help="The register's page, as in https://intrekken.example: for a proof in JSON.")
@click.option("--csr", is_flag=True, help="A certification request as proof: it has no address, and never gets old.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Where to write it; standard output.")
def prove_compromise(*, key_file: Path, url: str | None, csr: bool, out: Path | None) -> None:
    """Prove that you have a certificate's private key, so that the certificate is revoked.

    The proof revokes every certificate with this key, for keyCompromise and for good, as soon as it is sent to the
    register. It is made on this machine, without a network; the key itself is never sent.
    """
    if csr is (url is not None):
        raise click.UsageError("Give --url for a proof in JSON, or --csr for a certification request: one of the two.")
    if out is not None and out.exists() and out.samefile(key_file):
        raise click.UsageError(f"--out {out} is the key itself: give another file.")
    address = None if url is None else _address(url)
    key = _load(key_file)
    proof = make_csr_proof(key) if address is None else make_jws_proof(key, address, SystemClock().now())
    if out is None:
        click.echo(proof, nl=False)
    else:
        durable_files.write(out, proof)
    if address is not None:
        name = "FILE" if out is None else str(out)
        click.echo(
            f"It counts for {LIFETIME.seconds // 60} minutes. Paste it on the register's page for the private key, or: "
            f"curl -H 'Content-Type: application/jose+json' --data-binary @{name} {address}",
            err=True,
        )


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise click.UsageError(f"--url {url!r} is no address of a page: give it as in https://intrekken.example.")
    return url if parts.path.endswith(ADDRESS) else f"{url.rstrip('/')}{ADDRESS}"


def _load(path: Path) -> CertificateIssuerPrivateKeyTypes:
    octets = path.read_bytes()
    try:
        return _key_in(octets, None, path)
    except TypeError:
        # The library's word for a passphrase that is needed and was not given.
        return _with_passphrase(octets, path)


def _with_passphrase(octets: bytes, path: Path) -> CertificateIssuerPrivateKeyTypes:
    for _ in range(_PASSPHRASE_TRIES):
        passphrase: str = click.prompt(f"Passphrase of {path}", hide_input=True, err=True)
        try:
            return _key_in(octets, passphrase.encode(), path)
        except UnreadableKey:
            click.echo("This passphrase does not open it.", err=True)
    raise UnreadableKey(f"{path} was not opened by any of {_PASSPHRASE_TRIES} passphrases.")


def _key_in(octets: bytes, passphrase: bytes | None, path: Path) -> CertificateIssuerPrivateKeyTypes:
    load = load_pem_private_key if b"-----BEGIN " in octets else load_der_private_key
    try:
        key = load(octets, passphrase)
    except (ValueError, UnsupportedAlgorithm):
        raise UnreadableKey(f"{path} holds no private key in PEM or DER that can be read.") from None
    if not isinstance(key, _SIGNING):
        raise UnreadableKey(f"{path} holds a key that cannot sign: a proof is a signature.")
    return cast(CertificateIssuerPrivateKeyTypes, key)
