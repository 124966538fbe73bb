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
    Visit("read", "/today", "Today"),
    Visit("limited read", "/today?days=90", "Today"),
    Visit("read", "/runs", "Runs"),
    Visit("limited read", "/runs?scenario=inactivity", "Runs"),
    Visit("limited read", "/runs/{run_id}", "Run of "),
    Visit("operate", "/runs/{run_id}", "Run of "),
    Visit("limited read", "/runs/00000000-0000-0000-0000-000000000000", "Not found", 404),
    Visit("read", "/runs?cursor=x", "Error", 422),
    Visit("read", "/scenarios", "Scenarios"),
    Visit("limited read", "/scenarios/inactivity", "inactivity"),
    Visit("operate", "/scenarios/inactivity?person={user_id}", "inactivity"),
    Visit("operate", "/scenarios/inactivity/switch", "Switch off inactivity"),
    Visit("limited read", "/scenarios/nothing", "Not found", 404),
    Visit("read", "/plan?show=refused", "Plan"),
    Visit("read", "/plan?organisation={organisation_id}", "Plan"),
    Visit("read", "/plan?at=x&organisation=x", "Error: Plan", 422),
    Visit("read", "/plan?scenario=nothing", "Not found", 404),
    Visit("operate", "/plan/compare", "Compare a configuration"),
    Visit("limited read", "/people", "People"),
    Visit("limited read", "/people?id=nobody", "Not found: People", 404),
    Visit("limited read", "/people/{user_id}", "granvik"),
    Visit("operate", "/people/{user_id}?texts=1&guard=1", "granvik"),
    Visit("read", "/helps", "Does it help"),
    Visit("limited read", "/helps?days=7", "Does it help"),
    Visit("read", "/helps/inactivity", "Does inactivity help"),
    Visit("limited read", "/helps/other", "Not found", 404),
    Visit("read", "/unknown", "Unknown sends"),
    Visit("read", "/unknown?organisation=x", "Error: Unknown sends", 422),
    Visit("limited operate", "/unknown/{claim_id}", "Unknown send"),
    Visit("limited operate", "/unknown/{claim_id}/settle?outcome=arrived&name=n", "Settle an unknown send"),
    Visit("limited operate", "/unknown/{claim_id}/settle?outcome=arrived", "Error: Unknown send", 422),
    Visit("read", "/dead-tokens", "Dead tokens"),
    Visit("read", "/workers", "Workers"),
    Visit("limited read", "/workers", "Error", 403),
    Visit("admin", "/audit", "Audit log"),
    Visit("admin", "/audit?since=x", "Audit log", 422),
    Visit("admin", "/keys", "Keys"),
    Visit("admin", "/keys/read/revoke", "Revoke a key"),
    Visit("admin", "/erasures", "Erasures"),
    Visit("limited admin", "/erasures/confirm?person={user_id}", "Erase a person"),
    Visit("limited admin", "/erasures/confirm?person=x", "Error: Erasures", 422),
    Visit("limited read", "/mentors", "Today"),
    Visit("limited read", "/mentors?language=nb", "I dag"),
    Visit("limited read", "/mentors/messages?language=de", "Nachrichten"),
    Visit("limited read", "/mentors/helps?language=en", "Does it help"),
]
