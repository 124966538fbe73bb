"""What sends a push: one package per provider, listed in `registry`."""
