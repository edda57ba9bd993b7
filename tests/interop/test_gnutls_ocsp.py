"""GnuTLS's `ocsptool` as the relying party: it asks over HTTP, verifies with every check that it has, and judges.

GnuTLS builds no chain above the responder: the issuing CA is its anchor. Its nonces have 23 octets.
"""

import re
import shutil
import subprocess
from datetime import datetime

import pytest

from pki_revocation.reasons import RevocationReason
from tests.interop.relying_party import RelyingParty

pytestmark = pytest.mark.skipif(shutil.which("ocsptool") is None, reason="ocsptool is missing: apt install gnutls-bin")


def ocsptool(party: RelyingParty, *arguments: str) -> tuple[int, str]:
    """Its exit status and what it says on both streams."""
    done = subprocess.run(
        ["ocsptool", *arguments], cwd=party.folder, capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stdout + done.stderr


def ask(party: RelyingParty, certificate: str, *options: str) -> tuple[int, str]:
    """Over HTTP, trusting the issuing CA."""
    where = [f"--ask={party.scene.url}", f"--load-cert={certificate}", "--load-issuer=issuing.pem"]
    return ocsptool(party, *where, "--load-trust=issuing.pem", "--outfile=answer.der", *options)


def written(moment: datetime) -> str:
    """As ocsptool writes a moment."""
    return f"{moment:%a %b %d %H:%M:%S} UTC {moment:%Y}"


@pytest.mark.parametrize("options", [[], ["--nonce"]], ids=["plain", "nonce"])
def test_good_then_revoked(party: RelyingParty, options: list[str]) -> None:
    """RFC 6960 section 3.2: verified, good, and after the revocation revoked with its time; the nonce fits."""
    name = f"gnutls-{len(options)}"
    certificate = party.issued(name)

    status, before = ask(party, certificate, *options)
    assert (status, "Verifying OCSP Response: Success." in before) == (0, True), before
    assert "Certificate Status: good" in before
    moment = party.revoke(name, RevocationReason.KEY_COMPROMISE)
    _, after = ask(party, certificate, *options)

    assert "Verifying OCSP Response: Success." in after
    assert "Certificate Status: revoked" in after
    assert f"Revocation time: {written(moment)}" in after
    assert ("Nonce: " in after) == bool(options)


def test_never_issued_is_unknown(party: RelyingParty) -> None:
    """RFC 6960 section 2.2: verified, and not good."""
    _, said = ask(party, party.issued("gnutls-unknown", registered=False))

    assert "Verifying OCSP Response: Success." in said
    assert "Certificate Status: unknown" in said


def test_answer_by_itself(party: RelyingParty) -> None:
    """What was kept verifies later too, against the issuing CA and against the signer; and not against a stranger."""
    ask(party, party.issued("gnutls-kept"))
    party.keep("signer", party.scene.delegates["issuing"])
    party.keep("other", party.scene.delegates["second"])

    for anchor in ("--load-trust=issuing.pem", "--load-signer=signer.pem"):
        status, said = ocsptool(party, "--verify-response", "--load-response=answer.der", anchor)
        assert (status, "Verifying OCSP Response: Success." in said) == (0, True), said
    status, said = ocsptool(party, "--verify-response", "--load-response=answer.der", "--load-signer=other.pem")
    assert status != 0
    assert re.search("Verifying OCSP Response: Failure", said)
