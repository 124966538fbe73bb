"""How the repository's own prose is checked: docs, comments, docstrings, messages and names of tests."""
