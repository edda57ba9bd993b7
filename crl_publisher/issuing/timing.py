"""When CRLs come and how long they are good for, as far as one that is being made needs to know."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection

from crl_publisher.config import PublisherSettings
from crl_publisher.scheduling.in_force import InForce
from crl_publisher.scheduling.timeline import Timeline, Version
from pki_revocation.model import Issuer


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


class SettingsTiming:
    """One schedule for all issuers, the configuration's, where there is no book of versions: for trials."""

    def __init__(self, settings: PublisherSettings, *, has_deltas: bool = False) -> None:
        """With deltas twice in each period, where they are wanted and the settings have none."""
        self._schedule = settings.schedule
        if has_deltas and self._schedule.delta_period is None:
            self._schedule = replace(self._schedule, delta_period=self._schedule.period / 2)

    def in_force(self, connection: Connection, issuer: Issuer, moment: datetime) -> Timing:  # noqa: ARG002 - one for all
        """The one schedule that the settings make, at any moment, as if it had just come into force."""
        version = Version(number=1, effective_from=moment, schedule=self._schedule)
        return InForce(Timeline(issuer.name, (version,)), version)
