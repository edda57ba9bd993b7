"""How services run: what they serve, how they are supervised, health and metrics."""
