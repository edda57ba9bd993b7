"""Backups: one file with the database as it was at one moment, checked when it is made and whenever it is opened."""
