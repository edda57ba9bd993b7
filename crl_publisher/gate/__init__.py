"""What each CRL must pass before it becomes public, in other code than built it."""
