"""The running publisher: what is due, who asks for it, and whether what is public is well."""
