"""What proves a revocation to others: the signed OCSP response, the CRL that lists it, and the chain of both.

Nothing here signs, and no key is at hand: `addresses` says where the installation's own services answer, `fetching`
asks them, `ocsp_answer` and `listing` check what came, `chain` finds the CAs, and `gathering` puts it together.
"""
