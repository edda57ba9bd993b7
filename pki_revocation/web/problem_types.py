"""The kinds of problem that the endpoint answers with: what each means and what to do, as their pages say it.

Type, title and status of a problem never vary; a kind that is added here has its page by that.
"""

from dataclasses import dataclass

from pki_revocation.encoding.json_document import MalformedDocument, UnfitMember
from pki_revocation.encoding.possession.proven_key import MalformedProof, PrivateKeySent, ProofRefused
from pki_revocation.errors import (
    CertificateExpired,
    ConfirmationLost,
    ImpossibleDate,
    MistypedCode,
    MistypedNumber,
    NotFound,
    NotRecognised,
    PkiError,
    ReasonNotPermitted,
    StoreError,
    TooManyAttempts,
    TooManyProofs,
    TooManyRequests,
    UnknownKey,
)
from pki_revocation.runtime.problem_documents import Problem

from .api_access import TokenRefused
from .api_document import DateBeforeCertificate
from .availability import UnderMaintenance
from .key_proof.reading import NoKeyHash, UnknownProofType, UnlistedKey
from .moments import InvalidTimestamp


@dataclass(frozen=True, slots=True)
class DescribedProblem(Problem):
    """A kind of problem with a page: *meaning* says what it is and what to do."""

    meaning: str


