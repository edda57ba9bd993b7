"""What a responder signs with now: the newest delegated key that has its certificate, held while it is in use."""

from dataclasses import replace
from datetime import datetime

from pki_revocation.model import Issuer

from .algorithms import SignatureName
from .delegate_key_store import Delegate, DelegateFolder
from .delegate_profile import accept_delegate
from .errors import UnusableKey
from .files.key_lock import KeyHold
from .identity import SigningIdentity

_LOOKS = 3


def identity_in(
    folder: DelegateFolder, issuer: Issuer, now: datetime, signature: SignatureName | None = None
) -> SigningIdentity:
    """What a responder signs with now; for as long as the identity lives, its key is not destroyed.

    Raises:
        KeyUnavailable: when token, PIN or passphrase is not there.
        UnusableKey: when there is none, or it is not right.
    """
    current, held = _held_of(folder, now)
    key = current.place.load()
    made = accept_delegate(key, current.certificate, issuer=issuer.certificate, now=now, signature=signature)
    return replace(made, held=held)


def _held_of(folder: DelegateFolder, now: datetime) -> tuple[Delegate, KeyHold]:
    # One that is destroyed between the look and the hold has a successor, which the next look finds.
    for _ in range(_LOOKS):
        current = folder.current(now)
        if current is None:
            break
        held = folder.hold(current.name)
        if held is not None:
            return current, held
    raise UnusableKey(
        f"There is no valid certificate in {folder.path}: run 'pki-revocation keys delegate register' while the "
        "publisher runs, or use 'keys delegate request' and 'keys delegate install'."
    )
