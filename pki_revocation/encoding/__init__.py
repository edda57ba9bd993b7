"""Encodings that several rooms share: DER, Crockford's base 32, JSON documents, distribution points."""
