"""Makes a key pair on a token: sensitive, never extractable, for signing alone, and never in the place of another."""

import secrets
from dataclasses import replace
from typing import Any

from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass
from pkcs11.util.ec import encode_named_curve_parameters

from keys.errors import UnusableKey

from .session_pool import BorrowedSession
from .token import Token
from .uri import Pkcs11Uri

_ID_OCTETS = 8
_RSA = {"rsa2048": 2048, "rsa3072": 3072, "rsa4096": 4096}
_CURVES = {
    "p256": (KeyType.EC, "secp256r1"),
    "p384": (KeyType.EC, "secp384r1"),
    "ed25519": (KeyType.EC_EDWARDS, "1.3.101.112"),
}
TOKEN_KEY_TYPES = (*_RSA, *_CURVES)
_PRIVATE: dict[Attribute, Any] = {
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
    Attribute.PRIVATE: True,
    Attribute.SIGN: True,
    Attribute.DECRYPT: False,
    Attribute.UNWRAP: False,
}


def generate_on_token(uri: Pkcs11Uri, token: Token, key_type: str) -> Pkcs11Uri:
    """Make the key that a URI names; the URI comes back with an id where it had none.

    Raises:
        KeyUnavailable: when the token or its PIN is not there.
        UnusableKey: when there is such a key already, it has no label, or the token does not make this type.
    """
    if uri.label is None:
        raise UnusableKey("A key that is made needs a label: add object=LABEL to the pkcs11: URI.")
    if key_type not in TOKEN_KEY_TYPES:
        raise UnusableKey(f"No {key_type} key is made on a token: use {', '.join(TOKEN_KEY_TYPES)}.")
    made = uri if uri.id is not None else replace(uri, id=secrets.token_bytes(_ID_OCTETS))

    def act(borrowed: BorrowedSession) -> None:
        for wanted in ({Attribute.LABEL: uri.label}, {Attribute.ID: made.id}):
            if list(borrowed.session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY} | wanted)):
                raise UnusableKey(f"There is a {uri} already, or one with its label or id: keys are never overwritten.")
        writing = borrowed.session.token.open(rw=True)
        try:
            _generate(writing, made, key_type)
        finally:
            writing.close()

    token.run(act)
    return made


def destroy_on_token(uri: Pkcs11Uri, token: Token) -> None:
    """Destroy the key pair with a URI's label and id; one that is gone already is no error.

    Raises:
        KeyUnavailable: when the token or its PIN is not there.
        UnusableKey: when the URI does not name both, so that another key could be meant.
    """
    if uri.label is None or uri.id is None:
        raise UnusableKey(f"The {uri} is not destroyed: only a key that is named by label and id is.")
    wanted = {Attribute.LABEL: uri.label, Attribute.ID: uri.id}

    def act(borrowed: BorrowedSession) -> None:
        borrowed.keys.pop(uri, None)
        writing = borrowed.session.token.open(rw=True)
        try:
            for kind in (ObjectClass.PRIVATE_KEY, ObjectClass.PUBLIC_KEY):
                for found in list(writing.get_objects({Attribute.CLASS: kind} | wanted)):
                    found.destroy()
        finally:
            writing.close()

    token.run(act)


def _generate(session: Any, uri: Pkcs11Uri, key_type: str) -> None:  # noqa: ANN401 - a session, whose type hides half of it
    common: dict[str, Any] = {
        "id": uri.id,
        "label": uri.label,
        "store": True,
        "capabilities": MechanismFlag.SIGN | MechanismFlag.VERIFY,
        "private_template": _PRIVATE,
    }
    if key_type in _RSA:
        session.generate_keypair(KeyType.RSA, _RSA[key_type], **common)
        return
    kind, curve = _CURVES[key_type]
    parameters = session.create_domain_parameters(
        kind, {Attribute.EC_PARAMS: encode_named_curve_parameters(curve)}, local=True
    )
    mechanism = Mechanism.EC_EDWARDS_KEY_PAIR_GEN if kind is KeyType.EC_EDWARDS else Mechanism.EC_KEY_PAIR_GEN
    parameters.generate_keypair(mechanism=mechanism, **common)
