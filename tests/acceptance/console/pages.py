"""The pages that the browser visits: one line for each page and role."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Visit:
    """One page, as a reader with this key of the world sees it."""

    key: str
    path: str
    """With the names of `Half.named` of our organisation in braces."""
    title: str
    status: int = 200


PAGES = [
    Visit("read", "/runs", "Runs"),
    Visit("limited read", "/runs?scenario=inactivity", "Runs"),
    Visit("limited read", "/runs/{run_id}", "Run of "),
    Visit("operate", "/runs/{run_id}", "Run of "),
    Visit("limited read", "/runs/00000000-0000-0000-0000-000000000000", "Not found", 404),
    Visit("read", "/runs?cursor=x", "Error", 422),
    Visit("limited read", "/people", "People"),
    Visit("limited read", "/people?id=nobody", "Not found: People", 404),
    Visit("limited read", "/people/{user_id}", "Person "),
    Visit("operate", "/people/{user_id}?texts=1&guard=1", "Person "),
    Visit("read", "/helps", "Does it help"),
    Visit("limited read", "/helps?days=7", "Does it help"),
    Visit("read", "/helps/inactivity", "Does inactivity help"),
    Visit("limited read", "/helps/other", "Not found", 404),
]
