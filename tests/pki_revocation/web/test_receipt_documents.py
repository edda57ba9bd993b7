"""Receipts to download: for thirty days, with the proof when it can be had, and a word of it when it cannot."""

import io
import re
import zipfile
from datetime import timedelta

import pikepdf
import pypdf
import pytest
from flask import Flask
from sqlalchemy import update

from pki_revocation.config.settings import WebSettings
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates
from pki_revocation.proof.addresses import ServiceAddress
from pki_revocation.proof.gathering import EvidenceCollector
from pki_revocation.service import RevocationService
from pki_revocation.web.app import PageServices, create_app
from tests.fakes import FakeClock
from tests.pki_revocation.documents.claims import broken_claims
from tests.pki_revocation.web.browser import Browser
from tests.pki_revocation.web.conftest import SESSION_KEY
from tests.subscribers import Subscriber

NOWHERE = ServiceAddress(public="http://127.0.0.1:9", here="http://127.0.0.1:9")
NAMES = {"nl": "intrekkingsbewijs", "en": "revocation-receipt"}


@pytest.fixture
def documents_app(database: Database, service: RevocationService, clock: FakeClock) -> Flask:
    """The application with a desk whose OCSP responder and CRLs are not there."""
    collector = EvidenceCollector(database=database, ocsp=NOWHERE, distribution=NOWHERE)
    return create_app(
        service=service,
        settings=WebSettings(),
        session_key=SESSION_KEY,
        clock=clock,
        services=PageServices(collector=collector),
    )


@pytest.fixture
def visitor(documents_app: Flask) -> Browser:
    """Somebody who reads English."""
    return Browser(documents_app)


def address_on(page: str) -> str:
    """Where the button leads."""
    (found,) = re.findall(r'id="receipt-document" class="button" href="http://127\.0\.0\.1:8460([^"]+)"', page)
    return str(found)


def text_of(pdf: bytes) -> str:
    """All that is printed, in one line."""
    return " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages).split())


@pytest.mark.parametrize("language", ["nl", "en"])
def test_receipt_without_proof_says_so(documents_app: Flask, subscriber: Subscriber, language: str) -> None:
    """While the responder is away there is a receipt all the same, that tells to come back, and claims nothing."""
    visitor = Browser(documents_app, language=language)
    address = address_on(visitor.revoke(subscriber, reason="replaced").text)
    assert address.endswith(f"/{NAMES[language]}.pdf")
    answer = visitor.get(address)
    assert answer.status_code == 200
    said = text_of(answer.data)
    assert ("Er zit nog geen OCSP-antwoord in" if language == "nl" else "There is no OCSP response in") in said
    assert "openssl ocsp" not in said
    with pikepdf.open(io.BytesIO(answer.data)) as pdf:
        assert set(pdf.attachments) == {"certificate.pem", "chain.pem", "issuer.pem", "revocation.json"}


@pytest.mark.parametrize("language", ["nl", "en"])
def test_liability_ends_at_the_exact_moment(documents_app: Flask, subscriber: Subscriber, language: str) -> None:
    """In Dutch time and in UTC, beside serial, reference and reason."""
    visitor = Browser(documents_app, language=language)
    said = text_of(visitor.get(address_on(visitor.revoke(subscriber, reason="replaced").text)).data)
    if language == "nl":
        assert "aansprakelijkheid voor het gebruik van dit certificaat is geëindigd op het moment van intrekken" in said
        assert (
            "maandag 23 november 2026 om 15:03:22 (Nederlandse tijd). Dat is 23 november 2026 om 14:03:22 UTC" in said
        )
    else:
        assert "Your liability for the use of this certificate ended when it was revoked" in said
        assert "Monday 23 November 2026 at 15:03:22 (Dutch time). That is 23 November 2026 at 14:03:22 UTC" in said
    assert f"{subscriber.certificate.serial:x}" in said
    assert "(superseded)" in said


