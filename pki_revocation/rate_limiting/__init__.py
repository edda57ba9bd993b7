"""Attempts at guessing: counted in the database, turned away by their source, never by the number they aim at."""
