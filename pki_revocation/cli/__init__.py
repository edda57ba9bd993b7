"""The program `pki-revocation`: `program` finds commands by name, `options` gives them their installation.

Each other module is a group of commands. Upper packages bring their own by the entry-point group
`pki_revocation.commands`.
"""
