"""Issuers are given certificates and names, and one that nothing hangs on is renamed or removed; all of it audited.

Certificates name the address of their CRL and of their CA's certificate, and the audit trail names issuers. So a name
stays once there is anything under it; what was entered by mistake, and was never used, can be put right.
"""

from collections.abc import Iterable
from dataclasses import replace

from cryptography import x509
from sqlalchemy import Connection, Table, delete, func, select, update

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock
from pki_revocation.database.schema import (
    certificates,
    crl_entries,
    crl_projections,
    crl_schedules,
    crl_shards,
    crl_stretches,
    crls,
    delegate_responders,
    issuers,
    journal,
    journal_heads,
    ocsp_responders,
    publication_requests,
)
from pki_revocation.encoding.certificate_parts import parts_of
from pki_revocation.encoding.names import subject_text
from pki_revocation.errors import PkiError
from pki_revocation.model import Issuer, serial_text

from .issuers import add_certificate, add_issuer, all_issuers, issuer_named, issuer_of_name_and_key

# What an issuer has from its first moment on, or what programs keep of their own accord and make anew.
_KEPT_BY_PROGRAMS: tuple[Table, ...] = (
    crl_entries,
    crl_stretches,
    crl_projections,
    ocsp_responders,
    publication_requests,
    journal_heads,
)
_SEEDED_VERSION = 1


class IssuerRefused(PkiError):
    """An issuer that cannot be added or changed so: nothing was changed."""


class IssuerChanges:
    """Adds, renews, renames and removes issuers, each in the caller's transaction."""

    def __init__(self, clock: Clock) -> None:
        """*clock* dates what is added and audited."""
        self._clock = clock
        self._audit = AuditTrail(clock)

    def add(
        self,
        connection: Connection,
        certificate: x509.Certificate,
        *,
        name: str,
        makes_default: bool,
        takes_other_identifier: bool = False,
    ) -> Issuer:
        """Register a CA; where its name and key are registered, this is another certificate and name of that issuer.

        The first issuer of all is the default one.

        Raises:
            IssuerRefused: when the name is taken, or as for `renew`.
        """
        known = _locked(connection)
        _refuse_known_certificate(known, certificate)
        same = issuer_of_name_and_key(known, certificate)
        holder = next((each for each in known if name in each.names), None)
        if holder is not None and holder != same:
            raise IssuerRefused(
                f"There is an issuer {name!r} whose certificate has another name or key: give this CA its own name."
            )
        if same is not None:
            other_name = None if name in same.names else name
            return self._with_certificate(
                connection,
                same,
                certificate,
                other_name=other_name,
                makes_default=makes_default,
                takes_other_identifier=takes_other_identifier,
            )
        added = add_issuer(
            connection,
            name=name,
            certificate=certificate,
            is_default=makes_default or not known,
            clock=self._clock,
        )
        detail = {"issuer": name, "serial": serial_text(certificate.serial_number)}
        self._audit.record(connection, "issuer.added", detail)
        return added

    def renew(
        self, connection: Connection, name: str | None, certificate: x509.Certificate, *, takes_other_identifier: bool
    ) -> Issuer:
        """Give an issuer another certificate of its name and key.

        Args:
            connection: in whose transaction.
            name: of the issuer; the default one's where None.
            certificate: the new one.
            takes_other_identifier: whether its subject key identifier may be another one.

        Raises:
            NotFound: when there is no such issuer.
            IssuerRefused: when it is another CA's, is registered, or would change the key identifier unasked.
        """
        known = _locked(connection)
        issuer = issuer_named(connection, name)
        _refuse_known_certificate(known, certificate)
        if issuer_of_name_and_key([issuer], certificate) is None:
            old, new = parts_of(issuer.certificate_der), parts_of(certificate)
            what = "key" if old.subject == new.subject else "name"
            raise IssuerRefused(
                f"This certificate has another {what} than {issuer.name!r}, so that relying parties take it for "
                f"another CA (RFC 5280 section 6.1.3): use 'pki-revocation issuer add' with a name of its own."
            )
        return self._with_certificate(connection, issuer, certificate, takes_other_identifier=takes_other_identifier)

    def rename(self, connection: Connection, name: str, new_name: str) -> Issuer:
        """Give an issuer that nothing hangs on another name.

        Raises:
            NotFound: when there is no such issuer.
            IssuerRefused: when the new name is taken, or anything hangs on the old one.
        """
        known = _locked(connection)
        issuer = _own_name(connection, name)
        if any(new_name in each.names for each in known):
            raise IssuerRefused(f"There is an issuer {new_name!r} already.")
        _refuse_used(connection, issuer, "renamed")
        connection.execute(update(issuers).where(issuers.c.id == issuer.id).values(name=new_name))
        self._audit.record(connection, "issuer.renamed", {"issuer": new_name, "was": name})
        return replace(issuer, name=new_name)

    def remove(self, connection: Connection, name: str, *, new_default: str | None = None) -> Issuer:
        """Remove an issuer that nothing hangs on; give what it was.

        Raises:
            NotFound: when there is no such issuer.
            IssuerRefused: when anything hangs on it, or no other would be the default one.
        """
        known = _locked(connection)
        issuer = _own_name(connection, name)
        _refuse_used(connection, issuer, "removed")
        others = [each for each in known if each.id != issuer.id]
        if issuer.is_default and others and new_default is None:
            raise IssuerRefused(
                f"{name!r} is the default issuer: name the one that is to be, with --default NAME; there are: "
                f"{', '.join(each.name for each in others)}."
            )
        heir = None
        if new_default is not None:
            heir = issuer_named(connection, new_default)
            if heir.id == issuer.id:
                raise IssuerRefused(f"{new_default!r} is the issuer that is to be removed: name another default one.")
        # What was seeded or computed of its own accord goes with it; the audit trail keeps that it was there.
        connection.execute(delete(crl_schedules).where(crl_schedules.c.issuer_id == issuer.id))
        for table in _KEPT_BY_PROGRAMS:
            connection.execute(delete(table).where(table.c.issuer_id == issuer.id))
        connection.execute(delete(issuers).where(issuers.c.id == issuer.id))
        if heir is not None:
            connection.execute(update(issuers).values(is_default=issuers.c.id == heir.id))
        detail = {
            "issuer": name,
            "serials": [serial_text(each.serial_number) for each in issuer.certificates],
            "subject": subject_text(issuer.certificate),
        }
        self._audit.record(connection, "issuer.removed", detail)
        return issuer

    def _with_certificate(
        self,
        connection: Connection,
        issuer: Issuer,
        certificate: x509.Certificate,
        *,
        other_name: str | None = None,
        makes_default: bool = False,
        takes_other_identifier: bool,
    ) -> Issuer:
        if not takes_other_identifier:
            _refuse_other_identifier(issuer, certificate)
        renewed = add_certificate(connection, issuer, certificate, other_name=other_name, makes_default=makes_default)
        detail: dict[str, object] = {"issuer": issuer.name, "serial": serial_text(certificate.serial_number)}
        if other_name is not None:
            detail["other_name"] = other_name
        self._audit.record(connection, "issuer.renewed", detail)
        return renewed


