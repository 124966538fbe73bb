"""A Postgres of our own, for whoever has none at hand: the demo, and tests."""

from rekindle.embedded.binaries import Binaries, find_binaries, installed_binaries
from rekindle.embedded.server import EmbeddedPostgres

__all__ = ["Binaries", "EmbeddedPostgres", "find_binaries", "installed_binaries"]
