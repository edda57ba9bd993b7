"""The distribution point: published CRLs and CA certificates over plain http."""
