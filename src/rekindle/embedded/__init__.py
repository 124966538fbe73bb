"""An embedded Postgres, for the demo and for tests on machines without a Postgres server."""

from rekindle.embedded.binaries import Binaries, find_binaries, installed_binaries
from rekindle.embedded.server import EmbeddedPostgres

__all__ = ["Binaries", "EmbeddedPostgres", "find_binaries", "installed_binaries"]
