"""The dispatchers, which send pushes: one package per provider, listed in `registry`."""
