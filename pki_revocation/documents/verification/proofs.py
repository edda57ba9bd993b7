"""A receipt's attachments, each checked and held against the others; nothing of them is trusted."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from pki_revocation.clock import iso
from pki_revocation.documents.checking import (
    CERTIFICATE_FILE,
    CHAIN_FILE,
    CRL_FILE,
    ISSUER_FILE,
    OCSP_FILE,
    RECORD_FILE,
    STAMP_FILE,
)
from pki_revocation.encoding.cert_id import issuer_hashes
from pki_revocation.encoding.certificate_parts import parts_of
from pki_revocation.encoding.names import subject_text
from pki_revocation.host.extras import ExtraMissing
from pki_revocation.model import serial_text
from pki_revocation.proof.certificates import read_certificates
from pki_revocation.proof.ocsp_answer import revoked_answer
from pki_revocation.proof.own_crl import read_crl_of
from pki_revocation.proof.record import ReadRecord
from pki_revocation.proof.stamps.answer import checked_stamp
from pki_revocation.reasons import RevocationReason

from .path import anchor_above, is_issued
from .verdict import Finding, Outcome

_UNSPECIFIED, _COMPROMISE = RevocationReason.UNSPECIFIED.token, RevocationReason.KEY_COMPROMISE.token


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenRevocation:
    """What one proof says: of which certificate, since when, why, and as of when its chain is checked."""

    serial: int
    revoked_at: datetime
    reason: str
    as_of: datetime


class ProofChecker:
    """Checks the attachments of one receipt against *anchors*, and its time stamp against *stamp_anchors*."""

    def __init__(
        self,
        files: Mapping[str, bytes],
        anchors: Sequence[x509.Certificate],
        stamp_anchors: Sequence[x509.Certificate] = (),
    ) -> None:
        """*files* are the attachments by their names."""
        self._files = files
        self._anchors = anchors
        self._stamp_anchors = stamp_anchors
        self._issuer: x509.Certificate | None = None
        self._between: list[x509.Certificate] = []
        self.proven: list[ProvenRevocation] = []

    def findings(self) -> Iterator[Finding]:
        """Every check in turn; `proven` has what they proved once all were taken."""
        try:
            (self._issuer, *more) = read_certificates(self._files.get(ISSUER_FILE, b""))
            self._between = more
        except ValueError:
            yield _wrong(
                "issuer", "The issuer's certificate (%(file)s) is missing or cannot be read.", file=ISSUER_FILE
            )
            return
        with contextlib.suppress(ValueError):
            self._between += read_certificates(self._files.get(CHAIN_FILE, b""))
        yield from self._ocsp(self._issuer)
        yield from self._crl(self._issuer)
        yield from self._certificate(self._issuer)
        yield from self._record(self._issuer)
        yield from self._stamp()

    @property
    def between(self) -> Sequence[x509.Certificate]:
        """The certificates that the receipt brought along."""
        return self._between if self._issuer is None else [self._issuer, *self._between]

    def _ocsp(self, issuer: x509.Certificate) -> Iterator[Finding]:
        octets = self._files.get(OCSP_FILE)
        if octets is None:
            yield _not_checked("ocsp", "There is no OCSP response in this receipt: download it again.")
            return
        try:
            answer = revoked_answer(octets, [issuer])
            anchor = anchor_above(issuer, self._between, self._anchors, answer.produced_at)
        except ValueError as error:
            yield _wrong("ocsp", "The OCSP response proves nothing: %(why)s.", why=str(error))
            return
        self.proven.append(
            ProvenRevocation(
                serial=answer.serial,
                revoked_at=answer.revocation_time,
                reason=answer.reason,
                as_of=answer.produced_at,
            )
        )
        yield _root(anchor)
        yield _ok(
            "ocsp",
            "The OCSP response says: the certificate with serial number %(serial)s is revoked since %(revoked_at)s, "
            "reason %(reason)s. It was signed at %(signed_at)s by %(signer)s.",
            serial=serial_text(answer.serial),
            revoked_at=iso(answer.revocation_time),
            reason=answer.reason,
            signed_at=iso(answer.produced_at),
            signer=answer.signer,
        )

    def _crl(self, issuer: x509.Certificate) -> Iterator[Finding]:
        octets = self._files.get(CRL_FILE)
        if octets is None:
            yield _not_checked("crl", "There is no revocation list in this receipt.")
            return
        try:
            crl, number = read_crl_of(octets, issuer)
            as_of = crl.last_update_utc
            if self.proven:
                # A list is dated a little back; the certificates were valid when the response was signed.
                as_of = max(as_of, min(self.proven[0].as_of, crl.next_update_utc or as_of))
            anchor = anchor_above(issuer, self._between, self._anchors, as_of)
            found = self._listed(crl)
        except ValueError as error:
            yield _wrong("crl", "The revocation list proves nothing: %(why)s.", why=str(error))
            return
        if not self.proven:
            yield _root(anchor)
        self.proven.append(found)
        yield _ok(
            "crl",
            "The revocation list with number %(number)s lists serial number %(serial)s since %(revoked_at)s, reason "
            "%(reason)s.",
            number=str(number),
            serial=serial_text(found.serial),
            revoked_at=iso(found.revoked_at),
            reason=found.reason,
        )

    def _listed(self, crl: x509.CertificateRevocationList) -> ProvenRevocation:
        serial = self.proven[0].serial if self.proven else self._named_serial()
        try:
            entry = next((each for each in crl if each.serial_number == serial), None)
            reason = _UNSPECIFIED
            if entry is not None:
                with contextlib.suppress(x509.ExtensionNotFound):
                    reason = str(entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value)
        except (x509.DuplicateExtension, TypeError) as error:
            raise ValueError("one of its entries cannot be read") from error
        if entry is None:
            raise ValueError("it does not list the certificate")
        return ProvenRevocation(
            serial=serial, revoked_at=entry.revocation_date_utc, reason=reason, as_of=crl.last_update_utc
        )

    def _named_serial(self) -> int:
        """Whose receipt it says it is, where no OCSP response says so."""
        if CERTIFICATE_FILE in self._files:
            return read_certificates(self._files[CERTIFICATE_FILE])[0].serial_number
        return ReadRecord.of(self._files.get(RECORD_FILE, b"")).serial

    def _certificate(self, issuer: x509.Certificate) -> Iterator[Finding]:
        octets = self._files.get(CERTIFICATE_FILE)
        if octets is None:
            yield _not_checked(
                "certificate", "The certificate itself is not in this receipt: compare the serial number."
            )
            return
        try:
            certificate = read_certificates(octets)[0]
        except ValueError:
            # A CA may have issued what the library does not read: then most of all it is revoked.
            yield _not_checked("certificate", "The certificate (%(file)s) cannot be read here.", file=CERTIFICATE_FILE)
            return
        if not is_issued(certificate, issuer):
            yield _wrong("certificate", "The certificate (%(file)s) is not this issuer's.", file=CERTIFICATE_FILE)
            return
        if any(each.serial != certificate.serial_number for each in self.proven):
            yield _wrong("certificate", "The proof is about another certificate than %(file)s.", file=CERTIFICATE_FILE)
            return
        yield _ok("certificate", "The certificate is that of %(subject)s.", subject=subject_text(certificate))

    def _record(self, issuer: x509.Certificate) -> Iterator[Finding]:
        octets = self._files.get(RECORD_FILE)
        if octets is None:
            return
        try:
            record = ReadRecord.of(octets)
        except ValueError as error:
            yield _wrong("record", "The record of the revocation (%(file)s) cannot be used: %(why)s.",
                         file=RECORD_FILE, why=str(error))  # fmt: skip
            return
        name, key = issuer_hashes(parts_of(issuer), "sha256")
        same = (record.issuer_name_sha256, record.issuer_key_sha256) == (name.hex(), key.hex())
        if not same or any(each.serial != record.serial for each in self.proven):
            yield _wrong("record", "The record of the revocation is about another certificate than the proof.")
        elif any(_differs(record, each) for each in self.proven):
            yield _wrong("record", "The record of the revocation gives another date or reason than the proof.")
        else:
            yield _ok(
                "record",
                "The record of the revocation, with reference %(reference)s, says the same as the proof.",
                reference=record.reference,
            )

    def _stamp(self) -> Iterator[Finding]:
        octets = self._files.get(STAMP_FILE)
        if octets is None:
            yield _not_checked("stamp", "There is no time stamp in this receipt.")
            return
        if not self._stamp_anchors:
            yield _not_checked(
                "stamp", "The time stamp was not checked: no root of a time-stamp service is known here."
            )
            return
        try:
            stamp = checked_stamp(octets, self._files.get(RECORD_FILE, b""), self._stamp_anchors)
        except ExtraMissing as error:
            yield _not_checked("stamp", "The time stamp was not checked: %(why)s", why=str(error))
        except ValueError as error:
            yield _wrong("stamp", "The time stamp proves nothing: %(why)s.", why=str(error))
        else:
            yield _ok(
                "stamp",
                "The time stamp says: the record of the revocation existed at %(stamped_at)s. Root: %(root)s.",
                stamped_at=iso(stamp.stamped_at),
                root=subject_text(stamp.anchor),
            )


def _differs(record: ReadRecord, proof: ProvenRevocation) -> bool:
    """Whether two rows are meant. One of them may be older than a raise to keyCompromise, which can move the date."""
    if (proof.reason == _COMPROMISE) is not (record.reason == _COMPROMISE):
        return False
    return (proof.reason, proof.revoked_at) != (record.reason, record.revocation_date)


def _root(anchor: x509.Certificate) -> Finding:
    return _ok(
        "root",
        "The proof leads to the root %(root)s, SHA-256 %(sha256)s.",
        root=subject_text(anchor),
        sha256=anchor.fingerprint(SHA256()).hex(":").upper(),
    )


def _ok(check: str, message: str, **values: str) -> Finding:
    return Finding(check=check, outcome=Outcome.OK, message=message, values=values)


def _wrong(check: str, message: str, **values: str) -> Finding:
    return Finding(check=check, outcome=Outcome.WRONG, message=message, values=values)


def _not_checked(check: str, message: str, **values: str) -> Finding:
    return Finding(check=check, outcome=Outcome.NOT_CHECKED, message=message, values=values)
