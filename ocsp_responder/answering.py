"""From the octets of a question to the octets of its answer, and every failure to the answer that RFC 6960 has for it.

An answer is dated by the moment that comes with the statuses: nothing dated before it is left out.

Which issuers may be asked about in one request: an answer has one signature, and whoever signs must be entitled for
every certificate in it (RFC 6960 section 4.2.2.2), while an answer must cover every certificate that was asked about
(section 4.2.2.3). Identities belong to one issuer each. So a request across two issuers, even when both are served
here, and a request of which one part is foreign, is `unauthorized` as a whole; the client asks once for each issuer.
"""

import logging
from collections.abc import Mapping
from datetime import timedelta

from pki_revocation.errors import StoreError
from pki_revocation.model import Issuer

from .errors import MalformedRequest, SignerUnusable, Unauthorized
from .issuers import Issuers
from .request import OcspRequest, parse_request
from .response import Answer, AnswerSigner, Refusal, refusal
from .status import StatusSource

_log = logging.getLogger(__name__)


class Answerer:
    """Answers questions; never raises."""

    def __init__(
        self,
        *,
        signers: Mapping[Issuer, AnswerSigner],
        source: StatusSource,
        validity: timedelta,
        max_cert_ids: int,
    ) -> None:
        """Answer for the issuers that *signers* names.

        Raises:
            ConfigurationError: when two of them cannot be told apart.
        """
        self._issuers = Issuers(signers)
        self._signers = {issuer.id: signer for issuer, signer in signers.items()}
        self._source = source
        self._validity = validity
        self._max_cert_ids = max_cert_ids

    def answer(self, data: bytes) -> Answer:
        """The answer to an OCSPRequest's octets, whatever they are (RFC 6960 section 2.3)."""
        try:
            return self._signed(parse_request(data, max_cert_ids=self._max_cert_ids))
        except MalformedRequest:
            return refusal(Refusal.MALFORMED_REQUEST)
        except Unauthorized:
            return refusal(Refusal.UNAUTHORIZED)
        except (StoreError, SignerUnusable) as error:
            _log.error("no answer can be given now: %s", error)
            return refusal(Refusal.TRY_LATER)
        except Exception:  # noqa: BLE001 - the edge: logged, and the client still gets an OCSP answer
            _log.exception("a question could not be answered")
            return refusal(Refusal.INTERNAL_ERROR)

    def _signed(self, request: OcspRequest) -> Answer:
        issuer, *others = {self._issuers.find(cert_id).id: None for cert_id in request.cert_ids}
        if others:
            raise Unauthorized("The certificates in this request are of several issuers, and no signer speaks for all.")
        signer = self._signers[issuer]
        moment, statuses = self._source.statuses(issuer, [cert_id.serial for cert_id in request.cert_ids])
        validity = signer.validity(moment, self._validity)
        return signer.sign(list(zip(request.cert_ids, statuses, strict=True)), validity, request.nonce)
