"""Proofs that a caller has a private key, made of nothing but that key, and read from octets alone.

A proof is a JWS or a certification request that the key signed for this purpose. The key itself is never sent: what
looks like one is refused.
"""
