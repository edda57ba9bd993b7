"""What guessing costs whoever guesses, and nobody else: programs that measure the running subscriber service."""
