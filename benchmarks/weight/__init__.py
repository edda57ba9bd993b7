"""What a fresh installation weighs: memory, processes and start of `serve all`, CPU of `--help`, size on disk."""
