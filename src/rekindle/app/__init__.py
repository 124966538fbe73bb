"""The composition root: settings and configuration become a working engine."""

from rekindle.app.engine import Engine
from rekindle.app.migrations import database_url, migrate, write_migrations

__all__ = ["Engine", "database_url", "migrate", "write_migrations"]
