"""Java's PKIXRevocationChecker with CRLs alone, from a CertStore or from the certificates' own addresses.

It takes no CRL with a critical extension that it does not know, so that it passes over deltas and uses their bases.
"""

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from tests.interop.crl_kinds import FATES, PARTS, CrlKinds

_SOURCE = Path(__file__).with_name("CrlCheck.java")

pytestmark = [
    pytest.mark.skipif(shutil.which("javac") is None, reason="javac is missing: apt install default-jdk-headless"),
    pytest.mark.skipif(shutil.which("java") is None, reason="java is missing: apt install default-jdk-headless"),
    pytest.mark.parametrize(
        "kinds",
        ["p256", *(pytest.param(key_type, marks=pytest.mark.long) for key_type in ("rsa2048", "ed25519"))],
        indirect=True,
    ),
]
# Nobody listens there, so that nothing but the CertStore's CRLs can be used.
OFFLINE = ("-Dhttp.proxyHost=127.0.0.1", "-Dhttp.proxyPort=9", "-Dhttp.nonProxyHosts=")
ONLINE = ("-Dcom.sun.security.enableCRLDP=true",)
UNKNOWN = "refused UNDETERMINED_REVOCATION_STATUS"
GROUPS = ("full", "shard-1", "shard-2", "ca")
OWN = {
    "full": set(GROUPS),
    "shard-1": {"shard-1"},
    "shard-2": {"shard-2"},
    "ca": {"ca"},
    "users": {"full", "shard-1", "shard-2"},
}


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the compiled program lies."""
    folder = tmp_path_factory.mktemp("classes")
    done = subprocess.run(["javac", "-d", folder, _SOURCE], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder


def judge(
    kinds: CrlKinds, classes: Path, *crls: Path, groups: tuple[str, ...] = GROUPS, options: tuple[str, ...] = OFFLINE
) -> dict[str, list[str]]:
    """What Java says of each group's certificates, good, revoked and late, with these CRLs."""
    certificates = [kinds.certificate(group, fate) for group in groups for fate in FATES]
    command = ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", *options, "-cp", str(classes), "CrlCheck"]
    given = ",".join(map(str, crls)) or "-"
    done = subprocess.run(
        [*command, str(kinds.folder / "ca.pem"), given, *map(str, certificates)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    said = iter(done.stdout.splitlines())
    return {group: [next(said) for _ in FATES] for group in groups}


def revoked(kinds: CrlKinds, group: str) -> str:
    """What is to be said of a revoked one."""
    match group:
        case "full":
            crl = x509.load_der_x509_crl(kinds.crl("full").read_bytes())
            entry = crl.get_revoked_certificate_by_serial_number(kinds.serials["full", "revoked"])
            assert entry is not None
            since: datetime = entry.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc
            return f"revoked KEY_COMPROMISE {since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        case "ca":
            return "revoked CESSATION_OF_OPERATION -"
        case _:
            return "revoked UNSPECIFIED -"


@pytest.mark.parametrize("part", PARTS)
def test_each_crl_is_used_for_its_own_certificates_alone(kinds: CrlKinds, classes: Path, part: str) -> None:
    """Good is accepted, revoked is refused with its reason, and what belongs on another CRL is undecided."""
    said = judge(kinds, classes, kinds.crl(part))

    for group in GROUPS:
        own = ["accepted", revoked(kinds, group), "accepted"]
        assert said[group] == (own if group in OWN[part] else [UNKNOWN] * 3), group


def test_shards_are_fetched_from_the_certificates_addresses(kinds: CrlKinds, classes: Path) -> None:
    """Each from its own, over HTTP; nothing is handed over."""
    said = judge(kinds, classes, options=ONLINE)

    assert said == {group: ["accepted", revoked(kinds, group), "accepted"] for group in GROUPS}


@pytest.mark.parametrize("part", ["full", "shard-1"])
def test_base_is_used_and_its_delta_is_passed_over(kinds: CrlKinds, classes: Path, part: str) -> None:
    """A delta is never mistaken for a complete CRL: alone it decides nothing, and beside its base it does no harm."""
    delta = kinds.crl(part, delta=True)

    alone = judge(kinds, classes, delta, groups=(part,))
    both = judge(kinds, classes, kinds.crl(part), delta, groups=(part,))

    assert alone == {part: [UNKNOWN] * 3}
    assert both == {part: ["accepted", revoked(kinds, part), "accepted"]}


def test_last_crl_holds_for_ever(kinds: CrlKinds, classes: Path) -> None:
    """Everything on it is refused."""
    said = judge(kinds, classes, kinds.last)

    assert all(each.startswith("revoked ") for group in GROUPS for each in said[group])


def test_nothing_is_accepted_without_a_crl(kinds: CrlKinds, classes: Path) -> None:
    """What the tests above rely on: where no CRL can be had, Java does not let the certificate pass."""
    assert judge(kinds, classes, groups=("full",)) == {"full": [UNKNOWN] * 3}
