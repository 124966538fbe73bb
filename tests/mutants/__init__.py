"""Mutants: each removes one thing that the promise depends on, and named tests must notice.
`make mutants` runs them."""
