"""One program for each row of docs/benchmarks.md's second table."""
