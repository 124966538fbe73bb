"""Reads the team's queries of outcomes before a run depends on them."""

from rekindle.engine.findings import Finding
from rekindle.errors import SourceError
from rekindle.ports import PROGRAMME, OwnOutcome, Source
from rekindle.scenario import Config, Outcome


async def check_outcomes(config: Config, source: Source) -> list[Finding]:
    """A finding for each different query: whether it can be read as a run reads it, once a horizon
    is over. Scenarios and trials with one query share it."""
    asked: dict[str, tuple[int, list[str]]] = {}
    for scope, outcome in _outcomes(config):
        if outcome.query is not None:
            horizon, scopes = asked.get(outcome.query, (0, []))
            asked[outcome.query] = max(horizon, outcome.horizon), [*scopes, scope]
    findings: list[Finding] = []
    for query, (horizon, scopes) in asked.items():
        named = ", ".join("[trial]" if scope == PROGRAMME else scope for scope in scopes)
        try:
            await source.read_outcome(OwnOutcome(query, tuple(scopes)), horizon_seconds=horizon)
        except SourceError as fault:
            findings.append(Finding("outcome", fault.message, fault))
        else:
            findings.append(Finding("outcome", f"the query of the outcome of {named} can be read"))
    return findings


def _outcomes(config: Config) -> list[tuple[str, Outcome]]:
    trial = [] if config.trial is None else [(PROGRAMME, config.trial.outcome)]
    return [*trial, *((name, one.outcome) for name, one in config.scenario.items())]
