"""What guessing costs the client that guesses, and no other: programs that measure the running subscriber service."""
