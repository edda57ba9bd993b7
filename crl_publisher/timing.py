"""When CRLs come and how long they are good for, as far as one that is being made needs to know."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection

from pki_revocation.model import Issuer

from .config import LONGEST_VALIDITY, PublisherSettings

_SECOND = timedelta(seconds=1)


class Timing(Protocol):
    """The schedule that is in force for an issuer."""

    @property
    def backdate(self) -> timedelta:
        """How far thisUpdate lies before the moment of issuing, for relying parties whose clocks are slow."""
        ...

    @property
    def longest_validity(self) -> timedelta:
        """What its profile allows, the last second included."""
        ...

    @property
    def has_deltas(self) -> bool:
        """Whether complete CRLs have deltas."""
        ...

    @property
    def base_age(self) -> timedelta:
        """How long a complete CRL has been public before deltas refer to it: most caches have it, or a later one."""
        ...

    def next_update(self, this_update: datetime, *, delta: bool = False) -> datetime:
        """The nextUpdate of a CRL; it counts as valid itself (BR 4.9.10), so no limit is passed with it."""
        ...

    def next_publication(self, moment: datetime) -> datetime:
        """When the routine brings the next complete CRL after this moment."""
        ...


class Timings(Protocol):
    """Where the schedules are."""

    def in_force(self, connection: Connection, issuer: Issuer, moment: datetime) -> Timing:
        """The one that counts for this issuer at this moment."""
        ...


@dataclass(frozen=True, slots=True)
class SettingsTiming:
    """One schedule for all issuers, from the configuration."""

    settings: PublisherSettings
    has_deltas: bool = False

    @property
    def backdate(self) -> timedelta:
        """As `Timing` says."""
        return self.settings.backdate

    @property
    def longest_validity(self) -> timedelta:
        """As `Timing` says."""
        return LONGEST_VALIDITY

    @property
    def base_age(self) -> timedelta:
        """As `Timing` says."""
        return self.settings.period

    def next_update(self, this_update: datetime, *, delta: bool = False) -> datetime:  # noqa: ARG002 - alike for both
        """As `Timing` says."""
        return this_update + self.settings.validity - _SECOND

    def next_publication(self, moment: datetime) -> datetime:
        """As `Timing` says."""
        return moment + self.settings.period

    def in_force(self, connection: Connection, issuer: Issuer, moment: datetime) -> "SettingsTiming":  # noqa: ARG002 - one for all
        """As `Timings` says."""
        return self
