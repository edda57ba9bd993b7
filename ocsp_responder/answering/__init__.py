"""From a request that was read to the status of each CertID: which issuer, which policy, which answer."""
