"""Signed responses: DER, signers, the choice of a signature, and renewal of the delegated certificate."""