def test_receipt_is_accessible_and_for_archives(visitor: Browser, subscriber: Subscriber) -> None:
    """It says PDF/UA-1 and PDF/A-3a, is tagged, titled, in a language, and names what its attachments are for."""
    receipt = visitor.get(address_on(visitor.revoke(subscriber).text)).data
    assert not broken_claims(receipt)
    with pikepdf.open(io.BytesIO(receipt)) as pdf:
        metadata = pdf.open_metadata()
        assert metadata.pdfa_status == "3A"
        assert metadata["dc:title"] == "Receipt of revocation"
        assert pdf.Root.Lang == "en-GB"
        for file in pdf.Root.AF:
            assert file.AFRelationship in {"/Data", "/Supplement"}
            assert str(file.Desc)


def test_receipt_is_for_nobody_on_the_way_and_for_thirty_days(
    visitor: Browser, subscriber: Subscriber, clock: FakeClock
) -> None:
    """No cache keeps it and no engine lists it; then it is gone, with a page that says so."""
    address = address_on(visitor.revoke(subscriber).text)
    clock.advance(timedelta(days=30))
    answer = visitor.get(address)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="revocation-receipt-')
    clock.advance(timedelta(seconds=1))
    gone = visitor.get(address)
    assert gone.status_code == 410
    assert "This address worked for 30 days" in gone.text


def test_receipt_of_years_ago_is_made_for_number_and_code(
    visitor: Browser, subscriber: Subscriber, clock: FakeClock
) -> None:
    """The button on the page of a certificate that was revoked long ago leads to a receipt, in either language."""
    visitor.revoke(subscriber)
    clock.advance(timedelta(days=3000))
    address = address_on(visitor.identify(subscriber.number, subscriber.code).text)
    receipt = visitor.get(address)
    assert (receipt.status_code, receipt.mimetype) == (200, "application/pdf")
    assert "Monday 23 November 2026 at 15:03:22" in text_of(receipt.data)


def test_number_and_code_give_a_receipt_that_can_be_downloaded_in_years(
    visitor: Browser, subscriber: Subscriber, clock: FakeClock
) -> None:
    """The button on the page that says 'already revoked' is no dead end."""
    visitor.revoke(subscriber)
    clock.advance(timedelta(days=400))
    answer = visitor.get(address_on(visitor.identify(subscriber.number, subscriber.code).text))

    assert answer.status_code == 200
    assert answer.data.startswith(b"%PDF-")


def test_address_cannot_be_guessed(visitor: Browser, subscriber: Subscriber) -> None:
    """Without the whole token, or with another file's name, there is nothing."""
    address = address_on(visitor.revoke(subscriber).text)
    for wrong in (address.replace("/receipt/", "/receipt/x"), address.replace("revocation-receipt", "receipt")):
        assert visitor.get(wrong).status_code == 404


def test_name_in_another_script_does_not_cost_the_receipt(
    visitor: Browser, database: Database, subscriber: Subscriber
) -> None:
    """Where no font has the characters, the receipt shows their codes."""
    with database.write() as connection:
        connection.execute(update(certificates).values(organisation="Zorg \u533b\u7642"))
    answer = visitor.get(address_on(visitor.revoke(subscriber).text))
    assert answer.status_code == 200
    assert "\\u533b" in text_of(answer.data)


def test_zip_has_the_attachments_beside_the_pdf(visitor: Browser, subscriber: Subscriber) -> None:
    """For readers whose program shows no attachments; at an address like the PDF's, which the page names."""
    page = visitor.revoke(subscriber).text
    address = address_on(page).removesuffix("pdf") + "zip"
    assert f'{address}"' in page
    answer = visitor.get(address)

    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        (pdf,) = [each for each in archive.namelist() if each.endswith(".pdf")]
        others = {each: archive.read(each) for each in archive.namelist() if each != pdf}
        with pikepdf.open(io.BytesIO(archive.read(pdf))) as opened:
            attached = {each: opened.attachments[each].get_file().read_bytes() for each in opened.attachments}
    assert others == attached
