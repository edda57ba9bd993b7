"""What a responder signs with now: the newest delegated key that has its certificate, held while it is in use."""

from dataclasses import replace
from datetime import datetime

from pki_revocation.model import Issuer

from .algorithms import SignatureName
from .delegate_key_store import Delegate, DelegateKeyStore
from .delegate_profile import accept_delegate
from .errors import UnusableKey
from .files.key_lock import KeyLock
from .identity import SigningIdentity

_ATTEMPTS = 3


def identity_in(
    folder: DelegateKeyStore, issuer: Issuer, now: datetime, signature: SignatureName | None = None
) -> SigningIdentity:
    """What a responder signs with now; for as long as the identity lives, its key is not destroyed.

    Raises:
        KeyUnavailable: when token, PIN or passphrase is not there.
        UnusableKey: when there is none, or it is not right.
    """
    current, lock = _locked_current(folder, now)
    key = current.location.load()
    made = accept_delegate(key, current.certificate, issuer=issuer.certificate, now=now, signature=signature)
    return replace(made, lock=lock)


def _locked_current(folder: DelegateKeyStore, now: datetime) -> tuple[Delegate, KeyLock]:
    # One that is destroyed between `current` and `lock` has a successor, which the next round finds.
    for _ in range(_ATTEMPTS):
        current = folder.current(now)
        if current is None:
            break
        lock = folder.lock(current.name)
        if lock is not None:
            return current, lock
    raise UnusableKey(
        f"There is no valid certificate in {folder.path}: run 'pki-revocation keys delegate register' while the "
        "publisher runs, or use 'keys delegate request' and 'keys delegate install'."
    )
