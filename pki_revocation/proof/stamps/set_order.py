"""The certificates of a time stamp in the order of DER, for a reader that wants it.

A SignedData may be BER (RFC 5652 section 5.1), and `openssl ts`, on which many authorities run, leaves its certificates
in the order in which they were configured. The library refuses a SET that is not in order (X.690 section 11.6). What is
signed are the attributes and what they hash: the certificates' order is no part of it.
"""

from pki_revocation.encoding.der import DerError
from pki_revocation.encoding.values import Span, spans

_CERTIFICATES = 0xA0
# From the response to the certificates: the token, its content, the SignedData, and what is tagged [0] in that.
_TOKEN, _CONTENT, _SIGNED_DATA = 1, 1, 0


def in_order(response: bytes) -> bytes:
    """A TimeStampResp with its certificates in order; all lengths, and so all other octets, stay as they are.

    Raises:
        DerError: when it is no such response.
    """
    try:
        (whole,) = spans(response, 0, len(response))
        signed_data = _inside(response, whole, _TOKEN, _CONTENT, _SIGNED_DATA)
        held = next(each for each in spans(response, signed_data.begin, signed_data.end) if each.tag == _CERTIFICATES)
    except (ValueError, IndexError, StopIteration) as error:
        raise DerError("it holds no certificates") from error
    certificates = [response[each.at : each.end] for each in spans(response, held.begin, held.end)]
    return response[: held.begin] + b"".join(sorted(certificates)) + response[held.end :]


def _inside(data: bytes, outer: Span, *places: int) -> Span:
    for place in places:
        outer = [*spans(data, outer.begin, outer.end)][place]
    return outer
