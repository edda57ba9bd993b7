"""What every peer is held to before it is measured: that it says `good` of the first certificate."""

from cryptography.x509 import ocsp

from benchmarks.processes import NotHere
from ocsp_responder.client.query import Question, ask
from ocsp_responder.errors import AnswerRefused


def refuse_unless_good(url: str, question: Question) -> None:
    """Ask once about the first certificate.

    Raises:
        NotHere: when the answer is another one; a figure of refusals would say nothing.
    """
    try:
        answer = ocsp.load_der_ocsp_response(ask(url, question))
    except (AnswerRefused, ValueError) as error:
        raise NotHere(str(error)) from error
    if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise NotHere(f"it answers {answer.response_status.name.lower()}")
    if answer.certificate_status is not ocsp.OCSPCertStatus.GOOD:
        raise NotHere(f"it says {answer.certificate_status.name.lower()} of a good certificate")
