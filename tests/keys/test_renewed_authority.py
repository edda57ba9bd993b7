"""A CA with several certificates and names, as the keyring and `doctor` see it."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from keys.config import KeySettings
from keys.doctor import check
from keys.errors import UnusableKey
from keys.files.file_key import save_key
from keys.keyring import Keyring
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from pki_revocation.register.issuer_changes import IssuerChanges
from pki_revocation.register.issuers import add_issuer
from tests.fakes import FakeClock
from tests.odd_authorities import KEY_USAGE, UTF8, OddAuthority, OddExtension, odd_name, usual
from tests.pki import DAY, EPOCH


@pytest.fixture
def ca() -> OddAuthority:
    """Certified from 2026 on for ten years."""
    return OddAuthority(odd_name(UTF8, b"Verlengde CA"))


def issuer_of(*certificates: x509.Certificate, other_names: tuple[str, ...] = ()) -> Issuer:
    """An issuer with these, newer before older."""
    newest, *earlier = (each.public_bytes(Encoding.DER) for each in certificates)
    return Issuer(id=1, name="issuing", certificate_der=newest, earlier_ders=tuple(earlier), other_names=other_names)


def keyring(folder: Path, clock: FakeClock, ca: OddAuthority, *sections: str) -> Keyring:
    """With the CA's key in each of these sections."""
    if not (folder / "ca.key").exists():
        save_key(ca.key, folder / "ca.key")
    settings = KeySettings(crl_key="ca.key", ocsp_key="ca.key", unencrypted=True)
    return Keyring(settings=dict.fromkeys(sections, settings), directory=folder, clock=clock)


def test_certificate_that_is_valid_now_signs(tmp_path: Path, clock: FakeClock, ca: OddAuthority) -> None:
    """The newest of them: one that is to come waits, and one that ended is passed over."""
    now = clock.now()
    coming = ca.certified(now + 5 * DAY, now + 900 * DAY)
    present = ca.certified(now - 5 * DAY, now + 10 * DAY)
    keys, issuer = keyring(tmp_path, clock, ca, "issuing"), issuer_of(coming, present, ca.certificate)
    states = []
    for expected in (present, coming, coming):
        assert keys.crl_identity(issuer).certificate == keys.ocsp_identity(issuer).certificate == expected
        states.append(keys.ocsp_state(issuer))
        clock.advance(6 * DAY)

    assert states == [present, coming, coming]
    clock.advance(9000 * DAY)
    with pytest.raises(UnusableKey, match=r"is valid from .* and not now"):
        keys.crl_identity(issuer)


def test_certificate_that_forbids_it_is_passed_over(tmp_path: Path, clock: FakeClock, ca: OddAuthority) -> None:
    """A cross-certificate may let the CA issue, and sign no CRL: the one beside it does."""
    constraints, _, identifier = usual(ca.key)
    only_issues = OddExtension(KEY_USAGE, b"\x03\x02\x02\x04", critical=True)
    cross = ca.certified(EPOCH + DAY, EPOCH + 3000 * DAY, extensions=(constraints, only_issues, identifier))
    keys = keyring(tmp_path, clock, ca, "issuing")

    assert keys.crl_identity(issuer_of(cross, ca.certificate)).certificate == ca.certificate
    with pytest.raises(UnusableKey, match="lacks cRLSign"):
        keys.crl_identity(issuer_of(cross))


def test_usage_that_cannot_be_read_allows_nothing(tmp_path: Path, clock: FakeClock, ca: OddAuthority) -> None:
    """It may forbid what is asked; the sentence says what is wrong with it."""
    extensions = (usual(ca.key)[0], OddExtension(KEY_USAGE, b"\x05\x00"))
    broken = ca.certified(EPOCH, EPOCH + 3000 * DAY, extensions=extensions)
    with pytest.raises(UnusableKey, match=r"The key usage of CN=Verlengde CA.* cannot be read"):
        keyring(tmp_path, clock, ca, "issuing").crl_identity(issuer_of(broken))


def test_section_by_any_name_and_the_own_one_first(tmp_path: Path, clock: FakeClock, ca: OddAuthority) -> None:
    """[keys.NAME] may have any name that the issuer is known by; of several the first counts, and it is named."""
    known = issuer_of(ca.certificate, other_names=("issuing-2026", "old"))
    for sections in (("issuing-2026",), ("old",), ("issuing", "old")):
        keys = keyring(tmp_path, clock, ca, *sections)
        assert keys.signs_crls_for(known)
        assert keys.answers_ocsp_for(known)
        assert keys.sections(known)[0] == sections[0]
    with pytest.raises(UnusableKey, match=r"There is no \[keys.issuing\]"):
        keyring(tmp_path, clock, ca, "another").crl_identity(known)


def test_doctor_knows_the_last_end_and_what_is_there_twice(
    tmp_path: Path, database: Database, clock: FakeClock, ca: OddAuthority
) -> None:
    """The CA's certificates end with the last one; a second section and a second registration are wrong."""
    last = ca.certified(EPOCH + DAY, EPOCH + 9000 * DAY)
    with database.write() as connection:
        changes = IssuerChanges(clock)
        changes.add(connection, ca.certificate, name="issuing", makes_default=True)
        changes.add(connection, last, name="issuing-2026", makes_default=False)
        add_issuer(connection, name="again", certificate=ca.certificate, is_default=False, clock=clock)
    section = 'crl_key = "ca.key"\nunencrypted = true\n'
    (tmp_path / "config.toml").write_text(
        f'[database]\nurl = "sqlite:///x.db"\n[keys.issuing]\n{section}[keys.issuing-2026]\n{section}'
    )
    found = {each.check: each for each in check(Installation.open(tmp_path), database)}

    assert found["CA certificate of issuing"].says == "valid until 2050-08-23T00:00:00Z"
    assert not found["keys of issuing"].well
    assert "[keys.issuing-2026] of the same CA does not" in found["keys of issuing"].says
    assert "name and key of 'issuing'" in found["issuer again"].says
