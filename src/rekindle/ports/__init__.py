"""The ports and the values that cross them: all that the engine knows of the provider, the ledger
and the team's views. They keep the engine free of psycopg and of any HTTP client."""

from rekindle.ports.access import ApiKey, Grant, KnownKey, NewKey
from rekindle.ports.alerts import Alert, Alerts
from rekindle.ports.audit import Action, Audited, Entry
from rekindle.ports.backtest import Aftermath, BaseRate, Fidelities, Fidelity, Judged, Label, Past, PastTick, Replays
from rekindle.ports.difference import (
    EFFECTS,
    Affected,
    Carried,
    Changed,
    Difference,
    Differences,
    Effect,
    Names,
)
from rekindle.ports.dispatcher import Dispatcher
from rekindle.ports.effect import NO_COUNTS, ChapterSettled, FourCounts, TrialDay, TrialFound, TrialsFound
from rekindle.ports.evaluation import Applied, Evaluation, Survey, Terms
from rekindle.ports.explain import Condition, Explanation, Explanations, PastClaim, PastUnit, PersonExplained, Standing
from rekindle.ports.fleet import Counts, Due, FailedTick, Fleet, LastTick, LiveWorker, Queue, Schedule, Tick, Worker
from rekindle.ports.ledger import ARMED, HELD_OUT, WAITS, NotificationRepository, OwnOutcome, Store
from rekindle.ports.lists import Delivery, Filter, Notification, NotificationShown
from rekindle.ports.people import Deleted, Erased, LastSend
from rekindle.ports.prune import PRUNABLE, Prunable, PrunedBatch, Pruning
from rekindle.ports.reports import Change, ScenarioStatus, ScenarioVersion
from rekindle.ports.source import (
    Column,
    DateCounts,
    DeviceCounts,
    Exposure,
    IdCounts,
    Note,
    OptOuts,
    Source,
    SourceCounts,
    View,
)
from rekindle.ports.summary import PlaceSummary, Summary
from rekindle.ports.tokens import Disabled
from rekindle.ports.trials import OF_TEXTS, PROGRAMME, Outlook, TrialChange, TrialTerms, scenario_of, weights_of

__all__ = [
    "ARMED",
    "EFFECTS",
    "HELD_OUT",
    "NO_COUNTS",
    "OF_TEXTS",
    "PROGRAMME",
    "PRUNABLE",
    "WAITS",
    "Action",
    "Affected",
    "Aftermath",
    "Alert",
    "Alerts",
    "ApiKey",
    "Applied",
    "Audited",
    "BaseRate",
    "Carried",
    "Change",
    "Changed",
    "ChapterSettled",
    "Column",
    "Condition",
    "Counts",
    "DateCounts",
    "Deleted",
    "Delivery",
    "DeviceCounts",
    "Difference",
    "Differences",
    "Disabled",
    "Dispatcher",
    "Due",
    "Effect",
    "Entry",
    "Erased",
    "Evaluation",
    "Explanation",
    "Explanations",
    "Exposure",
    "FailedTick",
    "Fidelities",
    "Fidelity",
    "Filter",
    "Fleet",
    "FourCounts",
    "Grant",
    "IdCounts",
    "Judged",
    "KnownKey",
    "Label",
    "LastSend",
    "LastTick",
    "LiveWorker",
    "Names",
    "NewKey",
    "Note",
    "Notification",
    "NotificationRepository",
    "NotificationShown",
    "OptOuts",
    "Outlook",
    "OwnOutcome",
    "Past",
    "PastClaim",
    "PastTick",
    "PastUnit",
    "PersonExplained",
    "PlaceSummary",
    "Prunable",
    "PrunedBatch",
    "Pruning",
    "Queue",
    "Replays",
    "ScenarioStatus",
    "ScenarioVersion",
    "Schedule",
    "Source",
    "SourceCounts",
    "Standing",
    "Store",
    "Summary",
    "Survey",
    "Terms",
    "Tick",
    "TrialChange",
    "TrialDay",
    "TrialFound",
    "TrialTerms",
    "TrialsFound",
    "View",
    "Worker",
    "scenario_of",
    "weights_of",
]
