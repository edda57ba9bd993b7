"""What the product asks of the machine that it runs on: processes, logs, failpoints."""
