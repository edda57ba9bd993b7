"""Signs receipts with a key of the register's own: PAdES (ETSI EN 319 142-1), so that PDF readers tell of any change.

What a validator needs in years goes into the file: the certificates, what says that the signer's is not revoked, and a
time stamp of the signature where [timestamps] names an authority (B-LT; B-B with that material where the authority does
not answer). A receipt that cannot be signed is given all the same, and says that it is not signed: it proves by what is
attached.
"""

import asyncio
import io
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from pki_revocation.config.installation import Installation
from pki_revocation.config.secret_files import named_secret, refuse_readable_by_others
from pki_revocation.encoding.names import subject_text
from pki_revocation.errors import ConfigurationError
from pki_revocation.host.extras import ExtraMissing, require_extra
from pki_revocation.model import Confirmation
from pki_revocation.proof.addresses import ServiceAddress, ocsp_address
from pki_revocation.proof.certificates import read_certificates
from pki_revocation.proof.fetching import FetchRequest, ServiceClient
from pki_revocation.proof.gathering import ReceiptEvidence
from pki_revocation.proof.ocsp_answer import question_of
from pki_revocation.proof.settings import ReceiptSettings
from pki_revocation.proof.stamps.settings import TimestampSettings
from pki_revocation.subscribers.languages import Language

from .receipt import ALONE, ReceiptSurroundings, compile_receipt

_log = logging.getLogger(__name__)
# A receipt waits so long for the time stamp of its signature, and goes without it then.
_STAMP_SECONDS = 2.0
_LARGEST = 64 * 1024
_FIELD = "Signature"


class ReceiptSigner:
    """Signs with the key and certificates of [receipts]; may be used by many threads."""

    def __init__(
        self,
        key: bytes,
        certificates: Sequence[x509.Certificate],
        *,
        responder: ServiceClient | None = None,
        authority: ServiceClient | None = None,
        stamp_anchors: Sequence[x509.Certificate] = (),
    ) -> None:
        """*key* is PKCS #8 in DER, *certificates* begin with its own.

        *responder* is asked for the status of the signer's certificate, and *authority* for a time stamp, which must
        lead to one of *stamp_anchors*, where given.
        """
        self._key = key
        self.certificates = tuple(certificates)
        self._responder = responder
        self._authority = authority
        self._stamp_anchors = tuple(stamp_anchors)

    @classmethod
    def of(cls, installation: Installation) -> "ReceiptSigner | None":
        """With what [receipts] names; None where it names nothing.

        Raises:
            ConfigurationError: when key or certificate cannot be used; the sentence says why.
        """
        settings = installation.section(ReceiptSettings)
        if settings.key is None or settings.certificate is None:
            return None
        require_extra("signatures", "Signing receipts")
        key_file, certificate_file = installation.path(settings.key), installation.path(settings.certificate)
        try:
            refuse_readable_by_others(key_file)
            secret = (
                None if settings.secret is None else named_secret(settings.secret, installation, "[receipts] secret")
            )
            key = serialization.load_pem_private_key(key_file.read_bytes(), None if secret is None else secret.encode())
            certificates = read_certificates(certificate_file.read_bytes())
        except OSError as error:
            raise ConfigurationError(
                f"[receipts] names {error.filename}, which cannot be read: {error.strerror or error}."
            ) from error
        except (ValueError, TypeError) as error:
            # The library's words say nothing of a passphrase, and nothing that helps either.
            raise ConfigurationError(
                f"[receipts] key {key_file} or certificate {certificate_file} cannot be read: is it PEM, and is "
                "'secret' right?"
            ) from error
        if _public(key.public_key()) != _public(certificates[0].public_key()):
            raise ConfigurationError(f"[receipts] certificate {certificate_file} is not that of the key {key_file}.")
        der = key.private_bytes(Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        stamps = installation.section(TimestampSettings)
        authority = next((ServiceAddress(public=url, here=url) for url in stamps.authorities), None)
        return cls(
            der,
            certificates,
            responder=ServiceClient(ocsp_address(installation)),
            authority=None if authority is None else ServiceClient(authority, seconds=_STAMP_SECONDS),
            stamp_anchors=stamps.anchors(installation),
        )

    @classmethod
    def or_none(cls, installation: Installation) -> "ReceiptSigner | None":
        """As `of`, for a service that has more to do than to sign: what is wrong is logged, and said by `doctor`."""
        try:
            return cls.of(installation)
        except (ConfigurationError, ExtraMissing) as error:
            _log.error("receipts are not signed: %s", error)
            return None

    @property
    def name(self) -> str:
        """Whose signature it is, as receipts say it."""
        return subject_text(self.certificates[0]).replace(",", ", ")

    def is_valid_at(self, moment: datetime) -> bool:
        """Whether the signer's certificate is valid at a moment."""
        own = self.certificates[0]
        return own.not_valid_before_utc <= moment <= own.not_valid_after_utc

    def sign(self, pdf: bytes, chain: Sequence[x509.Certificate], moment: datetime, crl: bytes | None = None) -> bytes:
        """The PDF with a signature, and with what validators need in years as far as it can be had.

        Args:
            pdf: not signed yet.
            chain: the CAs that are known, a root among them.
            moment: when it is signed.
            crl: the CRL of one of them, which may say that the signer's certificate is not revoked.

        Raises:
            Exception: whatever the library meets; the PDF stands as it was.
        """
        return asyncio.run(self._sign(pdf, chain, moment, crl))

    async def _sign(self, pdf: bytes, chain: Sequence[x509.Certificate], moment: datetime, crl: bytes | None) -> bytes:
        from pyhanko.keys import load_certs_from_pemder_data, load_private_key_from_pemder_data  # noqa: PLC0415 - 20 MiB, when the first receipt is signed
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter  # noqa: PLC0415 - as above
        from pyhanko.sign import fields, signers  # noqa: PLC0415 - as above
        from pyhanko_certvalidator import ValidationContext  # noqa: PLC0415 - as above
        from pyhanko_certvalidator.registry import SimpleCertificateStore  # noqa: PLC0415 - as above

        def converted(certificates: Sequence[x509.Certificate]) -> list[Any]:
            return [*load_certs_from_pemder_data(b"".join(each.public_bytes(Encoding.PEM) for each in certificates))]

        # It warns of each signature that nothing is fetched for it.
        logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
        logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)
        own, *above = converted(self.certificates)
        store = SimpleCertificateStore.from_certs([*above, *converted(chain)])  # type: ignore[no-untyped-call] # it says no types
        signer = signers.SimpleSigner(own, load_private_key_from_pemder_data(self._key, None), store)
        status = self._own_status(chain)
        context = ValidationContext(
            trust_roots=converted([*(each for each in chain if each.issuer == each.subject), *self._stamp_anchors]),
            other_certs=[*above, *converted(chain)],
            allow_fetching=False,
            ocsps=[] if status is None else [status],
            crls=[] if crl is None else [crl],
            moment=moment,
            revocation_mode="soft-fail",
        )
        plain = signers.PdfSignatureMetadata(
            field_name=_FIELD,
            subfilter=fields.SigSeedSubFilter.PADES,
            certify=True,
            docmdp_permissions=fields.MDPPerm.NO_CHANGES,
            # RFC 9336 section 3 leaves the key usage open; what the certificate is for, its extended key usage says.
            signer_key_usage=set(),
        )
        lasting = replace(plain, embed_validation_info=True, validation_context=context)
        # Beyond the page's edge: ISO 14289-1 wants no annotation there that is not tagged, ISO 19005-3 none hidden.
        place = fields.SigFieldSpec(
            _FIELD, invis_sig_settings=fields.InvisSigSettings(box_out_of_bounds=True), on_page=0
        )
        stamper = None if self._authority is None else _stamper(self._authority)
        for metadata, timestamper in ((lasting, stamper), (lasting, None), (plain, None)):
            out = io.BytesIO()
            try:
                writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
                await signers.PdfSigner(metadata, signer, timestamper=timestamper, new_field_spec=place).async_sign_pdf(
                    writer, output=out
                )
            except Exception as error:
                if metadata is plain:
                    raise
                _log.warning("a receipt's signature gets less than it should: %s", type(error).__name__)
                continue
            return out.getvalue()
        raise AssertionError

    def _own_status(self, chain: Sequence[x509.Certificate]) -> bytes | None:
        """The OCSP response that says 'good' of the signer's own certificate; None where none can be had."""
        own = self.certificates[0]
        issuer = next((each for each in (*self.certificates[1:], *chain) if each.subject == own.issuer), None)
        if self._responder is None or issuer is None:
            return None
        octets = self._responder.fetch(
            FetchRequest(
                limit=_LARGEST,
                body=question_of(issuer, own.serial_number),
                headers={"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"},
            )
        )
        return octets if octets is not None and _is_good(octets) else None


