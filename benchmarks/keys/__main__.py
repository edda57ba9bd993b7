"""Signatures per second by key type, from a file and from SoftHSM, in one run: `python -m benchmarks.keys`.

What is timed is what the responder calls for each answer: a text of 300 octets, hashed and signed. The columns take
turns in each round, so that a machine that slows down slows all of them; a figure is the median of the rounds.
"""

import os
import secrets
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

import click
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

from benchmarks.table import replace_between
from keys.algorithms import SignatureName, algorithm_for
from keys.files.file_key import KEY_TYPES, KeyFile, save_key
from keys.files.secret_source import SecretSource
from keys.key_location import TokenKey
from keys.pkcs11.generation import TOKEN_KEY_TYPES, generate_on_token
from pki_revocation.clock import SystemClock, iso
from pki_revocation.host.machine import this_machine
from tests.keys.pkcs11 import softhsm
from tests.keys.pkcs11.softhsm import SoftHsm

_TEXT = secrets.token_bytes(300)
_THREADS = 8
_VARIABLE = "PKI_REVOCATION_PIN_BENCH"
_PASSPHRASE = secrets.token_hex(8)
_ROWS: list[tuple[str, SignatureName | None]] = [
    ("p256", None),
    ("p384", None),
    ("rsa2048", None),
    ("rsa2048", SignatureName.PSS),
    ("rsa3072", None),
    ("rsa3072", SignatureName.PSS),
    ("rsa4096", None),
    ("rsa4096", SignatureName.PSS),
    ("ed25519", None),
    ("mldsa44", None),
    ("mldsa65", None),
    ("mldsa87", None),
]
_Sign = Callable[[bytes], bytes]


class _Line(NamedTuple):
    """One key type with its three figures, per second; None where no token has it."""

    key_type: str
    algorithm: str
    file: float
    token: float | None
    token_threads: float | None


@click.command()
@click.option("--seconds", type=click.FloatRange(0.1, 60), default=1, show_default=True, help="Of each round.")
@click.option("--rounds", type=click.IntRange(1, 99), default=3, show_default=True, help="The median is taken.")
@click.option("--docs", type=click.Path(exists=True, path_type=Path), help="Put the table into this page.")
def bench(*, seconds: float, rounds: int, docs: Path | None) -> None:
    """Measure, and print a Markdown table."""
    if not softhsm.HERE:
        raise click.ClickException(softhsm.WHY_NOT)
    with tempfile.TemporaryDirectory() as folder:
        hsm = SoftHsm(Path(folder))
        os.environ[softhsm.CONFIG_VARIABLE] = str(hsm.config)
        os.environ[_VARIABLE] = hsm.make_token("bench")
        lines = [_measured(Path(folder), key_type, signature, seconds, rounds) for key_type, signature in _ROWS]
    table = _table(lines)
    print(table)
    if docs is not None:
        replace_between(docs, "keys figures", table)


def _measured(folder: Path, key_type: str, signature: SignatureName | None, seconds: float, rounds: int) -> _Line:
    label = f"{key_type}-{signature or ''}"
    print(label, file=sys.stderr, flush=True)
    path = folder / f"{label}.key"
    save_key(KEY_TYPES[key_type](), path, _PASSPHRASE)
    os.environ["BENCH"] = _PASSPHRASE
    secret = SecretSource(what="passphrase", variable="BENCH")
    in_file = _signer(KeyFile(path, unencrypted=False, secret=secret).load(), signature)
    algorithm = algorithm_for(KeyFile(path, unencrypted=False, secret=secret).load().public_key(), signature).name
    on_token = _signer(_token_key(key_type, label), signature) if key_type in TOKEN_KEY_TYPES else None
    found: list[tuple[float, float | None, float | None]] = []
    for _ in range(rounds):
        alone = _per_second(in_file, seconds, 1)
        if on_token is None:
            found.append((alone, None, None))
        else:
            found.append((alone, _per_second(on_token, seconds, 1), _per_second(on_token, seconds, _THREADS)))
    file, token, threads = zip(*found, strict=True)
    return _Line(key_type, algorithm, median(file), _middle(token), _middle(threads))


def _token_key(key_type: str, label: str) -> CertificateIssuerPrivateKeyTypes:
    place = TokenKey(softhsm.parsed("bench", label), sessions=_THREADS)
    generate_on_token(place.uri, place.token, key_type)
    return place.load()


def _signer(key: CertificateIssuerPrivateKeyTypes, signature: SignatureName | None) -> _Sign:
    return algorithm_for(key.public_key(), signature).signer(key)


def _per_second(sign: _Sign, seconds: float, threads: int) -> float:
    sign(_TEXT)
    counts = [0] * threads
    begin = time.perf_counter()
    end = begin + seconds

    def work(thread: int) -> None:
        while time.perf_counter() < end:
            sign(_TEXT)
            counts[thread] += 1

    running = [threading.Thread(target=work, args=(thread,)) for thread in range(threads)]
    for each in running:
        each.start()
    for each in running:
        each.join()
    return sum(counts) / (time.perf_counter() - begin)


def _middle(values: tuple[float | None, ...]) -> float | None:
    known = [each for each in values if each is not None]
    return median(known) if known else None


def _table(lines: list[_Line]) -> str:
    rows = [
        f"| {each.key_type} | {each.algorithm} | {_shown(each.file)} | {_shown(each.token)} | "
        f"{_shown(each.token_threads)} |"
        for each in lines
    ]
    head = [
        f"Measured {iso(SystemClock().now())} on {this_machine()}.",
        "",
        f"| key | signs with | file | SoftHSM | SoftHSM, {_THREADS} threads |",
        "|---|---|---|---|---|",
    ]
    return "\n".join([*head, *rows]) + "\n"


def _shown(value: float | None) -> str:
    return "not on the token" if value is None else f"{value:,.0f}"


if __name__ == "__main__":
    bench()
