"""From the stored entries to the signed CRL: CPU seconds, as a ratio to what `openssl ca -gencrl` takes for the same.

All three take turns on one core. OpenSSL reads an index.txt, as that is where it keeps revocations; the builder of
`cryptography` gets its entries as objects that were made before, and is timed from there.
"""

import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from benchmarks.campaign import Campaign, command
from benchmarks.figures import Cell, Figure, NotMeasured, Row, middle
from benchmarks.processes import SERVER_CORE
from crl_publisher.bench.register import open_register
from pki_revocation import journal
from pki_revocation.model import serial_text
from pki_revocation.reasons import RevocationReason
from pki_revocation.register.issuers import issuer_named

from .subject import MILLION, register_of, say, trials

ROW = Row(
    name="build",
    title="1,000,000 entries to a signed CRL, CPU as a ratio to openssl ca -gencrl",
    unit="",
    must=1 / 15,
    aim=1 / 40,
)
_CONFIGURATION = """
[ca]
default_ca = bench
[bench]
database = index.txt
crlnumber = crlnumber
certificate = ../ca.pem
private_key = ../ca.key
default_md = sha256
default_crl_days = 2
crl_extensions = extensions
[extensions]
authorityKeyIdentifier = keyid
"""


def measure(campaign: Campaign) -> list[Cell]:
    """The cells of this publisher, of OpenSSL and of `cryptography`."""
    folder = register_of(campaign, MILLION)
    ours = [costs.build.cpu for costs in trials(campaign, MILLION, campaign.rounds)]
    if not campaign.peers or shutil.which("openssl") is None:
        why = "it is not here" if campaign.peers else "others were not asked for"
        return [NotMeasured(row=ROW, who="pki-revocation", why=f"openssl is what it is a ratio to, and {why}")]
    theirs = _openssl(folder, max(1, campaign.rounds // 2))
    ratios = tuple(each / middle(theirs) for each in ours)
    builder = _builder(folder)
    return [
        Figure(
            row=ROW,
            who="pki-revocation",
            value=middle(list(ratios)),
            rounds=ratios,
            beside={"CPU s": middle(ours), "that is 1 /": middle(theirs) / middle(ours)},
        ),
        Figure(row=ROW, who="openssl ca -gencrl", value=1, beside={"CPU s": middle(theirs)}),
        Figure(
            row=ROW,
            who="cryptography's builder",
            value=builder / middle(theirs),
            beside={"CPU s": builder},
        ),
    ]


def _openssl(folder: Path, rounds: int) -> list[float]:
    work = folder / "openssl"
    work.mkdir(exist_ok=True)
    (work / "ca.cnf").write_text(_CONFIGURATION)
    (work / "crlnumber").write_text("01\n")
    (work / "index.txt.attr").touch()
    if not (work / "index.txt").is_file():
        _write_index(folder, work / "index.txt")
    spent = []
    for _ in range(rounds):
        before = os.times()
        line = ["taskset", "-c", str(SERVER_CORE), "openssl", "ca", "-config", "ca.cnf", "-gencrl", "-out", "crl.pem"]
        subprocess.run(line, cwd=work, check=True, capture_output=True)
        after = os.times()
        used = after.children_user + after.children_system - before.children_user - before.children_system
        spent.append(used)
        say(f"openssl ca -gencrl: {used:.2f} s of CPU")
    return spent


def _write_index(folder: Path, index: Path) -> None:
    with open_register(folder) as database, database.read() as connection, index.open("w") as file:
        issuer = issuer_named(connection, None)
        for entry in journal.entries_after(connection, issuer.id, 0):
            revoked = entry.revocation_date.strftime("%y%m%d%H%M%SZ")
            # `openssl ca` knows no privilegeWithdrawn; another reason costs it the same octets.
            known = entry.reason is not RevocationReason.PRIVILEGE_WITHDRAWN
            named = entry.reason if known else RevocationReason.SUPERSEDED
            reason = f",{named.token}" if named else ""
            serial = serial_text(entry.serial).upper()
            file.write(f"R\t331231235959Z\t{revoked}{reason}\t{serial}\tunknown\t/CN=bench\n")


def _builder(folder: Path) -> float:
    """The CPU seconds of `cryptography`'s builder, measured once: they differ little, and it needs a while."""
    line = ["taskset", "-c", str(SERVER_CORE), sys.executable, "-m", "benchmarks.crl.build", "builder", str(folder)]
    used = float(subprocess.run(line, check=True, capture_output=True, text=True).stdout)
    say(f"cryptography's builder: {used:.2f} s of CPU")
    return used


def _build_with_cryptography(folder: Path) -> float:
    key = load_pem_private_key((folder / "ca.key").read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(key)
    certificate = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    with open_register(folder) as database, database.read() as connection:
        issuer = issuer_named(connection, None)
        rows = [
            (each.serial, each.revocation_date, each.reason) for each in journal.entries_after(connection, issuer.id, 0)
        ]
    reasons = {flag.value: flag for flag in x509.ReasonFlags}
    now = datetime.now(UTC)
    began = time.process_time()
    entries = []
    for serial, revoked, reason in rows:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(revoked)
        if reason:
            entry = entry.add_extension(x509.CRLReason(reasons[reason.token]), critical=False)
        entries.append(entry.build())
    # Added one by one, each would copy the list; its constructor takes them at once.
    x509.CertificateRevocationListBuilder(
        issuer_name=certificate.subject, last_update=now, next_update=now, extensions=[], revoked_certificates=entries
    ).sign(key, hashes.SHA256())
    return time.process_time() - began


if __name__ == "__main__":
    if sys.argv[1:2] == ["builder"]:
        print(_build_with_cryptography(Path(sys.argv[2])))
    else:
        command({ROW.name: measure}, "crl figures")()
