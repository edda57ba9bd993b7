"""What a receipt says, and that its printed commands convince a reader who trusts one root and nothing else."""

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from pki_revocation.documents.receipt import ReceiptSurroundings
from pki_revocation.subscribers.languages import Language
from tests.conftest import START
from tests.receipts import Register, Shell, printed_commands, run_printed, text_of, unpack

SHELLS: tuple[Shell, ...] = ("posix", "powershell")
PLACES = ReceiptSurroundings(
    trust_anchor_url="https://register.example/root",
    cps_url="https://register.example/cps",
    verify_url="https://intrekken.example/receipt/verify",
)
# What a command prints when it believes what it was shown.
BELIEVED = ("Response verify OK", "issuer.pem: OK", "verify OK", "Verification: OK")


@pytest.fixture(scope="module")
def genuine() -> Register:
    """A register whose root the reader knows."""
    return Register(START)


@pytest.fixture(scope="module")
def forger(genuine: Register) -> Register:
    """Somebody with a root, a CA and a responder of the same names, and a certificate that is good."""
    return Register(START, genuine.certificate)


def reader(folder: Path, known: Register) -> dict[str, str]:
    """A reader's folder with the root that they fetched themselves, in DER as it comes from an address."""
    (folder / "root.cer").write_bytes(known.root.certificate.public_bytes(Encoding.DER))
    return {"PATH": os.environ["PATH"]}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("direct", [False, True], ids=["by a responder", "by the CA"])
def test_printed_commands_believe_a_genuine_receipt(
    genuine: Register, tmp_path: Path, shell: Shell, *, direct: bool
) -> None:
    """Each says what the receipt says that it says; each box is for the shell that it names, or for both."""
    pdf = genuine.receipt(genuine.evidence(direct=direct))
    unpack(pdf, tmp_path)
    variables = reader(tmp_path, genuine)

    root, ocsp, crl = (run_printed(each, tmp_path, shell, variables) for each in printed_commands(pdf, shell))

    fingerprint = root.stdout.partition("=")[2].strip()
    assert fingerprint.replace(":", "") in re.sub(r"[:\s]", "", text_of(pdf))
    assert ocsp.returncode == 0
    assert "Response verify OK" in ocsp.stderr
    # Whole octets, so that a zero may stand in front.
    assert re.search(rf"Serial Number: 0?{genuine.certificate.serial_number:X}$", ocsp.stdout, re.MULTILINE)
    assert {"Cert Status: revoked", "Revocation Time: Nov 23 14:03:22 2026 GMT"} <= {
        line.strip() for line in ocsp.stdout.splitlines()
    }
    assert "issuer.pem: OK" in crl.stdout
    assert "verify OK" in crl.stderr
    assert "Revocation Date: Nov 23 14:03:22 2026 GMT" in crl.stdout


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("direct", [False, True], ids=["by a responder", "by the CA"])
def test_printed_commands_refuse_a_forged_receipt(
    genuine: Register, forger: Register, tmp_path: Path, shell: Shell, *, direct: bool
) -> None:
    """Whatever the forger signs with, and whatever names it bears: no command of either kind believes it."""
    pdf = forger.receipt(forger.evidence(direct=direct))
    unpack(pdf, tmp_path)
    variables = reader(tmp_path, genuine)

    root, *checks = (run_printed(each, tmp_path, shell, variables) for each in printed_commands(pdf, shell))

    printed = root.stdout.partition("=")[2].strip()
    assert printed.replace(":", "") not in re.sub(r"[:\s]", "", text_of(pdf))
    assert len(checks) == 2
    for check in checks:
        # PowerShell's box ends well when it was left in the middle.
        assert check.returncode != 0 or shell == "powershell"
        assert not any(words in check.stdout + check.stderr for words in BELIEVED)
    assert "Revocation Date" not in checks[-1].stdout


def test_forged_list_beside_the_genuine_issuer_is_refused(genuine: Register, forger: Register, tmp_path: Path) -> None:
    """Nor when the file with the issuer holds the genuine certificate first and the forger's after it."""
    pdf = genuine.receipt()
    unpack(pdf, tmp_path)
    variables = reader(tmp_path, genuine)
    (tmp_path / "issuer.pem").write_bytes(genuine.issuing.pem + forger.issuing.pem)
    (tmp_path / "list.crl").write_bytes(forger.crl())

    _, _, crl = (run_printed(each, tmp_path, "posix", variables) for each in printed_commands(pdf, "posix"))

    assert "verify failure" in crl.stderr
    assert "verify OK" not in crl.stderr


