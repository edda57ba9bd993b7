"""Where a revocation has become visible, and when: responders and CRLs."""
