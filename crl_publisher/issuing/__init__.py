"""From a scope and the journal to a signed CRL: plan, number, times, build, gate."""
