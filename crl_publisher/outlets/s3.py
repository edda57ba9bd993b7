"""A bucket of an S3-compatible store.

Each write is conditional (If-None-Match: *, or If-Match with the ETag that was seen), which the store decides in one
step: of two publishers the older one's is refused, however long it was paused. An object carries its CRL's number and
its digest as metadata, written in the same step as its contents, so that a look costs no download.
"""

import contextlib
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO, NoReturn

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
from obstore.store import S3Store

from crl_publisher.errors import NumberNotAbove, OutletError
from pki_revocation.host.failpoints import reach

from .credentials import OutletCredentials
from .port import NumberOf, media_type
from .settings import OutletSettings

if TYPE_CHECKING:
    from obstore import PutMode, UpdateVersion

_ATTEMPTS = 5
_NUMBER, _SHA256 = "crl-number", "sha256"
_STATUS = re.compile(r"status code: (\d{3}[ A-Za-z]*)")
_CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What HEAD tells of an object: its version, and the CRL number and SHA-256 in its metadata."""

    e_tag: str | None
    version: str | None
    number: int | None
    sha256: bytes | None


class S3Outlet:
    """One bucket, or what lies below a prefix in it."""

    def __init__(self, store: S3Store, *, name: str, max_age: Callable[[], timedelta]) -> None:
        """*name* is what sentences call it; *max_age* says how long caches may keep what is written now."""
        self._store = store
        self._name = name
        self._max_age = max_age

    @classmethod
    def configured(
        cls, name: str, settings: OutletSettings, credentials: OutletCredentials, *, max_age: Callable[[], timedelta]
    ) -> "S3Outlet":
        """The outlet that an [outlets.NAME] of kind s3 describes."""
        config = {
            "region": settings.region,
            "endpoint": settings.url,
            "access_key_id": credentials.access_key_id,
            "secret_access_key": credentials.secret_access_key,
            "session_token": credentials.session_token,
        }
        store = S3Store(
            settings.bucket or "",
            prefix=settings.prefix,
            config={key: value for key, value in config.items() if value is not None},  # type: ignore[arg-type] # its TypedDict
            virtual_hosted_style_request=settings.url is None,
            client_options={
                "allow_http": settings.url is not None and settings.url.startswith("http://"),
                "timeout": settings.timeout,
                "connect_timeout": min(settings.timeout, timedelta(seconds=10)),
            },
            # Who calls has a patience of its own, and says so to people.
            retry_config={"max_retries": 0, "retry_timeout": settings.timeout},
        )
        return cls(store, name=f"bucket {settings.bucket} of outlet {name}", max_age=max_age)

    def fetch(self, path: str) -> bytes | None:
        """The object's contents, or None."""
        try:
            return bytes(obstore.get(self._store, path).bytes())
        except FileNotFoundError:
            return None
        except BaseError as error:
            self._fail(path, error)

    @contextlib.contextmanager
    def open(self, path: str) -> Iterator[BinaryIO | None]:
        """What `fetch` gives, as a stream; all of it is in memory."""
        data = self.fetch(path)
        yield None if data is None else BytesIO(data)

    def sha256(self, path: str) -> bytes | None:
        """The SHA-256 that the object's metadata has; over its contents where another program wrote it."""
        seen = self._head(path)
        if seen is None or seen.sha256 is not None:
            return None if seen is None else seen.sha256
        data = self.fetch(path)
        return None if data is None else hashlib.sha256(data).digest()

    def exists(self, path: str) -> bool:
        """Whether there is such an object; False also when the store does not answer."""
        try:
            return self._head(path) is not None
        except OutletError:
            return False

    def replace(self, path: str, crl: bytes, *, number: int, number_of: NumberOf) -> None:
        """Read the number that is there, and write on condition that the same version is still there."""
        for _ in range(_ATTEMPTS):
            seen = self._head(path)
            held = self._number(path, seen, number, number_of)
            if held is not None and held >= number:
                raise NumberNotAbove(
                    f"{path} in {self._name} is CRL number {held} already, and {number} is not above it."
                )
            reach("s3.checked")
            if self._put(path, crl, seen, {_NUMBER: str(number)}):
                return
        raise OutletError(f"{path} in {self._name} changes all the time: another publisher may be writing to it.")

    def put(self, path: str, data: bytes) -> None:
        """Write, unless it is there with these contents already."""
        for _ in range(_ATTEMPTS):
            seen = self._head(path)
            if seen is not None and seen.sha256 == hashlib.sha256(data).digest():
                return
            if self._put(path, data, seen, {}):
                return
        raise OutletError(f"{path} in {self._name} changes all the time: another publisher may be writing to it.")

    def _head(self, path: str) -> _Seen | None:
        try:
            found = obstore.get(self._store, path, options={"head": True})
        except FileNotFoundError:
            return None
        except BaseError as error:
            self._fail(path, error)
        number, sha256 = str(found.attributes.get(_NUMBER, "")), str(found.attributes.get(_SHA256, ""))
        return _Seen(
            e_tag=found.meta["e_tag"],
            version=found.meta["version"],
            number=int(number) if number.isascii() and number.isdigit() else None,
            sha256=bytes.fromhex(sha256) if re.fullmatch("[0-9a-f]{64}", sha256) else None,
        )

    def _number(self, path: str, seen: _Seen | None, number: int, number_of: NumberOf) -> int | None:
        """The number of the CRL that is there, by its contents; None where the metadata has one below *number*."""
        if seen is None or (seen.number is not None and seen.number < number):
            return None
        data = self.fetch(path)
        return None if data is None else number_of(data)

    def _put(self, path: str, data: bytes, seen: _Seen | None, metadata: dict[str, str]) -> bool:
        """Whether it was written; False when another writer was faster.

        Raises:
            OutletError: for any other refusal, and when the store does not answer.
        """
        attributes = {
            "Content-Type": media_type(path),
            "Cache-Control": f"public, max-age={int(self._max_age().total_seconds())}",
            _SHA256: hashlib.sha256(data).hexdigest(),
        } | metadata
        try:
            obstore.put(self._store, path, data, mode=_mode(seen), attributes=attributes, use_multipart=False)
        except (AlreadyExistsError, PreconditionError):
            return False
        except (BaseError, FileNotFoundError) as error:
            if "409 Conflict" in str(error):
                return False
            self._fail(path, error)
        return True

    def _fail(self, path: str, error: Exception) -> NoReturn:
        """Raise an `OutletError` with the store's status and code alone: its own words run over pages."""
        text = str(error).partition("Debug source")[0]
        status, code = _STATUS.search(text), _CODE.search(text)
        said = " ".join(found[1].strip() for found in (status, code) if found)
        if not said:
            said = "it took too long" if "kind: Timeout" in str(error) else "no answer"
        elif said.startswith(("401", "403")):
            said += ": the credentials of this outlet are missing or not accepted"
        raise OutletError(f"{path} in {self._name} cannot be read or written: {said}.") from error


def _mode(seen: _Seen | None) -> "PutMode":
    """The condition of a write: only when nothing is there, or only over the version that was seen."""
    if seen is None:
        return "create"
    condition: UpdateVersion = {"e_tag": seen.e_tag}
    if seen.version is not None:
        condition["version"] = seen.version
    return condition
