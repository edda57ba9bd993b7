"""The OCSP responder: what a relying party asks about a certificate, answered from the journal (RFC 6960, RFC 9919).

A question goes through one file after the other: `transport` takes it out of HTTP, `request` reads its DER, `issuers`
finds whose certificate is meant, `status` looks it up, `response` signs what was found, and `transport` puts that back
into HTTP. `answering` ties the middle together and knows no HTTP; `app` is the Flask face. `query` is the other side:
it asks a responder and believes nothing that it has not verified.
"""
