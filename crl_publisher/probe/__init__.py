"""Fetches what is public as a relying party would, and says what is wrong with it."""
