"""CRLs that are signed elsewhere: an off-line root's, whose key never meets this machine."""
