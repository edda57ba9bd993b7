"""How services run: what they serve, who supervises them, health and metrics."""
