"""The tabs of the console, in their order, and which reader sees them."""

from dataclasses import dataclass

from rekindle.access import Actor, Scope


@dataclass(frozen=True, slots=True)
class Tab:
    """A link to a page that is in the header of every page."""

    path: str
    name: str
    scope: Scope = "read"
    """What a reader needs to see it."""
    limited: bool = True
    """Whether a reader who is limited to organisations sees it."""

    exact: bool = False
    """Whether the pages below its path are of other tabs."""

    def current(self, path: str) -> bool:
        """Whether the page at this path is of this tab."""
        return path == self.path or (not self.exact and path.startswith(self.path + "/"))

    def shown(self, actor: Actor) -> bool:
        """Whether this reader sees it. The page itself checks again."""
        return actor.allows(self.scope) and (self.limited or actor.unlimited)


def coordinates(actor: Actor) -> bool:
    """Whether the reader is a coordinator: they may read, and see one organisation."""
    return actor.scope == "read" and actor.organisations is not None and len(actor.organisations) == 1


TABS = (
    Tab("/today", "Today"),
    Tab("/scenarios", "Scenarios"),
    Tab("/plan", "Plan"),
    Tab("/people", "People"),
    Tab("/runs", "Runs"),
    Tab("/helps", "Does it help"),
)
MORE = (
    Tab("/unknown", "Unknown sends"),
    Tab("/dead-tokens", "Dead tokens", limited=False),
    Tab("/workers", "Workers", limited=False),
    Tab("/audit", "Audit log", "admin", limited=False),
    Tab("/keys", "Keys", "admin", limited=False),
    Tab("/erasures", "Erasures", "admin"),
)
"""Those in the menu."""
