"""Builds a working engine from settings and configuration."""

from rekindle.app.engine import Engine
from rekindle.app.migrations import database_url, migrate, write_migrations
from rekindle.app.version import version

__all__ = ["Engine", "database_url", "migrate", "version", "write_migrations"]