@pytest.mark.parametrize("language", Language)
def test_commands_are_the_same_in_both_languages_and_need_no_broken_line(genuine: Register, language: Language) -> None:
    """No backslash and no backtick at a line's end; PowerShell's box has no `&&`, which 5.1 does not know."""
    pdf = genuine.receipt(language=language)

    for shell in SHELLS:
        scripts = printed_commands(pdf, shell)
        assert scripts == printed_commands(genuine.receipt(), shell)
        assert len(scripts) == 3
        assert not any(line.endswith(("\\", "`")) for script in scripts for line in script.splitlines())


def test_list_that_is_not_attached_is_fetched_first(genuine: Register) -> None:
    """By each shell's own means."""
    pdf = genuine.receipt(genuine.evidence(attached=False))

    posix, powershell = (printed_commands(pdf, shell)[-1].splitlines()[0] for shell in SHELLS)

    address = "http://crl.register.example/crl/issuing.crl"
    assert posix == f"curl -f -o list.crl {address} &&"
    assert powershell == f"Invoke-WebRequest -UseBasicParsing -OutFile list.crl {address}"


@pytest.mark.parametrize("language", Language)
def test_every_time_has_its_zone(genuine: Register, language: Language) -> None:
    """Each moment is in Dutch time and says so, or in UTC and says so."""
    said = " ".join(text_of(genuine.receipt(language=language)).split())

    zone = {"nl": r"\(Nederlandse tijd\)", "en": r"\(Dutch time\)"}[language.value]
    times = re.findall(r"\d\d:\d\d:\d\d", re.sub(r"[0-9A-F]{2}(:[0-9A-F]{2}){3,}", "", said))
    with_zone = re.findall(rf"\d\d:\d\d:\d\d(?= UTC| {zone})", said)
    assert len(times) >= 8
    assert len(times) == len(with_zone)


def test_root_can_be_compared_with_places_outside(genuine: Register) -> None:
    """The fingerprint in four lines, as OpenSSL prints it, and where else it stands."""
    pdf = genuine.receipt(surroundings=PLACES)

    said = text_of(pdf)
    lines = re.findall(r"^(?:.* )?((?:[0-9A-F]{2}:){7}[0-9A-F]{2})$", said, re.MULTILINE)
    assert ":".join(lines) == _fingerprint(genuine.root.pem)
    for place in (PLACES.trust_anchor_url, PLACES.cps_url, PLACES.verify_url):
        assert place in "".join(said.split())
    assert "from the issuer’s website" in " ".join(text_of(genuine.receipt()).split())


def _fingerprint(pem: bytes) -> str:
    command = ["openssl", "x509", "-noout", "-fingerprint", "-sha256"]
    done = subprocess.run(command, input=pem, capture_output=True, check=True, timeout=60)
    return done.stdout.decode().partition("=")[2].strip()


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (Language.DUTCH, ("zijn alleen ons woord", "niet van een tijdstempel voorzien", "niet ondertekend")),
        (Language.ENGLISH, ("are our word alone", "not yet stamped", "is not signed")),
    ],
)
def test_what_is_not_proven_is_said(genuine: Register, language: Language, sentences: tuple[str, ...]) -> None:
    """What the proof does not cover, that no stamp is there yet, and that the file itself is not signed."""
    said = " ".join(text_of(genuine.receipt(genuine.evidence(is_stamped_later=True), language)).split())

    assert all(sentence in said for sentence in sentences)


def test_without_a_root_no_command_pretends_to_have_one(genuine: Register) -> None:
    """Where the register does not know the root, the receipt says so and prints no fingerprint."""
    evidence = replace(genuine.evidence(), chain=(genuine.issuing.certificate,))
    said = text_of(genuine.receipt(evidence))

    assert "The root certificate is not known here" in " ".join(said.split())
    assert "-fingerprint" not in said


def test_raise_keeps_the_reference_of_the_revocation(genuine: Register) -> None:
    """Both are there: a letter or a call that quotes the first one can be found again."""
    said = text_of(genuine.receipt(replace(genuine.evidence(), first_reference="FIRST-REF-0001")))

    assert "Reference of the revocation FIRST-REF-0001" in " ".join(said.split())
    assert "Reference of the revocation" not in text_of(genuine.receipt())
