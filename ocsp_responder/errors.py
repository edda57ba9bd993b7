"""Why a question gets no signed answer (RFC 6960 section 2.3), and why one of ours was not believed."""

from pki_revocation.errors import PkiError


class MalformedRequest(PkiError):
    """The request is not the DER of an OCSPRequest that this responder takes."""


class Unauthorized(PkiError):
    """This responder speaks for none of the issuers that were asked about, or not for all of them with one voice."""


class SignatureRequired(PkiError):
    """Only signed requests are answered here, and this one is not signed."""


class SignerUnusable(PkiError):
    """The signer's certificate is not valid at this moment: nothing that it signed now would be believed."""


class AnswerRefused(PkiError):
    """A responder's answer is missing, is no answer to what was asked, or does not verify."""


class WouldWait(PkiError):
    """This cannot be answered without waiting: a thread must do it."""
