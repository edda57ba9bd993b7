"""The gate: each single thing that can be wrong with a CRL is found, under its own name."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from crl_publisher.crl.builder import build
from crl_publisher.errors import CrlRejected
from crl_publisher.gate.inspection import inspect
from crl_publisher.plan import Plan
from crl_publisher.scope import CA, FULL, USERS, Part, Scope
from keys.identity import SigningIdentity
from pki_revocation.database.engine import Database
from pki_revocation.encoding.der import extension, generalized_time, object_identifier, sequence, time, tlv
from tests.conftest import START
from tests.crl_publisher.crafted import (
    ISSUING_DISTRIBUTION_POINT,
    Change,
    Parts,
    crl_number,
    key_identifier,
)
from tests.crl_publisher.plans import NUMBER, found, public_of, recorded, saying
from tests.crl_publisher.publications import RULES
from tests.pki import name

HOUR = timedelta(hours=1)
SHARD = Scope(Part.SHARD, shard=7, url="http://crl.example.nl/crl/issuing/7.crl")


def test_right_crl_passes(
    parts: Parts, identity: SigningIdentity, plan: Plan, entries: list[bytes], database: Database
) -> None:
    """Crafted from parts and made by the builder alike: what the other tests change is right to begin with."""
    assert found(parts.signed_by(identity), plan, database) == set()
    assert found(build(identity, plan.parameters, entries), plan, database) == set()


def test_every_flipped_bit_is_found(parts: Parts, identity: SigningIdentity, plan: Plan, database: Database) -> None:
    """One bit in each octet, from the first to the last."""
    data = parts.signed_by(identity)
    for place in range(len(data)):
        flipped = bytearray(data)
        flipped[place] ^= 1 << place % 8
        assert found(bytes(flipped), plan, database), f"octet {place}"


@pytest.mark.parametrize("tail", [b"\0", b"\n", b"0\0"])
def test_trailing_octets_are_found(
    tail: bytes, parts: Parts, identity: SigningIdentity, plan: Plan, database: Database
) -> None:
    """One CertificateList and nothing behind it."""
    assert found(parts.signed_by(identity) + tail, plan, database) == {"crl.unreadable"}


FRAMES: dict[str, tuple[str, Change]] = {
    "version 1": ("crl.version", lambda parts: parts.changed(version=b"", extensions=())),
    "algorithms differ": (
        "crl.algorithm.mismatch",
        lambda parts: parts.changed(outer_algorithm=sequence(object_identifier("1.2.840.10045.4.3.3"))),
    ),
    "another encoding of the algorithm": (
        "crl.algorithm.encoding",
        lambda parts: parts.changed(algorithm=sequence(object_identifier("1.2.840.10045.4.3.2"), tlv(0x05))),
    ),
    "another issuer": ("crl.issuer", lambda parts: parts.changed(issuer=name("Somebody else").public_bytes())),
    "the empty list": ("crl.entries.empty-list", lambda parts: parts.changed(listed=sequence())),
    "no AKI": ("crl.aki", lambda parts: parts.changed(extensions=(crl_number(NUMBER),))),
    "another AKI": ("crl.aki", lambda parts: parts.changed(extensions=(key_identifier(b"x" * 20), crl_number(NUMBER)))),
    "no number": ("crl.number.missing", lambda parts: parts.changed(extensions=parts.extensions[:1])),
    "a number that was not reserved": (
        "crl.number.unreserved",
        lambda parts: parts.changed(extensions=(parts.extensions[0], crl_number(NUMBER + 1))),
    ),
    "a number of 20 octets and a bit": (
        "crl.number.too-large",
        lambda parts: parts.changed(extensions=(parts.extensions[0], crl_number(1 << 159))),
    ),
    "a critical number": (
        "crl.extension.criticality",
        lambda parts: parts.changed(extensions=(parts.extensions[0], crl_number(NUMBER, critical=True))),
    ),
    "an extension twice": (
        "crl.unreadable",
        lambda parts: parts.changed(extensions=(*parts.extensions, crl_number(NUMBER))),
    ),
    "a distribution point on a full CRL": (
        "crl.extension.unexpected",
        lambda parts: parts.changed(
            extensions=(
                *parts.extensions,
                extension(ISSUING_DISTRIBUTION_POINT, sequence(tlv(0x81, b"\xff")), critical=True),
            )
        ),
    ),
    "no nextUpdate": ("crl.next-update.missing", lambda parts: parts.changed(next_update=b"")),
}


@pytest.mark.parametrize("case", FRAMES)
def test_wrong_frame_is_found(
    case: str, parts: Parts, identity: SigningIdentity, plan: Plan, database: Database
) -> None:
    """Everything around the list, signed all the same."""
    expected, change = FRAMES[case]

    # The strict parser refuses some of these before anybody can look closer.
    assert {expected, "crl.unreadable"} & found(change(parts).signed_by(identity), plan, database)


def test_signature_of_another_key_is_found(
    parts: Parts, identity: SigningIdentity, plan: Plan, database: Database
) -> None:
    """A right CRL in the CA's name, signed by somebody else's key."""
    other = replace(identity, key=ec.generate_private_key(ec.SECP256R1()))

    assert found(parts.signed_by(other), plan, database) == {"crl.signature"}


TIMES: dict[str, tuple[str, Callable[[Plan], Plan]]] = {
    "thisUpdate in the future": (
        "crl.this-update.future",
        lambda plan: saying(plan, this_update=plan.moment + timedelta(seconds=1)),
    ),
    "nextUpdate in the past": ("crl.next-update.past", lambda plan: saying(plan, next_update=plan.moment)),
    "nextUpdate ten days away, both ends counted": (
        "crl.next-update.too-far",
        lambda plan: saying(plan, next_update=plan.parameters.this_update + timedelta(days=10)),
    ),
}


@pytest.mark.parametrize("case", TIMES)
def test_impossible_times_are_found(
    case: str, identity: SigningIdentity, plan: Plan, entries: list[bytes], database: Database
) -> None:
    """Even when they were planned that way."""
    expected, change = TIMES[case]
    planned = change(plan)

    assert found(build(identity, planned.parameters, entries), planned, database) == {expected}


@pytest.mark.parametrize("field", ["this_update", "next_update"])
def test_times_that_were_not_planned_are_found(
    field: str, parts: Parts, identity: SigningIdentity, plan: Plan, database: Database
) -> None:
    """A second off is not what was planned and recorded."""
    moment = getattr(plan.parameters, field) - timedelta(seconds=1)

    wrong = parts.changed(**{field: time(moment)}).signed_by(identity)

    assert found(wrong, plan, database) == {f"crl.{field.replace('_', '-')}.unplanned"}


def test_time_of_the_wrong_type_is_found(
    parts: Parts, identity: SigningIdentity, plan: Plan, database: Database
) -> None:
    """GeneralizedTime is for 2050 and later (RFC 5280 section 5.1.2.4)."""
    wrong = parts.changed(next_update=generalized_time(plan.parameters.next_update)).signed_by(identity)

    assert found(wrong, plan, database) & {"crl.time.type", "crl.unreadable"}


@pytest.mark.parametrize(("above", "expected"), [(-1, True), (0, True), (1, False)])
@pytest.mark.parametrize("which", ["public", "recorded"])
def test_number_must_be_above_what_is_public_and_recorded(
    above: int,
    expected: bool,  # noqa: FBT001 - a column of the table
    which: str,
    identity: SigningIdentity,
    plan: Plan,
    entries: list[bytes],
    database: Database,
) -> None:
    """An old number, and the same number again, are found; the next one passes."""
    before = build(identity, saying(plan, number=NUMBER - above).parameters, entries)
    if which == "public":
        later = replace(plan, public=public_of(before))
    else:
        later = replace(plan, recorded=recorded(plan, NUMBER - above))

    result = found(build(identity, plan.parameters, entries), later, database)

    assert (f"crl.number.not-above-{which}" in result) is expected


def test_limit_of_the_size_is_inclusive(
    identity: SigningIdentity, plan: Plan, entries: list[bytes], database: Database
) -> None:
    """A CRL of exactly so many octets is not too large."""
    data = build(identity, plan.parameters, entries)
    rules = replace(RULES, size_limit=len(data), size_blocks=True)

    inspect(data, plan, database, rules)
    with pytest.raises(CrlRejected, match=r"crl\.size"):
        inspect(data, plan, database, replace(rules, size_limit=len(data) - 1))


PARTS: dict[str, tuple[Scope, Scope]] = {
    "a part on a complete CRL": (FULL, USERS),
    "a complete CRL for a part": (CA, FULL),
    "the other part": (CA, USERS),
    "another shard's address": (SHARD, replace(SHARD, url=f"{SHARD.url}l")),
    "a part for a shard": (SHARD, USERS),
}


@pytest.mark.parametrize("case", PARTS)
def test_wrong_distribution_point_is_found(
    case: str, identity: SigningIdentity, plan: Plan, database: Database
) -> None:
    """What a CRL says that it covers is what was planned, octet for octet."""
    planned, said = PARTS[case]

    # Nothing is revoked up to the sequence 0, so that the list is right for every part.
    data = build(identity, saying(plan, scope=said).parameters, [])
    wanted = replace(saying(plan, scope=planned), covers_sequence=0)

    expected = "crl.extension.unexpected" if planned is FULL else "crl.idp"
    assert found(data, wanted, database) == {expected}
    assert found(build(identity, wanted.parameters, []), wanted, database) == set()


EXTENSIONS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "no freshest CRL": ("crl.freshest", {"freshest": SHARD.url}, {}),
    "another freshest CRL": ("crl.freshest", {"freshest": SHARD.url}, {"freshest": f"{SHARD.url}l"}),
    "a freshest CRL that is none": ("crl.extension.unexpected", {}, {"freshest": SHARD.url}),
    "a base": ("crl.extension.unexpected", {}, {"scope": FULL.delta, "base_number": 5}),
    "no base": ("crl.base-number", {"scope": FULL.delta, "base_number": 5}, {}),
    "another base": (
        "crl.base-number",
        {"scope": FULL.delta, "base_number": 5},
        {"scope": FULL.delta, "base_number": 4},
    ),
    "no next publication": ("crl.extension.value", {"next_publish": START}, {}),
    "another next publication": ("crl.extension.value", {"next_publish": START}, {"next_publish": START + HOUR}),
    "expired ones that were not kept": ("crl.extension.unexpected", {}, {"expired_kept_since": START}),
}


@pytest.mark.parametrize("case", EXTENSIONS)
def test_wrong_extension_is_found(case: str, identity: SigningIdentity, plan: Plan, database: Database) -> None:
    """Missing, unasked for, or with another value."""
    expected, planned, said = EXTENSIONS[case]
    wanted = replace(saying(plan, **planned), covers_sequence=0)

    assert found(build(identity, saying(plan, **said).parameters, []), wanted, database) == {expected}
    assert found(build(identity, wanted.parameters, []), wanted, database) == set()


def test_this_update_never_goes_backwards(
    identity: SigningIdentity, plan: Plan, entries: list[bytes], database: Database
) -> None:
    """A CRL that looks older than the public one is found."""
    second_later = plan.parameters.this_update + timedelta(seconds=1)
    before = saying(plan, number=NUMBER - 1, this_update=second_later)
    later = replace(plan, public=public_of(build(identity, before.parameters, entries)))

    assert found(build(identity, plan.parameters, entries), later, database) == {"crl.this-update.backwards"}
