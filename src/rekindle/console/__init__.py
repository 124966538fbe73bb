"""The web console: pages for people, behind the same keys, scopes and limits as the HTTP API. It
has no SQL and no rules: each page shows what a call of the engine returns."""

from rekindle.console.app import mounted

__all__ = ["mounted"]
