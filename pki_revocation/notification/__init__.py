"""Mail to subscribers: made from the outbox, handed to a mail server, and recorded."""
