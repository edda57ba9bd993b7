"""After an old backup: what public CRLs list that the journal no longer has, and how it comes back."""
