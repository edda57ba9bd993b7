"""From the octets of a question to the octets of its answer, and every failure to the answer that RFC 6960 has for it.

An answer is dated by the moment that comes with the statuses: nothing dated before it is left out.

Which issuers may be asked about in one request: an answer has one signature, and its signer must be entitled for
every certificate in it (RFC 6960 section 4.2.2.2), while an answer must cover every certificate that was asked about
(section 4.2.2.3). Identities belong to one issuer each. So a request across two issuers, even when both are served
here, and a request of which one part is foreign, is `unauthorized` as a whole; the client asks once for each issuer.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace

from keys.errors import KeyUnavailable
from ocsp_responder.config import OcspSettings
from ocsp_responder.errors import MalformedRequest, SignatureRequired, SignerUnusable, Unauthorized, WouldWait
from ocsp_responder.request.message import OcspRequest, parse_request
from ocsp_responder.request.signature import Requestors
from ocsp_responder.signing.response import Answer, AnswerSigner, Refusal, SingleResponse, Validity, refusal
from ocsp_responder.status import Revoked, StatusReading, StatusSource, Unknown
from pki_revocation.errors import StoreError
from pki_revocation.host.outage_log import OutageLog
from pki_revocation.model import Issuer

from .issuers import Issuers
from .policy import AnswerPolicy
from .shared_cache import SharedAnswerCache

_log = logging.getLogger(__name__)
# What some requests meet and others do not is one outage until none has met it for so long.
_QUIET_SECONDS = 10.0
# Beside the ids of issuers: an error of ours.
_UNEXPECTED = 0


class Answerer:
    """Answers questions about the certificates of some issuers."""

    def __init__(
        self,
        *,
        signers: Mapping[Issuer, AnswerSigner],
        source: StatusSource,
        settings: OcspSettings,
        requestors: Requestors | None = None,
        outages: OutageLog | None = None,
        shared: SharedAnswerCache | None = None,
    ) -> None:
        """Answer for the issuers that *signers* names, and *requestors* alone where they are given.

        What any client may be told is told from *shared*, where other workers have signed it.

        Raises:
            ConfigurationError: when two issuers cannot be told apart.
        """
        self._issuers = Issuers(signers)
        self._signers = {issuer.id: signer for issuer, signer in signers.items()}
        self._source = source
        self._settings = settings
        self._policy = AnswerPolicy(settings)
        self._requestors = requestors
        self._outages = outages or OutageLog(
            _log, failing="no answer can be given now", working="answers are given again", quiet=_QUIET_SECONDS
        )
        self._shared = shared

    def replace_signer(self, issuer_id: int, signer: AnswerSigner) -> None:
        """Sign this issuer's answers with *signer* from now on; one in the making is finished with the one before."""
        self._signers[issuer_id] = signer

    def answer(self, data: bytes) -> Answer:
        """The answer to an OCSPRequest's octets, whatever they are (RFC 6960 section 2.3).

        Raises:
            WouldWait: when the source says so; nothing else.
        """
        try:
            answer = self.answer_request(parse_request(data, max_cert_ids=self._settings.max_cert_ids))
        except MalformedRequest:
            return refusal(Refusal.MALFORMED_REQUEST)
        except SignatureRequired:
            return refusal(Refusal.SIG_REQUIRED)
        except Unauthorized:
            return refusal(Refusal.UNAUTHORIZED)
        except WouldWait:
            raise
        except (StoreError, SignerUnusable, KeyUnavailable):
            return refusal(Refusal.TRY_LATER)
        except Exception as error:  # noqa: BLE001 - the edge: logged, and the client still gets an OCSP answer
            self._outages.failed(_UNEXPECTED, error, traceback=True)
            return refusal(Refusal.INTERNAL_ERROR)
        self._outages.worked(_UNEXPECTED)
        return answer

    def answer_request(self, request: OcspRequest) -> Answer:
        """The signed answer to a question that was read.

        Raises:
            SignatureRequired: when only signed requests are answered, and this one is not.
            Unauthorized: when no signer speaks for all of it, or its signature does not entitle to an answer.
            StoreError: when the statuses cannot be known now.
            SignerUnusable: when the signer's certificate is not valid now.
            KeyUnavailable: when its key is not there now.
            WouldWait: when the source says so.
        """
        if self._requestors is not None:
            self._requestors.check(request)
        issuer_id = self._issuer_of(request)
        try:
            answer = self._signed(issuer_id, request)
        except (StoreError, SignerUnusable, KeyUnavailable) as error:
            self._outages.failed(issuer_id, error)
            raise
        self._outages.worked(issuer_id)
        # Where not every client may ask, no cache may answer in our place.
        return answer if self._requestors is None else replace(answer, shared=None)

    def _issuer_of(self, request: OcspRequest) -> int:
        found = {self._issuers.find(cert_id).id for cert_id in request.cert_ids}
        if len(found) > 1:
            raise Unauthorized("The certificates in this request are of several issuers, and no signer speaks for all.")
        return found.pop()

    def _signed(self, issuer_id: int, request: OcspRequest) -> Answer:
        signer = self._signers[issuer_id]
        reading = self._source.read(issuer_id, [cert_id.serial for cert_id in request.cert_ids])
        validity = signer.validity(reading.moment, self._settings.validity, self._settings.refresh)
        singles, validity = self._policy.apply(request.cert_ids, reading, validity, signer.issuer_not_before)
        if self._shared is not None and request.nonce is None and not request.preferred_signatures:
            (single, *more) = singles
            if not more and not isinstance(single.status, Unknown):
                return self._in_common(self._shared, signer, single, validity, reading)
        return signer.sign(
            singles,
            validity,
            journal_sequence=reading.sequence,
            nonce=request.nonce,
            preferred=request.preferred_signatures,
            extended_revoke=self._settings.extended_revoke,
        )

    @staticmethod
    def _in_common(
        shared: SharedAnswerCache,
        signer: AnswerSigner,
        single: SingleResponse,
        validity: Validity,
        reading: StatusReading,
    ) -> Answer:
        """The answer that another worker has signed, or else a new one, which all workers get."""
        key = shared.key(signer.name, single.cert_id.raw, single.status, single.archive_cutoff)
        found = shared.find(key, reading.moment)
        if found is None:
            made = signer.sign([single], validity, journal_sequence=reading.sequence)
            found = shared.share(key, made.der, validity)
        return Answer(
            der=found.der,
            shared=found.validity,
            issuer_id=signer.issuer_id,
            sequence=reading.sequence,
            revoked=isinstance(single.status, Revoked),
        )
