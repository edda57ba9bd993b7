"""The life of a responder's delegated certificate: requested, issued, installed, renewed (RFC 6960, 4.2.2.2)."""
