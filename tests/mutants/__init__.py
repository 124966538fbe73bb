"""Mutants: each takes away one thing that the promise rests on, and named tests must notice.
`make mutants` says so."""
