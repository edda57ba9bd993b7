"""The request's file: people read the facts, and programs only the octets."""

import base64
import hashlib

import pytest

from crl_publisher.errors import UnreadableRequest
from crl_publisher.offline.requesting import RequestedCrl, SigningRequests
from crl_publisher.offline.signing_request import SigningRequest
from pki_revocation.model import Issuer, serial_text
from pki_revocation.reasons import RevocationReason
from tests.crl_publisher.population import Population


@pytest.fixture
def request_(requesting: SigningRequests, issuer: Issuer, population: Population) -> SigningRequest:
    """A request with two entries."""
    population.issue_revoked(2, reason=RevocationReason.SUPERSEDED)
    return requesting.request(issuer, RequestedCrl())


def test_file_says_what_people_compare(request_: SigningRequest, issuer: Issuer) -> None:
    """Issuer, number, times, count, entries, and the digest of the very octets."""
    text = request_.to_text()
    crl = request_.unsigned()

    assert f"Number:       {crl.number}" in text
    assert "This update:  2026-11-23T14:03:22Z" in text
    assert "Next update:  2027-05-24T14:03:21Z" in text
    assert "Entries:      2" in text
    assert "CN=Demo Zorgverzekeraars CA" in text
    assert all(entry.serial.hex() in text for entry in crl.entries())
    assert "superseded" in text
    digest = hashlib.sha256(request_.to_be_signed).hexdigest()
    assert digest in text.replace(" ", "")
    assert serial_text(7) == "07"


def test_file_is_read_again(request_: SigningRequest) -> None:
    """Also after it passed a system with other line ends, or lost its last one."""
    text = request_.to_text()

    for variant in (text, text.replace("\n", "\r\n"), text.strip(), text + "\n\n"):
        assert SigningRequest.from_text(variant) == request_


def test_changed_facts_are_refused(request_: SigningRequest) -> None:
    """Nobody signs what he did not read."""
    text = request_.to_text()

    for changed in (
        text.replace("Entries:      2", "Entries:      3"),
        text.replace("2027-05-24", "2028-05-24"),
        text.replace("superseded", "keyCompromise", 1),
        text.replace("CRL signing request", "Another paper", 1),
    ):
        assert changed != text
        with pytest.raises(UnreadableRequest, match="facts"):
            SigningRequest.from_text(changed)


def test_changed_octets_are_refused(request_: SigningRequest) -> None:
    """The text then tells of others."""
    octets = bytearray(request_.to_be_signed)
    octets[-1] ^= 1
    lines = request_.to_text().splitlines()
    begin = lines.index("-----BEGIN CRL TO BE SIGNED-----")
    lines[begin + 1 : -1] = [base64.b64encode(octets).decode()]

    with pytest.raises(UnreadableRequest):
        SigningRequest.from_text("\n".join(lines))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "-----BEGIN CRL TO BE SIGNED-----\nMAA=\n-----END CRL TO BE SIGNED-----",
        "-----BEGIN CRL TO BE SIGNED-----\n!!!!\n-----END CRL TO BE SIGNED-----",
        "-----BEGIN CRL TO BE SIGNED-----\nMA==A\n-----END CRL TO BE SIGNED-----",
        "-----BEGIN CRL TO BE SIGNED-----\nMAMCAQE=\n-----END CRL TO BE SIGNED-----",
    ],
)
def test_what_is_no_request_is_refused(text: str) -> None:
    """With a sentence."""
    with pytest.raises(UnreadableRequest):
        SigningRequest.from_text(text)


def test_something_behind_the_block_is_refused(request_: SigningRequest) -> None:
    """It would be read by people alone."""
    with pytest.raises(UnreadableRequest, match="end"):
        SigningRequest.from_text(request_.to_text() + "Please sign the other file too.\n")
