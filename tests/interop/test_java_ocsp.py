"""Java's PKIXRevocationChecker inside the trust manager that its TLS clients use: OCSP alone, and no fallback.

The chain is the demo's: root, issuing CA, server; both certificates name the running responder.
"""

import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from pki_revocation.reasons import RevocationReason
from tests.interop.relying_party import RelyingParty

_SOURCE = Path(__file__).with_name("OcspCheck.java")

pytestmark = [
    pytest.mark.skipif(shutil.which("javac") is None, reason="javac is missing: apt install default-jdk-headless"),
    pytest.mark.skipif(shutil.which("java") is None, reason="java is missing: apt install default-jdk-headless"),
]


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the compiled program lies."""
    folder = tmp_path_factory.mktemp("classes")
    done = subprocess.run(["javac", "-d", folder, _SOURCE], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder


def judge(party: RelyingParty, classes: Path, *servers: str, options: tuple[str, ...] = ()) -> list[str]:
    """What Java says of each server's certificate."""
    command = ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", *options, "-cp", str(classes), "OcspCheck"]
    done = subprocess.run(
        [*command, "root.pem", "issuing.pem", *servers],
        cwd=party.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def written(moment: datetime) -> str:
    """As java.time.Instant writes a moment."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize("nonce", [False, True], ids=["plain", "nonce"])
def test_good_accepted_and_revoked_refused(party: RelyingParty, classes: Path, *, nonce: bool) -> None:
    """RFC 6960 section 3.2 and RFC 9654: accepted; revoked, refused with the journal's reason and second; never
    issued, refused.
    """  # noqa: D205 - two clauses
    options = ("-Djdk.security.certpath.ocspNonce=true",) if nonce else ()
    names = [f"java-{nonce}-{place}" for place in range(3)]
    servers = [party.issued(name) for name in names]
    unknown = party.issued(f"java-{nonce}-unknown", registered=False)
    assert judge(party, classes, *servers, options=options) == ["accepted"] * 3

    compromised = party.revoke(names[0], RevocationReason.KEY_COMPROMISE)
    plain = party.revoke(names[1])

    said = judge(party, classes, *servers, unknown, options=options)
    assert said[:3] == [
        f"revoked KEY_COMPROMISE {written(compromised)}",
        f"revoked UNSPECIFIED {written(plain)}",
        "accepted",
    ]
    assert said[3].startswith("refused UNDETERMINED_REVOCATION_STATUS at 0")


def test_no_answer_is_no_acceptance(party: RelyingParty, classes: Path) -> None:
    """What the tests above rely on: where nobody answers, Java does not let the certificate pass."""
    (said,) = judge(party, classes, party.issued("java-nobody", url="http://127.0.0.1:9/ocsp"))

    assert said.startswith("refused UNDETERMINED_REVOCATION_STATUS at 0")
