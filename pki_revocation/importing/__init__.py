"""Certificates come in: `sources` finds the files, a reader for each format tells what is in them, `batch` writes it.

`importer` ties them together, `report` says what it came to, and `listing` shows what is registered.
"""
