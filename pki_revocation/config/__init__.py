"""The configuration: sections that are typed and bounded, the installation's folder, its secrets and accounts."""
