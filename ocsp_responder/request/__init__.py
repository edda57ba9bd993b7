"""OCSPRequest from octets to values (RFC 6960 section 4.1): `message` is the whole of it, strictly.

`common_requests` takes the forms that nearly all clients send in a fraction of the time, and gives up on any other;
`extensions` and `signature` are what a request may hold besides; `fields` holds X.690's rules for all of them.
"""
