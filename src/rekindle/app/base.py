"""The base of every part of the engine: the configuration, and the adapters of one database."""

from copy import copy
from typing import Self
from uuid import UUID

from rekindle.access import Actor
from rekindle.engine.cycle import Deps
from rekindle.engine.prune import Pruner
from rekindle.ports import Action, Dispatcher, Entry, Terms
from rekindle.postgres.difference import PostgresDifferences
from rekindle.postgres.explain import PostgresExplanations
from rekindle.postgres.fleet import PostgresFleet
from rekindle.postgres.lists import Lists
from rekindle.postgres.notes import PostgresNotes
from rekindle.postgres.pool import Database
from rekindle.postgres.prune import PostgresPruning
from rekindle.postgres.reports import Reports
from rekindle.postgres.source import PostgresSource
from rekindle.postgres.store import PostgresStore
from rekindle.scenario import Config

PLAN_SECONDS = 60.0


class Base:
    """A database, a configuration and a dispatcher, put together."""

    def __init__(self, database: Database, config: Config, dispatcher: Dispatcher) -> None:
        store = PostgresStore(database)
        self._database = database
        self._actor: Actor | None = None
        self.config = config
        self.deps = Deps(dispatcher=dispatcher, notifications=store, store=store)
        self._reports = Reports(database)
        self._lists = Lists(database)
        self._source = PostgresSource(database)
        self._notes = PostgresNotes(database)
        self._explanations = PostgresExplanations(database)
        self._fleet = PostgresFleet(database)
        self._differences = PostgresDifferences(database)

    def acting_as(self, actor: Actor) -> Self:
        """The same engine, whose changes are signed by the actor; without it, by the login of the
        database. It allows everything: the caller checks the actor's scope and organisations."""
        acting = copy(self)
        acting._actor = actor
        return acting

    def _entry(
        self,
        action: Action,
        *,
        scenario_type: str | None = None,
        organisation_id: UUID | None = None,
        subject: str | None = None,
        **details: object,
    ) -> Entry:
        """An entry of the audit, signed."""
        return Entry(action, self._actor, scenario_type, organisation_id, subject, details)

    def _pruner(self) -> Pruner:
        return Pruner(PostgresPruning(self._database), self.config.retained(), self._actor)

    def _terms(self) -> Terms:
        return Terms(timezone=self.config.run.timezone, timeout_seconds=PLAN_SECONDS)
