"""Which account may read which secret: each trust zone runs under an account of its own and reads what it needs.

Worked out from owners, groups and permissions, as the kernel does for an account without privileges. Lists of access
rights beside these (POSIX ACLs) show as the group's permission, so that they are taken for more than they may be.
"""

import os
import pwd
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import ClassVar, Protocol, Self, runtime_checkable

from pki_revocation.errors import ConfigurationError
from pki_revocation.host.installed import brought

from .installation import Installation
from .secret_files import FOLDER, PEPPER, SESSION
from .sections import SECTIONS_GROUP, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccountSettings:
    """[accounts]: under which account of the system each service runs, for `doctor`; none where all share one."""

    section: ClassVar[str] = "accounts"
    web: str | None = setting(None)
    console: str | None = setting(None)
    ocsp: str | None = setting(None)
    distribution: str | None = setting(None)
    publisher: str | None = setting(None)
    arrivals: str | None = setting(None)
    notifier: str | None = setting(None)

    def by_service(self) -> Mapping[str, str]:
        """The accounts that are named, by their services."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {service: account for service, account in named.items() if account is not None}


@dataclass(frozen=True, slots=True)
class SecretFile:
    """A file that few accounts may read: *what* it is, and which services need it."""

    path: Path
    what: str
    services: tuple[str, ...]


@runtime_checkable
class NamesSecrets(Protocol):
    """A section of the configuration that names files which hold secrets."""

    @classmethod
    def secrets(cls, installation: Installation) -> Iterator[SecretFile]:
        """Those that the installation's configuration names there; some may not be there.

        Raises:
            ConfigurationError: when the section is wrong.
        """
        ...


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """An account of the system, by its numbers."""

    name: str
    uid: int
    gids: frozenset[int]

    @classmethod
    def named(cls, name: str) -> Self:
        """The account with this name.

        Raises:
            ConfigurationError: when there is none.
        """
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            raise ConfigurationError(f"[accounts] names {name!r}, and this system has no such account.") from None
        return cls(name, entry.pw_uid, frozenset(os.getgrouplist(name, entry.pw_gid)))

    def may_read(self, path: Path) -> bool:
        """Whether it can open the file; every folder on the way must let it through.

        Raises:
            OSError: when this process's own account may not look at the file.
        """
        path = path.resolve(strict=True)
        return self._may(path, stat.S_IROTH) and all(self._may(folder, stat.S_IXOTH) for folder in path.parents)

    def _may(self, path: Path, others: int) -> bool:
        found = path.stat()
        if self.uid == 0:
            return True
        if found.st_uid == self.uid:
            return bool(found.st_mode & others << 6)
        if found.st_gid in self.gids:
            return bool(found.st_mode & others << 3)
        return bool(found.st_mode & others)


def secrets_of(installation: Installation) -> Iterator[SecretFile]:
    """The secrets of an installation that lie in files, those of upper packages too; some may not be there.

    Raises:
        ConfigurationError: when a section that names one is wrong.
    """
    folder = installation.path(FOLDER)
    yield SecretFile(folder / PEPPER, "the pepper of the codes", ("web", "arrivals"))
    yield SecretFile(folder / SESSION, "the key of web sessions", ("web",))
    for point in sorted(brought(SECTIONS_GROUP), key=lambda point: point.name):
        # A section that is not written names none, and its package need not even be loaded.
        if point.name in installation.document:
            section: object = point.load()
            if isinstance(section, NamesSecrets):
                yield from section.secrets(installation)


def problems(installation: Installation) -> Iterator[str]:
    """Secrets that an account may read and should not, or should read and may not: a sentence for each.

    Raises:
        ConfigurationError: when [accounts] or a section that names a secret is wrong.
    """
    named = installation.section(ServiceAccountSettings).by_service()
    accounts = {service: ServiceAccount.named(name) for service, name in named.items()}
    yield from _shared(accounts)
    for secret in secrets_of(installation):
        if not os.path.lexists(secret.path):
            continue
        for service, account in accounts.items():
            try:
                may_read = account.may_read(secret.path)
            except OSError as error:
                yield f"{secret.path} cannot be examined by this account: {error.strerror}. Run it as root."
                break
            if may_read and service not in secret.services:
                needed = " and ".join(secret.services)
                yield (
                    f"{account.name}, which runs {service}, can read {secret.path}: {secret.what} is for {needed} "
                    "alone. Change its owner, and take the permission from group and others."
                )
            if service in secret.services and not may_read:
                yield f"{account.name}, which runs {service}, cannot read {secret.path}, {secret.what}: it needs it."


def _shared(accounts: Mapping[str, ServiceAccount]) -> Iterator[str]:
    seen: dict[int, str] = {}
    for service, account in accounts.items():
        if account.uid in seen:
            yield f"{account.name} runs both {seen[account.uid]} and {service}: give each an account of its own."
        elif account.uid == 0:
            yield f"{service} runs as root, which can read everything: give it an account of its own."
        seen[account.uid] = service
