"""Subscribers: contacts, recipients of letters, languages, and mail that waits to be sent."""
