"""The certificate's own key revokes it: our endpoint, the subset of ACME that clients use for it, and a page."""