_NOT_FOUND = DescribedProblem(
    404,
    "not-found",
    "There is nothing here",
    "No endpoint has this address, or no revocation that this token opens has this reference. Compare the address with "
    "the API's description.",
)
BY_ERROR: dict[type[PkiError], DescribedProblem] = {
    MistypedNumber: DescribedProblem(
        422,
        "mistyped-number",
        "The number has a typing error",
        "A number has twelve digits, of which the last two check the others. Compare it with the letter. It was not "
        "looked up, and no attempt was used.",
    ),
    MistypedCode: DescribedProblem(
        422,
        "mistyped-code",
        "The revocation code has a typing error",
        "The last symbol of a code checks the others. Compare it with the letter. Nothing was looked up, and no "
        "attempt was used.",
    ),
    NotRecognised: DescribedProblem(
        403,
        "not-recognised",
        "Number and code do not belong together",
        "There is no such number, or the code is another one's: which of the two is not told. Take both from the same, "
        "latest letter. The field RateLimit says how many attempts are left; when few are, the member "
        "remaining_attempts does too.",
    ),
    ReasonNotPermitted: DescribedProblem(
        422,
        "reason-not-permitted",
        "This reason cannot be given here",
        "A subscriber gives keyCompromise, affiliationChanged, superseded, cessationOfOperation, or no reason at all.",
    ),
    ImpossibleDate: DescribedProblem(
        422,
        "impossible-date",
        "This date cannot go with the revocation",
        "A date of compromise goes with the reason keyCompromise alone, and lies in the past.",
    ),
    InvalidTimestamp: DescribedProblem(
        422,
        "unreadable-date",
        "The date of compromise cannot be read",
        "Write it as RFC 3339 does, with its time zone: 2026-11-23T15:03:22+01:00.",
    ),
    DateBeforeCertificate: DescribedProblem(
        422,
        "date-before-certificate",
        "The date of compromise lies before the certificate",
        "The date becomes public and can never be changed, and the request says that it does not lie before the "
        "certificate: correct it; or, where the key was older than the certificate and the date is right, send the "
        'same request without "compromised_before_certificate": false. Nothing was revoked.',
    ),
    CertificateExpired: DescribedProblem(
        409,
        "expired",
        "The certificate has expired",
        "An expired certificate is not valid any more and needs no revocation.",
    ),
    MalformedDocument: DescribedProblem(
        400,
        "malformed-document",
        "The body is not a JSON document",
        "Send one JSON object in UTF-8, in which no member stands twice (RFC 8259, RFC 7493).",
    ),
    UnfitMember: DescribedProblem(
        422,
        "unfit-member",
        "The document does not have the members that are expected",
        "A member is missing, is not known, or has another type than it should. The member errors says which, and "
        "where.",
    ),
    TokenRefused: DescribedProblem(
        401,
        "invalid-token",
        "A token that counts is missing",
        "Send 'Authorization: Bearer TOKEN' with the status_token that the revocation was answered with. It counts for "
        "30 days; the same request with number and code gives another one.",
    ),
    ConfirmationLost: DescribedProblem(
        410,
        "confirmation-lost",
        "The register does not have this confirmation any more",
        "After a failure an older state of the register was restored. Send the request with number and code again: it "
        "says whether the certificate is revoked, and revokes it if it is not.",
    ),
    MalformedProof: DescribedProblem(
        400,
        "malformed-proof",
        "The proof cannot be read",
        "Send a proof of 'pki-revocation prove-compromise', or a certification request signed by the key.",
    ),
    PrivateKeySent: DescribedProblem(
        422,
        "private-key-sent",
        "A private key was sent in the place of a proof",
        "It was not read further and is kept nowhere, and it must count as leaked now: make a proof with it, and send "
        "that.",
    ),
    ProofRefused: DescribedProblem(
        403,
        "proof-refused",
        "The proof proves nothing",
        "Its signature, its purpose or its address is another, or it is too old. Make a new one, and send it at once.",
    ),
    UnknownKey: DescribedProblem(
        404,
        "unknown-key",
        "No certificate here has this key",
        "The proof is good, and nothing was revoked: look which CA issued the certificate.",
    ),
    UnknownProofType: DescribedProblem(
        415,
        "unsupported-media-type",
        "The proof is sent as something else",
        "Say with Content-Type which kind of proof it is.",
    ),
    UnlistedKey: DescribedProblem(
        404,
        "key-not-listed",
        "This key is not known to be compromised",
        "That is so at this moment, and may change at any other.",
    ),
    NoKeyHash: DescribedProblem(
        400,
        "no-key-hash",
        "This is no hash of a key",
        "Ask with the SHA-256 of the key's SubjectPublicKeyInfo in DER, as 64 hexadecimal digits.",
    ),
    TooManyProofs: DescribedProblem(
        429,
        "too-many-proofs",
        "Too many proofs came from your address",
        "This one was not looked at. Wait as long as Retry-After says.",
    ),
    TooManyAttempts: DescribedProblem(
        429,
        "too-many-attempts",
        "Too many wrong codes came from your address",
        "Nothing was checked. Wait as long as Retry-After says: until then a right code is refused too. The field "
        "RateLimit-Policy says which limits there are.",
    ),
    TooManyRequests: DescribedProblem(
        429,
        "too-many-requests",
        "Too many requests came from your address",
        "Wait as long as Retry-After says. A status changes within seconds of the revocation, and hardly ever later.",
    ),
    UnderMaintenance: DescribedProblem(
        503,
        "maintenance",
        "Revoking online is closed for maintenance",
        "Send the same request again when Retry-After has passed. If it cannot wait, send the form by post or e-mail.",
    ),
    StoreError: DescribedProblem(
        503,
        "unavailable",
        "The register does not answer",
        "Whether anything was revoked is not known. Send the same request again: a repeat gets the original answer.",
    ),
    NotFound: _NOT_FOUND,
}
BY_STATUS = {
    400: DescribedProblem(
        400,
        "bad-request",
        "The request cannot be read",
        "The request was cut off, or is no HTTP. Nothing of it was acted upon.",
    ),
    404: _NOT_FOUND,
    405: DescribedProblem(
        405,
        "method-not-allowed",
        "This method is not allowed here",
        "The field Allow says which methods there are.",
    ),
    413: DescribedProblem(
        413, "too-large", "The body is too large", "A request has at most 4096 octets: none needs more."
    ),
    415: DescribedProblem(
        415,
        "unsupported-media-type",
        "The body is not sent as JSON",
        "The field Accept says which kinds of body are taken.",
    ),
}
INTERNAL = DescribedProblem(
    500,
    "internal-error",
    "Something went wrong here",
    "A mistake of ours. Whether anything was revoked is not known: send the same request again, a repeat gets the "
    "original answer; and tell the register the answer's instance.",
)
# Every kind by its name, as its page has it.
BY_NAME = {each.name: each for each in (*BY_ERROR.values(), *BY_STATUS.values(), INTERNAL)}