def signed_receipt(
    confirmation: Confirmation,
    evidence: ReceiptEvidence,
    language: Language,
    made_at: datetime,
    surroundings: ReceiptSurroundings = ALONE,
    signer: ReceiptSigner | None = None,
) -> bytes:
    """A receipt, signed where there is a signer that can; what it says of its signature is so.

    Raises:
        DocumentNotSet: when a character cannot be printed.
    """
    if signer is not None and signer.is_valid_at(made_at):
        said = replace(surroundings, signer=signer.name)
        pdf = compile_receipt(confirmation, evidence, language, made_at, said)
        try:
            return signer.sign(pdf, evidence.chain, made_at, None if evidence.crl is None else evidence.crl.der)
        except Exception:  # noqa: BLE001 - whatever the library meets: a receipt is given all the same
            _log.exception("a receipt could not be signed, and is given without a signature")
    elif signer is not None:
        _log.error("receipts are not signed: the certificate of [receipts] is not valid now")
    return compile_receipt(confirmation, evidence, language, made_at, surroundings)


def _stamper(authority: ServiceClient) -> Any:  # noqa: ANN401 - the library's class is made here, since it is imported late
    from pyhanko.sign.timestamps import TimeStamper  # noqa: PLC0415 - as in `sign`

    class Stamper(TimeStamper):
        async def async_request_tsa_response(self, req: Any) -> Any:  # noqa: ANN401 - the library's signature
            from pyhanko.sign.general import SigningError  # noqa: PLC0415 - as above

            headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
            answer = authority.fetch(FetchRequest(limit=_LARGEST, body=req.dump(), headers=headers))
            if answer is None:
                raise SigningError("the time-stamp authority gave no answer in time")
            return _response_class(req).load(answer)

    return Stamper()  # type: ignore[no-untyped-call] # the library says no types


def _response_class(request: Any) -> Any:  # noqa: ANN401 - as above
    import importlib  # noqa: PLC0415 - the library's own reader, which nothing here imports by name

    return importlib.import_module(type(request).__module__).TimeStampResp


def _is_good(octets: bytes) -> bool:
    try:
        status = ocsp.load_der_ocsp_response(octets).certificate_status
    except ValueError:
        # Also for a response that says nothing of any certificate.
        return False
    return status is ocsp.OCSPCertStatus.GOOD


def _public(key: Any) -> bytes:  # noqa: ANN401 - any public key
    return bytes(key.public_bytes(Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))
