"""OCSPRequest from octets to values (RFC 6960 section 4.1): `message` is the whole of it, strictly.

`structures` declares what is read; `extensions` and `signature` say what a request may hold besides. `common_requests`
takes the forms that nearly all clients send in a fraction of the time, and gives up on any other.
"""