def _locked(connection: Connection) -> tuple[Issuer, ...]:
    """All issuers, which no other operator changes before this transaction ends: names are held against all of them."""
    connection.execute(select(issuers.c.id).order_by(issuers.c.id).with_for_update())
    return all_issuers(connection)


def _refuse_known_certificate(known: Iterable[Issuer], certificate: x509.Certificate) -> None:
    for issuer in known:
        if certificate in issuer.certificates:
            raise IssuerRefused(f"This certificate is registered already, as one of the issuer {issuer.name!r}.")


def _refuse_other_identifier(issuer: Issuer, certificate: x509.Certificate) -> None:
    """A CRL says one authorityKeyIdentifier, which a relying party's certificate of the CA must have as its own."""
    old, new = parts_of(issuer.certificate_der), parts_of(certificate)
    # A certificate without one takes every AKI; what is signed under it says the hash of the key.
    if new.subject_key_identifier in {None, old.key_identifier} and old.subject_key_identifier in {
        None,
        new.key_identifier,
    }:
        return
    raise IssuerRefused(
        f"Its subject key identifier is {new.key_identifier.hex()}, and that of {issuer.name!r} is "
        f"{old.key_identifier.hex()}: relying parties with the older certificate would refuse CRLs that name the "
        "new one (RFC 5280 section 5.2.1). Have it certified with the same identifier, or say --another-identifier."
    )


def _own_name(connection: Connection, name: str) -> Issuer:
    issuer = issuer_named(connection, name)
    if issuer.name != name:
        raise IssuerRefused(f"{name!r} is another name of the issuer {issuer.name!r}: name that one.")
    return issuer


def _refuse_used(connection: Connection, issuer: Issuer, done: str) -> None:
    """Refuse where anything hangs on an issuer that somebody relies on, and say what.

    Raises:
        IssuerRefused: naming all of it.
    """
    found = [
        f"{count} {what}"
        for what, count in (
            ("certificates", _count(connection, certificates, issuer)),
            ("journal entries", _count(connection, journal, issuer)),
            ("CRL numbers", _count(connection, crls, issuer)),
            ("CRL shards", _count(connection, crl_shards, issuer)),
            ("registered responders", _count(connection, delegate_responders, issuer)),
            ("versions of its schedule", _set_by_hand(connection, issuer)),
        )
        if count
    ]
    if found:
        raise IssuerRefused(
            f"The issuer {issuer.name!r} cannot be {done}: {', '.join(found)} hang on it, and certificates and relying "
            "parties know its addresses by this name."
        )


def _set_by_hand(connection: Connection, issuer: Issuer) -> int:
    """The versions that operators made; the first one a publisher writes by itself, from the configuration."""
    query = select(func.count()).where(
        crl_schedules.c.issuer_id == issuer.id, crl_schedules.c.version > _SEEDED_VERSION
    )
    return connection.execute(query).scalar_one()


def _count(connection: Connection, table: Table, issuer: Issuer) -> int:
    return connection.execute(
        select(func.count()).select_from(table).where(table.c.issuer_id == issuer.id)
    ).scalar_one()
