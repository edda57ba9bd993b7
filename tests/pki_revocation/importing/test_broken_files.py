"""Whatever is in a file, a reader ends, and gives candidates, refusals and remarks: never an error of its own."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pki_revocation.importing.candidates import Candidate, Refusal, Remark
from pki_revocation.importing.csv_rows import read_csv
from pki_revocation.importing.index_txt import read_index
from pki_revocation.importing.known_issuers import KnownIssuers
from pki_revocation.importing.pem_der import read_der, read_pem
from pki_revocation.importing.sources import format_of
from pki_revocation.model import Issuer
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.pki_revocation.importing.rows import index_row, pem

CSV_HEADER = b"serial,subject,not_after,status,revoked_at,reason\n"
CSV_ROW = b"01,x,2027-11-23T14:03:22Z,R,2026-10-01T00:00:00Z,superseded\n"
INDEX = index_row(1, "260102030405Z,keyTime,20251224120000Z").encode()
# The folder is one for all examples; each of them writes its file anew.
ONE_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@ONE_FOLDER
@given(st.binary(max_size=200))
@example(b"")
def test_any_octets(tmp_path: Path, octets: bytes) -> None:
    """Octets of any kind, whichever reader they come to."""
    file = tmp_path / "file"
    issuers = KnownIssuers(())
    format_of(octets)
    for contents in (octets, CSV_HEADER + octets, INDEX + octets, b"-----BEGIN CERTIFICATE-----\n" + octets):
        file.write_bytes(contents)
        for found in (
            *read_index(file, 1),
            *read_csv(file, 1, issuers),
            *read_pem(file, issuers),
            *read_der(file, issuers),
        ):
            assert isinstance(found, Candidate | Refusal | Remark)


@ONE_FOLDER
@given(st.sampled_from([CSV_HEADER + CSV_ROW, INDEX]), st.integers(0, 120), st.binary(max_size=4))
@example(CSV_HEADER + CSV_ROW, 0, b'"')
@example(CSV_HEADER + CSV_ROW, 4, b"\0")
def test_changed_rows(tmp_path: Path, contents: bytes, place: int, octets: bytes) -> None:
    """A good row with something put in: taken or refused."""
    file = tmp_path / "file"
    file.write_bytes(contents[:place] + octets + contents[place:])

    for found in (*read_index(file, 1), *read_csv(file, 1, KnownIssuers(()))):
        assert isinstance(found, Candidate | Refusal | Remark)


def test_every_signed_octet_changed(tmp_path: Path, authority: CertificateAuthority, clock: FakeClock) -> None:
    """A certificate with any octet of what is signed changed is refused: by its signature, or as unreadable."""
    certificate = authority.issue("Zorg BV", clock.now())
    der, signed = certificate.public_bytes(Encoding.DER), certificate.tbs_certificate_bytes
    begin = der.index(signed)
    issuers = KnownIssuers([Issuer(id=1, name="a", certificate_der=authority.certificate.public_bytes(Encoding.DER))])
    file = tmp_path / "a.der"
    for place in range(begin, begin + len(signed)):
        file.write_bytes(der[:place] + bytes((der[place] ^ 1,)) + der[place + 1 :])
        (found,) = read_der(file, issuers)
        assert isinstance(found, Refusal), place


@pytest.mark.parametrize("length", [0, 30, 200])
def test_pem_cut_off(tmp_path: Path, authority: CertificateAuthority, clock: FakeClock, length: int) -> None:
    """A PEM file that ends in its middle is a refusal, or nothing where no certificate had begun."""
    (tmp_path / "a.pem").write_bytes(pem(authority.issue("Zorg BV", clock.now()))[:length])

    found = list(read_pem(tmp_path / "a.pem", KnownIssuers(())))

    assert [type(each) for each in found] == ([Refusal] if length else [])
